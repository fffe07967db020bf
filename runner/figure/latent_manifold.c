#include <math.h>
#include <stdlib.h>

#include "nn/base/fmath.h"
#include "runner/figure/figure.h"
#include "runner/figure/grid.h"
#include "runner/model/use.h"

typedef struct ManifoldOptions {
    int64_t size;
} ManifoldOptions;

static const Field fields[] = {
    {.key = "size",
     .kind = FIELD_INT,
     .offset = offsetof(ManifoldOptions, size),
     .fallback = "20",
     .min = 2,
     .max = 64,
     .help = "images along each side"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    Shape shape;
    if (!model_can_decode(model) || !model_term(model, "kl"))
        return err_config(err, spec->loc, "latent_manifold: needs a reconstruction and a KL term in the loss");
    size_t dim = model_shape(model, model_subject(model, "kl"), &shape) ? shape_count(shape) : 0;
    if (dim == 2) return true;
    return err_config(err, spec->loc, "latent_manifold: wants 2 latent dimensions, got %zu; tie it to them with `when`",
                      dim);
}

/* The quantile function of N(0, 1): P. J. Acklam's rational approximations, relative error below 1.2e-9. */
static double normal_quantile(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                               1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                               6.680131188771972e+01, -1.328068155288572e+01};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                               -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00};
    if (p > 0.5) return -normal_quantile(1 - p);
    if (p < 0.02425) {
        double q = sqrt(-2 * d_log(p));
        return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
               ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    }
    double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    const ManifoldOptions *options = context->spec->options;
    const DatasetInfo *info = &context->use->model->info;
    size_t size = (size_t)options->size, n = size * size, image = info->height * info->width * info->channels;
    real *z = mem_zeroed(n * 2, sizeof *z), *pixels = mem_zeroed(mem_mul(n, image), sizeof *pixels);
    for (size_t i = 0; i < n; i++) {
        z[2 * i] = (real)normal_quantile(((double)(i % size) + 0.5) / (double)size);
        z[2 * i + 1] = -(real)normal_quantile(((double)(i / size) + 0.5) / (double)size);
    }
    model_decode(context->use->model, 0, n, z, pixels);

    Grid grid = {.rows = size,
                 .columns = size,
                 .height = info->height,
                 .width = info->width,
                 .channels = info->channels,
                 .scale = 1};
    grid_init(&grid, canvas);
    for (size_t i = 0; i < n; i++) grid_put(&grid, canvas, i / size, i % size, pixels + i * image);
    free(z);
    free(pixels);
    return true;
}

const Figure figure_latent_manifold = {
    .row =
        {.name = "latent_manifold",
         .doc =
             "The decoded mean over a grid of the two-dimensional latent space, its coordinates the quantiles of the "
             "prior at (i + 1/2) / size (Kingma and Welling 2014, figure 4); the second dimension points up.",
         .fields = fields,
         .size = sizeof(ManifoldOptions),
         .example = "{size: 20}"},
    .check = check,
    .draw = draw,
};
