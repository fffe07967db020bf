#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "runner/model/use.h"
#include "runner/sampler/sampler.h"

typedef struct RegionOptions {
    const char *centre, *per;
    double scale;
} RegionOptions;

static const Field fields[] = {
    {.key = "centre",
     .kind = FIELD_CHOICE,
     .offset = offsetof(RegionOptions, centre),
     .fallback = "box",
     .choices = "box|encoded",
     .help = "box: uniform between the 1st and the 99th percentile of the encoded training images, in each dimension; "
             "encoded: where a random training image is encoded"},
    {.key = "scale",
     .kind = FIELD_REAL,
     .offset = offsetof(RegionOptions, scale),
     .fallback = "0.5",
     .min = 0,
     .max = 1e6,
     .help = "standard deviation of the latents about their centre, in each dimension"},
    {.key = "per",
     .kind = FIELD_CHOICE,
     .offset = offsetof(RegionOptions, per),
     .fallback = "sample",
     .choices = "sample|batch",
     .help = "a centre for each image, or one for all images of a draw"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    return model_can_decode(model) ||
           err_config(err, spec->loc,
                      "region: needs a reconstruction term in the loss and a section between the image and the pixels, "
                      "to know what to decode");
}

static int compare(const void *a, const void *b)
{
    const real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

/* The value below which a share p of n sorted values lies, between neighbours on a straight line. */
static double percentile(const real *sorted, size_t n, double p)
{
    const double place = p * (double)(n - 1);
    const size_t below = (size_t)place, above = below + 1 < n ? below + 1 : below;
    return (double)sorted[below] + (place - (double)below) * ((double)sorted[above] - (double)sorted[below]);
}

/* From uniforms in place (n, dim) to centres in the box around means (count, dim). */
static void centres_in_box(size_t n, size_t dim, size_t count, const real *means, real *centre)
{
    real *column = mem_zeroed(count, sizeof *column);
    for (size_t k = 0; k < dim; k++) {
        for (size_t i = 0; i < count; i++) column[i] = means[i * dim + k];
        qsort(column, count, sizeof *column, compare);
        const double low = percentile(column, count, 0.01), high = percentile(column, count, 0.99);
        for (size_t i = 0; i < n; i++) centre[i * dim + k] = (real)(low + (high - low) * (double)centre[i * dim + k]);
    }
    free(column);
}

/* n centres (n, dim) out of the training images' means (count, dim). */
static void draw_centres(Rng rng, bool box, size_t n, size_t dim, size_t count, const real *means, real *centre)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t word[4];
        rng_uniform(rng, 0, (uint32_t)i, dim, centre + i * dim);
        if (box) continue;
        rng_block(rng, 0, (uint32_t)i, 0, word);
        memcpy(centre + i * dim, means + ((uint64_t)word[0] * count >> 32) * dim, dim * sizeof *centre);
    }
    if (box) centres_in_box(n, dim, count, means, centre);
}

static bool draw(const UseContext *use, const Spec *spec, const char *stream, size_t n, real *pixels, Err *err)
{
    (void)err;
    const RegionOptions *options = spec->options;
    const Split *train = &use->dataset->train;
    const bool one = strcmp(options->per, "batch") == 0;
    Arena arena = {0};
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    const size_t dim = latent.dim, centres = one ? 1 : n;
    const Rng rng = rng_stream(use->model->experiment->seed, arena_printf(&arena, "%s/centre", stream));
    real *means = mem_zeroed(mem_mul(train->n, dim), sizeof *means), *z = mem_zeroed(mem_mul(n, dim), sizeof *z);
    real *centre = mem_zeroed(mem_mul(centres, dim), sizeof *centre);

    model_encode(use->model, use->dataset, train, train->n, latent.mean, means);
    draw_centres(rng, strcmp(options->centre, "box") == 0, centres, dim, train->n, means, centre);
    model_prior(use->model, stream, n, dim, z);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < dim; k++)
            z[i * dim + k] = centre[(one ? 0 : i) * dim + k] + (real)options->scale * z[i * dim + k];
    model_decode(use->model, n, z, pixels);
    free(means);
    free(z);
    free(centre);
    arena_release(&arena);
    return true;
}

const Sampler sampler_region = {
    .row = {.name = "region",
            .doc = "Latents from a normal distribution about a random place of the latent space: z ~ N(centre, scale^2 "
                   "I). The study samples its VAE from \"a randomly chosen region of the latent space\" and says no "
                   "more; that the centre is uniform in the box that holds the encoded training images is our "
                   "reading, the options hold others.",
            .fields = fields,
            .size = sizeof(RegionOptions),
            .example = "{centre: box, scale: 0.5, per: sample}"},
    .images = true,
    .check = check,
    .draw = draw,
};
