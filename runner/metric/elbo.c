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

/* term: NULL: of the bound. */
static const char *protocol(Arena *arena, const Model *model, const LossTerm *term)
{
    const char *over = term ? ((const Loss *)term->loss.row)->over : "pixels and latents";
    return arena_printf(arena, "%s pixels; sum over %s%s",
                        strcmp(model->experiment->data.binarize, "none") == 0 ? "grey" : "binary",
                        over ? over : "pixels", model_term(model, "kl") ? "; one z an image" : "");
}

static const char *unit_of(Arena *arena, const LossTerm *term)
{
    const char *unit = ((const Loss *)term->loss.row)->unit;
    return arena_printf(arena, "%s/image", unit ? unit : "nats");
}

/* Without a KL term, or with a reconstruction that is no -log p, nothing bounds the evidence: there is no such row. */
static void add_bound(const Model *model, const double *mean, MetricValue value, MetricList *list)
{
    if (!model_term(model, "kl")) return;
    for (size_t i = 0; i < model->experiment->loss_count; i++) {
        const Loss *loss = (const Loss *)model->experiment->losses[i].loss.row;
        if (!loss->role) continue;
        if (loss->unit) return;
        value.value += mean[i];
    }
    value.metric = "negative_elbo";
    metric_add(list, &value);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    (void)err;
    const ElboOptions *options = spec->options;
    const Experiment *experiment = use->model->experiment;
    const Split *split = dataset_split(use->dataset, options->split);
    double *mean = mem_zeroed(experiment->loss_count, sizeof *mean);
    measure_losses(use->model, use->dataset, split, EVALUATION_STEP, mean);

    const LossTerm *reconstruction = model_term(use->model, "reconstruction");
    MetricValue value = {.split = split->name, .unit = "nats/image", .n = split->n};
    bool nats = true;
    value.detail = protocol(&list->arena, use->model, NULL);
    add_bound(use->model, mean, value, list);
    for (size_t i = 0; i < experiment->loss_count; i++) {
        value.metric = &experiment->losses[i] == reconstruction ? "reconstruction" : experiment->losses[i].name;
        value.value = mean[i];
        value.unit = unit_of(&list->arena, &experiment->losses[i]);
        value.detail = protocol(&list->arena, use->model, &experiment->losses[i]);
        nats = nats && !((const Loss *)experiment->losses[i].loss.row)->unit;
        metric_add(list, &value);
    }
    value.metric = "objective";
    value.value = objective(experiment, &use->dataset->train, mean);
    value.unit = nats ? "nats/image" : "mixed/image";
    value.detail = "weighted sum of the terms above, weights of the last step";
    metric_add(list, &value);
    free(mean);
    return true;
}

const Metric metric_elbo = {
    .row =
        {.name = "elbo",
         .doc =
             "The negative evidence lower bound and each loss term, unweighted, in nats an image (Kingma and Welling "
             "2014, eq. 2 and 10; one z an image). Without a KL term, or with a squared error, there is no such bound "
             "and no row of it. The "
             "objective, with the weights of the last step, is a row of its own. On grey pixels the cross entropy is "
             "no likelihood (Loaiza-Ganem and Cunningham 2019).",
         .fields = fields,
         .size = sizeof(ElboOptions),
         .example = "{split: test}"},
    .names = METRIC_NAMES("negative_elbo", "reconstruction", "objective"),
    .terms = true,
    .check = check,
    .measure = measure,
};
