#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner/figure/figure.h"
#include "runner/figure/grid.h"
#include "runner/model/segments.h"
#include "runner/model/use.h"

typedef struct TraversalOptions {
    const char *around, *split;
    int64_t image, dims, steps;
    double limit;
} TraversalOptions;

static const Field fields[] = {
    {.key = "around",
     .kind = FIELD_CHOICE,
     .offset = offsetof(TraversalOptions, around),
     .fallback = "image",
     .choices = "image|origin",
     .help = "what the other dimensions are held at: those of an encoded image, or the middle of the latent space"},
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(TraversalOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "where the image comes from, and the images by which dimensions are ordered"},
    {.key = "image",
     .kind = FIELD_INT,
     .offset = offsetof(TraversalOptions, image),
     .fallback = "0",
     .min = 0,
     .max = 1e9,
     .help = "number of the image within the split, from 0"},
    {.key = "dims",
     .kind = FIELD_INT,
     .offset = offsetof(TraversalOptions, dims),
     .fallback = "10",
     .min = 1,
     .max = 100,
     .help = "at most so many rows: the dimensions that say most about the image"},
    {.key = "steps",
     .kind = FIELD_INT,
     .offset = offsetof(TraversalOptions, steps),
     .fallback = "11",
     .min = 2,
     .max = 64,
     .help = "images along a row"},
    {.key = "limit",
     .kind = FIELD_REAL,
     .offset = offsetof(TraversalOptions, limit),
     .fallback = "3",
     .min = 0,
     .max = 1e6,
     .above_min = true,
     .help = "how far to either side, in standard deviations of the prior (without one, of the encoded images)"},
    {0},
};

enum { LABEL_ROOM = 124, TOP_ROOM = 26, SCALE = 2, GAP = 2 };

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const TraversalOptions *options = spec->options;
    const size_t count = dataset_split_count(&use->model->info, &use->model->experiment->data, options->split);
    if (!model_can_decode(use->model))
        return err_config(err, spec->loc,
                          "latent_traversal: needs a reconstruction term in the loss and a section between the image "
                          "and the pixels, to know what to decode");
    if (count > (size_t)options->image) return true;
    return err_config(err, spec->loc, "latent_traversal: wants image %lld of split \"%s\", which has %zu",
                      (long long)options->image, options->split, count);
}

/* The latent space along each dimension. */
typedef struct Axes {
    size_t dim, n;
    bool prior;
    real *means;            /* (n, dim) */
    double *center, *scale; /* (dim): of the prior, or of the encoded images */
    double *weight;         /* (dim): KL in nats, or the variance of the encoded images */
} Axes;

static void axes_release(Axes *axes)
{
    free(axes->means);
    free(axes->center);
    free(axes->scale);
    free(axes->weight);
}

static void weigh_by_variance(Axes *axes)
{
    for (size_t k = 0; k < axes->dim; k++) {
        SegmentSum sum = {0}, square = {0};
        for (size_t i = 0; i < axes->n; i++) segment_add(&sum, (double)axes->means[i * axes->dim + k]);
        axes->center[k] = segment_total(&sum) / (double)axes->n;
        for (size_t i = 0; i < axes->n; i++) {
            const double off = (double)axes->means[i * axes->dim + k] - axes->center[k];
            segment_add(&square, off * off);
        }
        axes->weight[k] = segment_total(&square) / (double)axes->n;
        axes->scale[k] = sqrt(axes->weight[k]);
    }
}

static Axes axes_of(const UseContext *use, const Latent *latent, const Split *split)
{
    Axes axes = {.dim = latent->dim, .n = split->n, .prior = model_term(use->model, "kl") != NULL};
    axes.means = mem_zeroed(mem_mul(split->n, latent->dim), sizeof(real));
    axes.center = mem_zeroed(latent->dim, sizeof(double));
    axes.scale = mem_zeroed(latent->dim, sizeof(double));
    axes.weight = mem_zeroed(latent->dim, sizeof(double));
    model_encode(use->model, use->dataset, split, split->n, latent->mean, axes.means);
    if (axes.prior)
        model_kl_by_dimension(use->model, use->dataset, split, axes.weight);
    else
        weigh_by_variance(&axes);
    for (size_t k = 0; axes.prior && k < axes.dim; k++) axes.scale[k] = 1;
    return axes;
}

/* The heaviest dimensions, the first of equals first. */
static void choose(const Axes *axes, size_t rows, size_t *chosen)
{
    for (size_t row = 0; row < rows; row++) {
        size_t best = axes->dim;
        for (size_t k = 0; k < axes->dim; k++) {
            bool taken = false;
            for (size_t earlier = 0; earlier < row; earlier++) taken = taken || chosen[earlier] == k;
            if (!taken && (best == axes->dim || axes->weight[k] > axes->weight[best])) best = k;
        }
        chosen[row] = best;
    }
}

/* From -limit to limit. */
static double position(const TraversalOptions *options, size_t step)
{
    return options->limit * (2 * (double)step / (double)(options->steps - 1) - 1);
}

static void label(const Grid *grid, const TraversalOptions *options, const Axes *axes, const size_t *chosen,
                  Canvas *canvas)
{
    char text[64];
    for (size_t row = 0; row < grid->rows; row++) {
        const double middle = (double)grid_y(grid, row) + (double)(grid->height * grid->scale) / 2;
        snprintf(text, sizeof text, "dimension %zu", chosen[row] + 1);
        canvas_text(canvas, LABEL_ROOM - 10, middle - 2, 14, ALIGN_RIGHT, color_ink, text);
        if (axes->prior)
            snprintf(text, sizeof text, "KL %.2f nats", axes->weight[chosen[row]]);
        else
            snprintf(text, sizeof text, "sd %.3g", axes->scale[chosen[row]]);
        canvas_text(canvas, LABEL_ROOM - 10, middle + 14, 12, ALIGN_RIGHT, color_muted, text);
    }
    const size_t marks[] = {0, grid->columns / 2, grid->columns - 1};
    for (size_t i = 0; i < 3; i++) {
        if (i == 1 && grid->columns % 2 == 0) continue;
        snprintf(text, sizeof text, "%.3g sd", position(options, marks[i]));
        canvas_text(canvas, (double)grid_x(grid, marks[i]) + (double)(grid->width * grid->scale) / 2, TOP_ROOM - 8, 12,
                    ALIGN_CENTER, color_muted, text);
    }
}

/* Latents (rows, steps, dim). */
static void lay_out(const TraversalOptions *options, const Axes *axes, size_t rows, const size_t *chosen, real *z)
{
    const size_t steps = (size_t)options->steps;
    const bool image = strcmp(options->around, "image") == 0;
    const real *mean = axes->means + (size_t)options->image * axes->dim;
    for (size_t cell = 0; cell < rows * steps; cell++) {
        real *to = z + cell * axes->dim;
        const size_t k = chosen[cell / steps];
        for (size_t d = 0; d < axes->dim; d++) to[d] = image ? mean[d] : (real)axes->center[d];
        to[k] = (real)(axes->center[k] + position(options, cell % steps) * axes->scale[k]);
    }
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    const UseContext *use = context->use;
    const TraversalOptions *options = context->spec->options;
    const DatasetInfo *info = &use->model->info;
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    Axes axes = axes_of(use, &latent, dataset_split(use->dataset, options->split));
    const size_t rows = (size_t)options->dims < axes.dim ? (size_t)options->dims : axes.dim;
    const size_t n = rows * (size_t)options->steps, image = info->height * info->width * info->channels;
    size_t *chosen = mem_zeroed(rows, sizeof *chosen);
    real *z = mem_zeroed(mem_mul(n, axes.dim), sizeof *z), *pixels = mem_zeroed(mem_mul(n, image), sizeof *pixels);
    choose(&axes, rows, chosen);
    lay_out(options, &axes, rows, chosen, z);
    model_decode(use->model, 0, n, z, pixels);

    Grid grid = {.rows = rows,
                 .columns = (size_t)options->steps,
                 .height = info->height,
                 .width = info->width,
                 .channels = info->channels,
                 .scale = SCALE,
                 .gap = GAP,
                 .left = LABEL_ROOM,
                 .top = TOP_ROOM};
    grid_init(&grid, canvas);
    label(&grid, options, &axes, chosen, canvas);
    for (size_t i = 0; i < n; i++) grid_put(&grid, canvas, i / grid.columns, i % grid.columns, pixels + i * image);
    axes_release(&axes);
    free(chosen);
    free(z);
    free(pixels);
    return true;
}

const Figure figure_latent_traversal = {
    .row = {.name = "latent_traversal",
            .doc = "What each latent dimension does: along a row one of them goes from -limit to limit standard "
                   "deviations of the prior, the others stand still, and the mean of each pixel is drawn. The "
                   "dimensions with the largest KL term come first (Higgins et al., beta-VAE, 2017, figures 1 to 4); "
                   "without a prior those whose code varies most, about their mean.",
            .fields = fields,
            .size = sizeof(TraversalOptions),
            .example = "{around: image, image: 0, dims: 10}"},
    .check = check,
    .draw = draw,
};
