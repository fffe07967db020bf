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

/* What the encoded training images tell: of a box its two ends, else their means. */
typedef struct Region {
    size_t dim, count;
    double *low, *high; /* (dim) */
    real *means;        /* (count, dim); NULL: a box */
} Region;

static void find_box(Region *region)
{
    real *column = mem_zeroed(region->count, sizeof *column);
    region->low = mem_zeroed(region->dim, sizeof *region->low);
    region->high = mem_zeroed(region->dim, sizeof *region->high);
    for (size_t k = 0; k < region->dim; k++) {
        for (size_t i = 0; i < region->count; i++) column[i] = region->means[i * region->dim + k];
        qsort(column, region->count, sizeof *column, compare);
        region->low[k] = percentile(column, region->count, 0.01);
        region->high[k] = percentile(column, region->count, 0.99);
    }
    free(column);
    free(region->means);
    region->means = NULL;
}

static bool prepare(Drawing *drawing, Err *err)
{
    (void)err;
    const RegionOptions *options = drawing->spec.options;
    const UseContext *use = drawing->use;
    const Split *train = &use->dataset->train;
    Region *region = mem_zeroed(1, sizeof *region);
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    *region = (Region){.dim = latent.dim, .count = train->n};
    region->means = mem_zeroed(mem_mul(train->n, latent.dim), sizeof *region->means);
    model_encode(use->model, use->dataset, train, train->n, latent.mean, region->means);
    if (strcmp(options->centre, "box") == 0) find_box(region);
    drawing->state = region;
    return true;
}

static void release(void *state)
{
    Region *region = state;
    free(region->low);
    free(region->high);
    free(region->means);
    free(region);
}

/* The centre of image i: (dim). */
static void draw_centre(const Region *region, Rng rng, size_t i, real *centre)
{
    const size_t dim = region->dim;
    if (region->means) {
        uint32_t word[4];
        rng_block(rng, 0, (uint32_t)i, 0, word);
        memcpy(centre, region->means + ((uint64_t)word[0] * region->count >> 32) * dim, dim * sizeof *centre);
        return;
    }
    rng_uniform(rng, 0, (uint32_t)i, dim, centre);
    for (size_t k = 0; k < dim; k++)
        centre[k] = (real)(region->low[k] + (region->high[k] - region->low[k]) * (double)centre[k]);
}

static bool draw(const Drawing *drawing, size_t first, size_t n, real *pixels, Err *err)
{
    (void)err;
    const RegionOptions *options = drawing->spec.options;
    const Region *region = drawing->state;
    Model *model = drawing->use->model;
    const bool one = strcmp(options->per, "batch") == 0;
    const size_t dim = region->dim;
    Arena arena = {0};
    const Rng rng = rng_stream(model->experiment->seed, arena_printf(&arena, "%s/centre", drawing->stream));
    real *z = mem_zeroed(mem_mul(n, dim), sizeof *z), *centre = mem_zeroed(dim, sizeof *centre);
    model_prior(model, drawing->stream, first, n, dim, z);
    for (size_t i = 0; i < n; i++) {
        draw_centre(region, rng, one ? 0 : first + i, centre);
        for (size_t k = 0; k < dim; k++) z[i * dim + k] = centre[k] + (real)options->scale * z[i * dim + k];
    }
    model_decode(model, first, n, z, pixels);
    free(z);
    free(centre);
    arena_release(&arena);
    return true;
}

const Sampler sampler_region = {
    .row = {.name = "region",
            .doc = "Latents from a normal distribution about a random place of the latent space: z ~ N(centre, scale^2 "
                   "I). The study samples its VAE from \"a randomly chosen region of the latent space\" and says no "
                   "more; that the centre is uniform in the box between the 1st and the 99th percentile of the encoded "
                   "training images is our "
                   "reading, the options hold others.",
            .fields = fields,
            .size = sizeof(RegionOptions),
            .example = "{centre: box, scale: 0.5, per: sample}"},
    .images = true,
    .check = check,
    .prepare = prepare,
    .release = release,
    .draw = draw,
};
