#include <stdlib.h>

#include "runner/metric/metric.h"
#include "runner/model/use.h"

typedef struct KlDimOptions {
    const char *split;
} KlDimOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(KlDimOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images that each is a mean over"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const KlDimOptions *options = spec->options;
    if (!model_term(use->model, "kl"))
        return err_config(err, spec->loc,
                          "kl_dim: the experiment has no posterior; add a kl_divergence term to its loss");
    return metric_check_split(use->model, options->split, spec->loc, err);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    (void)err;
    const KlDimOptions *options = spec->options;
    const Split *split = dataset_split(use->dataset, options->split);
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    double *kl = mem_zeroed(latent.dim, sizeof *kl);
    model_kl_by_dimension(use->model, use->dataset, split, kl);
    for (size_t d = 0; d < latent.dim; d++)
        metric_add(list,
                   &(MetricValue){.metric = arena_printf(&list->arena, "kl_dim[%zu]", d + 1),
                                  .split = split->name,
                                  .unit = "nats/image",
                                  .n = split->n,
                                  .value = kl[d],
                                  .detail = arena_printf(&list->arena, "dimension %zu of %zu", d + 1, latent.dim)});
    free(kl);
    return true;
}

const Metric metric_kl_dim = {
    .row = {.name = "kl_dim",
            .doc = "The KL term by latent dimension, KL(q(z_d|x) || N(0, 1)) as a mean over images: which units carry "
                   "information, and how much (Kingma and Welling 2014, appendix B). The dimensions add up to `kl` of "
                   "`elbo`. Rows kl_dim[1], kl_dim[2], ... of metrics.csv.",
            .fields = fields,
            .size = sizeof(KlDimOptions),
            .example = "{split: test}"},
    .names = METRIC_NAMES("kl_dim[#]"),
    .check = check,
    .measure = measure,
};
