#include <stdlib.h>

#include "runner/model/codebook.h"
#include "runner/model/use.h"
#include "runner/sampler/sampler.h"

static bool natural(const Model *model)
{
    return model_can_decode(model) && model_term(model, "kl");
}

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const Experiment *experiment = model->experiment;
    Codebook codebook;
    if (natural(model)) return true;
    if (model_can_decode(model) && codebook_find(model, &codebook))
        return err_config(err, spec->loc,
                          "prior: the latents are codes, which N(0, I) doesn't draw; sample another experiment that "
                          "learns a prior over them, with `data: {codes: %s%s%s}`, as pixelcnn.yaml does",
                          experiment->name, experiment->variant[0] ? "/" : "", experiment->variant);
    if (model_can_decode(model))
        return err_config(err, spec->loc,
                          "prior: the loss has no KL term, so nothing draws the latents to N(0, I); add one, or sample "
                          "in another way, e.g. `sampler: region`");
    return err_config(err, spec->loc,
                      "prior: needs a reconstruction and a KL term in the loss, to know what to decode");
}

static bool draw(const Drawing *drawing, size_t first, size_t n, real *pixels, Err *err)
{
    (void)err;
    Model *model = drawing->use->model;
    Latent latent;
    if (!model_latent(model, &latent)) BUG("a checked latent is gone");
    real *z = mem_zeroed(mem_mul(n, latent.dim), sizeof *z);
    model_prior(model, drawing->stream, first, n, latent.dim, z);
    model_decode(model, first, n, z, pixels);
    free(z);
    return true;
}

const Sampler sampler_prior = {
    .row = {.name = "prior",
            .doc = "Latents from the prior N(0, I), decoded to the mean of each pixel (Kingma and Welling, "
                   "Auto-Encoding Variational Bayes, 2014, section 2.3)."},
    .natural = natural,
    .check = check,
    .draw = draw,
};
