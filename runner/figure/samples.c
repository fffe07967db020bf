#include <stdlib.h>

#include "runner/figure/figure.h"
#include "runner/figure/grid.h"
#include "runner/model/use.h"

typedef struct SamplesOptions {
    int64_t rows, cols;
} SamplesOptions;

static const Field fields[] = {
    {.key = "rows",
     .kind = FIELD_INT,
     .offset = offsetof(SamplesOptions, rows),
     .fallback = "8",
     .min = 1,
     .max = 64,
     .help = "rows of images"},
    {.key = "cols",
     .kind = FIELD_INT,
     .offset = offsetof(SamplesOptions, cols),
     .fallback = "8",
     .min = 1,
     .max = 64,
     .help = "columns of images"},
    {0},
};

static bool check(const Model *model, const Spec *spec, Err *err)
{
    return model_can_decode(model) ||
           err_config(err, spec->loc,
                      "samples: needs a reconstruction and a KL term in the loss, to know what to decode");
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    const SamplesOptions *options = context->spec->options;
    const DatasetInfo *info = &context->model->info;
    size_t n = (size_t)(options->rows * options->cols), image = info->height * info->width * info->channels;
    Shape shape;
    if (!model_shape(context->model, model_subject(context->model, "kl"), &shape)) BUG("a checked section is gone");
    size_t dim = shape_count(shape);
    real *z = mem_zeroed(mem_mul(n, dim), sizeof *z), *pixels = mem_zeroed(mem_mul(n, image), sizeof *pixels);
    model_prior(context->model, "samples", n, dim, z);
    model_decode(context->model, n, z, pixels);

    Grid grid = {.rows = (size_t)options->rows,
                 .columns = (size_t)options->cols,
                 .height = info->height,
                 .width = info->width,
                 .channels = info->channels,
                 .scale = 2,
                 .gap = 2};
    grid_init(&grid, canvas);
    for (size_t i = 0; i < n; i++) grid_put(&grid, canvas, i / grid.columns, i % grid.columns, pixels + i * image);
    free(z);
    free(pixels);
    return true;
}

const Figure figure_samples = {
    .row = {.name = "samples",
            .doc = "New images: latents from the prior N(0, I), decoded to the mean of each pixel.",
            .fields = fields,
            .size = sizeof(SamplesOptions),
            .example = "{rows: 8, cols: 8}"},
    .check = check,
    .draw = draw,
};
