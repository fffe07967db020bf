#include <stdlib.h>

#include "runner/metric/metric.h"
#include "runner/model/judge.h"
#include "runner/model/use.h"

typedef struct AccuracyOptions {
    const char *split;
} AccuracyOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(AccuracyOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images that are classified"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const AccuracyOptions *options = spec->options;
    if (!judge_logits(model))
        return err_config(err, spec->loc,
                          "accuracy: the experiment is no classifier; add a cross_entropy term to its loss");
    return metric_check_split(model, options->split, spec->loc, err);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    Model *model = use->model;
    const Dataset *dataset = use->dataset;
    (void)err;
    const AccuracyOptions *options = spec->options;
    const Split *split = dataset_split(dataset, options->split);
    const char *name = judge_logits(model);
    Shape shape;
    if (!model_shape(model, name, &shape)) BUG("a classifier without logits");
    const size_t classes = shape_count(shape);
    real *logits = mem_zeroed(mem_mul(split->n, classes), sizeof *logits);
    double *log_probabilities = mem_zeroed(classes, sizeof *log_probabilities);
    size_t right = 0;
    model_encode(model, dataset, split, split->n, name, logits);
    for (size_t i = 0; i < split->n; i++) {
        judge_log_softmax(classes, logits + i * classes, log_probabilities);
        right += judge_class(classes, log_probabilities) == split->labels[i];
    }
    free(log_probabilities);
    free(logits);
    metric_add(list, &(MetricValue){.metric = "accuracy",
                                    .split = split->name,
                                    .unit = "share",
                                    .n = split->n,
                                    .value = (double)right / (double)split->n,
                                    .detail = arena_printf(&list->arena, "%zu of the %s split's %zu images are right",
                                                           right, split->name, split->n)});
    return true;
}

const Metric metric_accuracy = {
    .row = {.name = "accuracy",
            .doc = "The share of a split's images to whose class a classifier gives the highest probability, in "
                   "evaluation mode (running statistics, no dropout).",
            .fields = fields,
            .size = sizeof(AccuracyOptions),
            .example = "{split: test}"},
    .names = METRIC_NAMES("accuracy"),
    .check = check,
    .measure = measure,
};
