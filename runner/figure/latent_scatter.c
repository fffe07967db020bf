#include <stdlib.h>
#include <string.h>

#include "nn/kernel/eigen.h"
#include "runner/canvas/chart.h"
#include "runner/figure/figure.h"
#include "runner/model/use.h"

typedef struct ScatterOptions {
    const char *split, *projection;
    int64_t points;
} ScatterOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(ScatterOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images that are encoded"},
    {.key = "projection",
     .kind = FIELD_CHOICE,
     .offset = offsetof(ScatterOptions, projection),
     .fallback = "pca",
     .choices = "pca|none",
     .help = "pca: the first two principal components where there are more than 2 dimensions; none: "
             "the first two dimensions"},
    {.key = "points",
     .kind = FIELD_INT,
     .offset = offsetof(ScatterOptions, points),
     .fallback = "10000",
     .min = 2,
     .max = 100000,
     .help = "at most so many images, the first of the split"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const ScatterOptions *options = spec->options;
    Latent latent;
    if (!model_latent(model, &latent))
        return err_config(err, spec->loc,
                          "latent_scatter: the experiment has no latent space: no kl_divergence term, and no section "
                          "between the image and a reconstruction term");
    if (latent.dim < 2) return err_config(err, spec->loc, "latent_scatter: wants at least 2 latent dimensions, got 1");
    if (dataset_split_count(&model->info, &model->experiment->data, options->split) > 1) return true;
    return err_config(err, spec->loc, "latent_scatter: the experiment has no images in split \"%s\"", options->split);
}

/* Two coordinates an image; of principal components also the share of the variance that each holds. */
typedef struct Projection {
    size_t n;
    double *x, *y;
    bool principal;
    double share[2];
    const char *what; /* the points are */
} Projection;

/* Projects means (n, dim) on the eigenvectors of their covariance with the two largest eigenvalues. */
static void project(Projection *out, const real *means, size_t dim)
{
    size_t n = out->n;
    double *center = mem_zeroed(dim, sizeof(double)), *covariance = mem_zeroed(dim * dim, sizeof(double));
    double *values = mem_zeroed(dim, sizeof(double)), *vectors = mem_zeroed(dim * dim, sizeof(double)), total = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < dim; k++) center[k] += (double)means[i * dim + k] / (double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < dim; k++)
            for (size_t l = 0; l < dim; l++)
                covariance[k * dim + l] +=
                    ((double)means[i * dim + k] - center[k]) * ((double)means[i * dim + l] - center[l]);
    eigen_symmetric(dim, covariance, values, vectors);
    for (size_t k = 0; k < dim; k++) total += values[k];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < dim; k++) {
            out->x[i] += ((double)means[i * dim + k] - center[k]) * vectors[k];
            out->y[i] += ((double)means[i * dim + k] - center[k]) * vectors[dim + k];
        }
    out->principal = true;
    for (int k = 0; k < 2; k++) out->share[k] = total > 0 ? values[k] / total : 0;
    free(center);
    free(covariance);
    free(values);
    free(vectors);
}

/* With some room, so that no point lies on the edge. */
static void range(const double *values, size_t n, double *low, double *high)
{
    *low = *high = values[0];
    for (size_t i = 1; i < n; i++) {
        if (values[i] < *low) *low = values[i];
        if (values[i] > *high) *high = values[i];
    }
    const double room = 0.02 * (*high - *low);
    *low -= room;
    *high += room;
}

static void axis_label(const Projection *projection, int axis, char text[64])
{
    if (projection->principal)
        snprintf(text, 64, "principal component %d (%.0f%% of variance)", axis + 1, 100 * projection->share[axis]);
    else
        snprintf(text, 64, "%s, dimension %d", projection->what, axis + 1);
}

static void plot(const Projection *projection, const uint8_t *labels, size_t classes, Canvas *canvas)
{
    char x_label[64], y_label[64];
    ChartSpec spec = {
        .width = 640, .height = 560, .x_label = x_label, .y_label = y_label, .legend = 2, .equal = true, .text = 1.5};
    axis_label(projection, 0, x_label);
    axis_label(projection, 1, y_label);
    range(projection->x, projection->n, &spec.x_min, &spec.x_max);
    range(projection->y, projection->n, &spec.y_min, &spec.y_max);
    canvas_init(canvas, 640, 560);
    Chart chart = chart_begin(canvas, &spec);
    for (size_t i = 0; i < projection->n; i++)
        chart_point(&chart, projection->x[i], projection->y[i], 1.6, color_class(labels[i]), 0.55);
    for (size_t i = 0; i < classes; i++) {
        char text[24];
        snprintf(text, sizeof text, "%zu", i);
        chart_legend(&chart, i, false, color_class(i), text);
    }
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    const ScatterOptions *options = context->spec->options;
    const Split *split = dataset_split(context->use->dataset, options->split);
    size_t n = split->n < (size_t)options->points ? split->n : (size_t)options->points;
    Latent latent;
    if (!model_latent(context->use->model, &latent)) BUG("a checked latent is gone");
    size_t dim = latent.dim;
    real *means = mem_zeroed(mem_mul(n, dim), sizeof *means);
    model_encode(context->use->model, context->use->dataset, split, n, latent.mean, means);

    Projection projection = {.n = n, .x = mem_zeroed(n, sizeof(double)), .y = mem_zeroed(n, sizeof(double))};
    projection.what = strcmp(latent.mean, latent.section) == 0 ? "latent code" : "latent mean";
    if (dim > 2 && strcmp(options->projection, "pca") == 0)
        project(&projection, means, dim);
    else
        for (size_t i = 0; i < n; i++)
            projection.x[i] = (double)means[i * dim], projection.y[i] = (double)means[i * dim + 1];
    plot(&projection, split->labels, context->use->model->info.classes, canvas);
    free(projection.x);
    free(projection.y);
    free(means);
    return true;
}

const Figure figure_latent_scatter = {
    .row =
        {.name = "latent_scatter",
         .doc =
             "Where images lie in latent space (posterior means; the code of a plain autoencoder), coloured by digit: "
             "the space itself, or its first two principal components (eigenvectors of the covariance, by Jacobi "
             "rotations "
             "in double).",
         .fields = fields,
         .size = sizeof(ScatterOptions),
         .example = "{projection: pca}"},
    .check = check,
    .draw = draw,
};
