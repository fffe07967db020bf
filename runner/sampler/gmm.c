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

static bool draw(const UseContext *use, const Spec *spec, const char *stream, size_t n, real *pixels, Err *err)
{
    (void)err;
    const GmmOptions *options = spec->options;
    const Split *train = &use->dataset->train;
    const uint64_t seed = use->model->experiment->seed;
    Arena arena = {0};
    Mixture mixture;
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    const size_t dim = latent.dim;
    real *encoded = mem_zeroed(mem_mul(train->n, dim), sizeof *encoded);
    real *noise = mem_zeroed(mem_mul(n, dim), sizeof *noise), *z = mem_zeroed(mem_mul(n, dim), sizeof *z);

    model_encode(use->model, use->dataset, train, train->n, latent.section, encoded);
    mixture_fit(&mixture, (size_t)options->components, train->n, dim, encoded, rng_stream(seed, "gmm"),
                (size_t)options->iterations);
    const Rng component = rng_stream(seed, arena_printf(&arena, "%s/component", stream));
    model_prior(use->model, stream, n, dim, noise);
    for (size_t i = 0; i < n; i++) {
        real uniform;
        rng_uniform(component, 0, (uint32_t)i, 1, &uniform);
        mixture_draw(&mixture, (double)uniform, noise + i * dim, z + i * dim);
    }
    model_decode(use->model, n, z, pixels);
    mixture_release(&mixture);
    free(encoded);
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
    .check = check,
    .draw = draw,
};
