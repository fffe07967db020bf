#include <math.h>
#include <stdlib.h>

#include "runner/model/use.h"
#include "runner/sampler/mixture.h"
#include "runner/sampler/sampler.h"

typedef struct GmmOptions {
    int64_t components, iterations;
} GmmOptions;

static const Field fields[] = {
    {.key = "components",
     .kind = FIELD_INT,
     .offset = offsetof(GmmOptions, components),
     .fallback = "10",
     .min = 1,
     .max = 1000,
     .help = "how many Gaussians; as many as digits by default"},
    {.key = "iterations",
     .kind = FIELD_INT,
     .offset = offsetof(GmmOptions, iterations),
     .fallback = "100",
     .min = 1,
     .max = 10000,
     .help = "at most so many steps of expectation-maximisation; fewer when it stands still"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    return model_can_decode(use->model) ||
           err_config(err, spec->loc,
                      "gmm: needs a reconstruction term in the loss and a section between the image and the pixels, to "
                      "know what to decode");
}

static bool prepare(Drawing *drawing, Err *err)
{
    const GmmOptions *options = drawing->spec.options;
    const UseContext *use = drawing->use;
    const Split *train = &use->dataset->train;
    Mixture *mixture = mem_zeroed(1, sizeof *mixture);
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    real *encoded = mem_zeroed(mem_mul(train->n, latent.dim), sizeof *encoded);
    model_encode(use->model, use->dataset, train, train->n, latent.section, encoded);
    bool ok = true;
    for (size_t i = 0; ok && i < train->n * latent.dim; i++) ok = isfinite((double)encoded[i]);
    if (!ok) err_failed(err, drawing->spec.loc, "gmm: the encoded training images are not all finite numbers");
    ok = ok && mixture_fit(mixture, (size_t)options->components, train->n, latent.dim, encoded,
                           rng_stream(use->model->experiment->seed, "gmm"), (size_t)options->iterations, use, err);
    free(encoded);
    if (ok)
        drawing->state = mixture;
    else
        free(mixture);
    return ok;
}

static void release(void *state)
{
    mixture_release(state);
    free(state);
}

static bool draw(const Drawing *drawing, size_t first, size_t n, real *pixels, Err *err)
{
    (void)err;
    const Mixture *mixture = drawing->state;
    Model *model = drawing->use->model;
    const size_t dim = mixture->dim;
    Arena arena = {0};
    const Rng component = rng_stream(model->experiment->seed, arena_printf(&arena, "%s/component", drawing->stream));
    real *noise = mem_zeroed(mem_mul(n, dim), sizeof *noise), *z = mem_zeroed(mem_mul(n, dim), sizeof *z);
    model_prior(model, drawing->stream, first, n, dim, noise);
    for (size_t i = 0; i < n; i++) {
        real uniform;
        rng_uniform(component, 0, (uint32_t)(first + i), 1, &uniform);
        mixture_draw(mixture, (double)uniform, noise + i * dim, z + i * dim);
    }
    model_decode(model, first, n, z, pixels);
    free(noise);
    free(z);
    arena_release(&arena);
    return true;
}

const Sampler sampler_gmm = {
    .row = {.name = "gmm",
            .doc = "Latents from a mixture of Gaussians with full covariances, fitted to the encoded training images "
                   "(one posterior sample each) by expectation-maximisation: an aggregate posterior in place of the "
                   "prior (Ghosh et al., From Variational to Deterministic Autoencoders, 2020, section 4).",
            .fields = fields,
            .size = sizeof(GmmOptions),
            .example = "{components: 10}"},
    .images = true,
    .dear = true,
    .check = check,
    .prepare = prepare,
    .release = release,
    .draw = draw,
};
