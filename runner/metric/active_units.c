#include <stdlib.h>

#include "runner/metric/metric.h"
#include "runner/model/segments.h"
#include "runner/model/use.h"

typedef struct ActiveUnitsOptions {
    const char *split;
    double threshold;
} ActiveUnitsOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(ActiveUnitsOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images over which the posterior mean varies"},
    {.key = "threshold",
     .kind = FIELD_REAL,
     .offset = offsetof(ActiveUnitsOptions, threshold),
     .fallback = "0.01",
     .min = 0,
     .max = 1e9,
     .above_min = true,
     .help = "variance of the posterior mean above which a unit counts as active"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const ActiveUnitsOptions *options = spec->options;
    if (!model_term(model, "kl"))
        return err_config(err, spec->loc,
                          "active_units: the experiment has no posterior; add a kl_divergence term to its loss");
    return metric_check_split(model, options->split, spec->loc, err);
}

/* Variance (by n) over images of column `unit` of means (n, dim). */
static double variance(const real *means, size_t n, size_t dim, size_t unit)
{
    SegmentSum sum = {0}, square = {0};
    for (size_t i = 0; i < n; i++) segment_add(&sum, (double)means[i * dim + unit]);
    double mean = segment_total(&sum) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double difference = (double)means[i * dim + unit] - mean;
        segment_add(&square, difference * difference);
    }
    return segment_total(&square) / (double)n;
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    Model *model = use->model;
    const Dataset *dataset = use->dataset;
    (void)err;
    const ActiveUnitsOptions *options = spec->options;
    const Split *split = dataset_split(dataset, options->split);
    const char *name = arena_printf(&list->arena, "%s.mean", model_subject(model, "kl"));
    Shape shape;
    if (!model_shape(model, name, &shape)) BUG("a posterior without a mean");
    size_t dim = shape_count(shape), active = 0;
    real *means = mem_zeroed(mem_mul(split->n, dim), sizeof *means);
    model_encode(model, dataset, split, split->n, name, means);
    for (size_t unit = 0; unit < dim; unit++)
        if (variance(means, split->n, dim, unit) > options->threshold) active++;
    free(means);
    metric_add(list,
               &(MetricValue){.metric = "active_units",
                              .split = split->name,
                              .unit = "units",
                              .n = split->n,
                              .value = (double)active,
                              .detail = arena_printf(&list->arena, "of %zu; variance of the posterior mean > %.9g", dim,
                                                     options->threshold)});
    return true;
}

const Metric metric_active_units = {
    .row =
        {.name = "active_units",
         .doc =
             "How many latent units are in use: those whose posterior mean varies over images by more than a threshold "
             "(Burda, Grosse and Salakhutdinov 2016, section 5.3).",
         .fields = fields,
         .size = sizeof(ActiveUnitsOptions),
         .example = "{split: test, threshold: 0.01}"},
    .names = METRIC_NAMES("active_units"),
    .check = check,
    .measure = measure,
};
