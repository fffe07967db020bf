#include <stdlib.h>
#include <string.h>

#include "runner/metric/code_nll.h"
#include "runner/model/code_prior.h"
#include "runner/model/codes.h"

typedef struct DescriptionLengthOptions {
    const char *split;
} DescriptionLengthOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(DescriptionLengthOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images that it is a mean over"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const DescriptionLengthOptions *options = spec->options;
    const Model *decoder;
    const Ref codes = use->model->experiment->data.codes;
    if (!code_prior_section(use->model))
        return err_config(err, spec->loc,
                          "description_length: the experiment is no prior over codes; it wants a cross_entropy whose "
                          "target is `code`");
    if (!code_prior_check(use->model, err) || !needs_network(use->needs, codes, &decoder, err)) return false;
    if (!codes_can_decode(decoder))
        return err_config(err, codes.loc, "description_length: the reconstruction of %s isn't computed from its codes",
                          codes.name);
    const Loss *loss = (const Loss *)model_term(decoder, "reconstruction")->loss.row;
    if (loss->unit)
        return err_config(err, codes.loc, "description_length: the reconstruction of %s is a %s, not in nats",
                          codes.name, loss->unit);
    return metric_check_split(use->model, options->split, spec->loc, err);
}

/* The reconstruction term of the model that the codes come from: a mean over the split. */
static double reconstruction_of(Model *decoder, const Dataset *dataset, const Split *split)
{
    const Experiment *experiment = decoder->experiment;
    double *mean = mem_zeroed(experiment->loss_count, sizeof *mean);
    measure_losses(decoder, dataset, split, EVALUATION_STEP, mean);
    const double reconstruction = mean[model_term(decoder, "reconstruction") - experiment->losses];
    free(mean);
    return reconstruction;
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    const DescriptionLengthOptions *options = spec->options;
    const Split *split = dataset_split(use->dataset, options->split);
    const Ref codes = use->model->experiment->data.codes;
    Model *decoder;
    if (!needs_model(use->needs, codes, &decoder, err)) return false;
    const bool grey = strcmp(decoder->experiment->data.binarize, "none") == 0;
    const double reconstruction = reconstruction_of(decoder, use->dataset, split);
    const double nats = code_nll_mean(use, split);
    metric_add(list,
               &(MetricValue){.metric = "description_length",
                              .split = split->name,
                              .unit = "nats/image",
                              .n = split->n,
                              .value = reconstruction + nats,
                              .detail = arena_printf(&list->arena,
                                                     "reconstruction %.9g of %s and -log p of its codes %.9g; %s "
                                                     "pixels; sum over pixels and cells",
                                                     reconstruction, codes.name, nats, grey ? "grey" : "binary")});
    return true;
}

const Metric metric_description_length = {
    .row = {.name = "description_length",
            .doc = "What it takes to tell an image by its codes: -log p of the codes under this prior, and the "
                   "reconstruction term of the VQ-VAE that they come from, in nats an image. With the whole posterior "
                   "on one grid of codes it is the negative ELBO of the two together (van den Oord et al., Neural "
                   "Discrete Representation Learning, 2017, section 3.2), on the scale of negative_elbo.",
            .fields = fields,
            .size = sizeof(DescriptionLengthOptions),
            .example = "{split: test}"},
    .names = METRIC_NAMES("description_length"),
    .check = check,
    .measure = measure,
};
