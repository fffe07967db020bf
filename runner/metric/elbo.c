#include <stdlib.h>
#include <string.h>

#include "nn/schedule/schedule.h"
#include "runner/metric/metric.h"

typedef struct ElboOptions {
    const char *split;
} ElboOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(ElboOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images that it is a mean over"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const ElboOptions *options = spec->options;
    if (!model_term(model, "reconstruction"))
        return err_config(err, spec->loc, "elbo: the experiment has no reconstruction term; add one to its loss");
    return metric_check_split(model, options->split, spec->loc, err);
}

/* The weight of every term at the end of training: the objective that the last step minimised. */
static double objective(const Experiment *experiment, const Split *train, const double *mean)
{
    size_t batch = (size_t)experiment->data.batch;
    uint64_t steps = (train->n + batch - 1) / batch, epochs = (uint64_t)experiment->train.epochs;
    double sum = 0;
    for (size_t i = 0; i < experiment->loss_count; i++)
        sum += schedule_at(&experiment->losses[i].weight, (ScheduleTime){steps * epochs - 1, steps, epochs}) * mean[i];
    return sum;
}

static const char *protocol(const Experiment *experiment)
{
    return strcmp(experiment->data.binarize, "none") == 0 ? "grey pixels; sum over pixels; one z an image"
                                                          : "binary pixels; sum over pixels; one z an image";
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    Model *model = use->model;
    const Dataset *dataset = use->dataset;
    (void)err;
    const ElboOptions *options = spec->options;
    const Experiment *experiment = model->experiment;
    const Split *split = dataset_split(dataset, options->split);
    double *mean = mem_zeroed(experiment->loss_count, sizeof *mean);
    measure_losses(model, dataset, split, EVALUATION_STEP, mean);

    const LossTerm *reconstruction = model_term(model, "reconstruction");
    double negative_elbo = 0;
    for (size_t i = 0; i < experiment->loss_count; i++)
        if (((const Loss *)experiment->losses[i].loss.row)->role) negative_elbo += mean[i];
    MetricValue value = {.metric = "negative_elbo",
                         .split = split->name,
                         .unit = "nats/image",
                         .n = split->n,
                         .value = negative_elbo,
                         .detail = protocol(experiment)};
    metric_add(list, &value);
    for (size_t i = 0; i < experiment->loss_count; i++) {
        value.metric = &experiment->losses[i] == reconstruction ? "reconstruction" : experiment->losses[i].name;
        value.value = mean[i];
        metric_add(list, &value);
    }
    value.metric = "objective";
    value.value = objective(experiment, &dataset->train, mean);
    value.detail = "weighted sum of the terms, weights of the last step";
    metric_add(list, &value);
    free(mean);
    return true;
}

const Metric metric_elbo = {
    .row =
        {.name = "elbo",
         .doc =
             "The negative evidence lower bound and each loss term, unweighted, in nats an image (Kingma and Welling "
             "2014, eq. 2 and 10; one z an image). The objective, with the weights of the last step, is a row of its "
             "own. On grey pixels the cross entropy is no likelihood (Loaiza-Ganem and Cunningham 2019).",
         .fields = fields,
         .size = sizeof(ElboOptions),
         .example = "{split: test}"},
    .check = check,
    .measure = measure,
};
