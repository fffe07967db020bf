#include <stdlib.h>

#include "runner/figure/figure.h"
#include "runner/figure/grid.h"
#include "runner/sampler/sampler.h"

typedef struct SamplesOptions {
    int64_t rows, cols;
    Spec sampler;
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
    SAMPLER_FIELD(SamplesOptions),
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    return sampler_check(use, &((const SamplesOptions *)spec->options)->sampler, spec->loc, err);
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    const SamplesOptions *options = context->spec->options;
    const DatasetInfo *info = &context->use->model->info;
    size_t n = (size_t)(options->rows * options->cols), image = info->height * info->width * info->channels;
    real *pixels = mem_zeroed(mem_mul(n, image), sizeof *pixels);
    if (!sampler_draw(context->use, &options->sampler, "samples", n, pixels, err)) {
        free(pixels);
        return false;
    }

    Grid grid = {.rows = (size_t)options->rows,
                 .columns = (size_t)options->cols,
                 .height = info->height,
                 .width = info->width,
                 .channels = info->channels,
                 .scale = 2,
                 .gap = 2};
    grid_init(&grid, canvas);
    for (size_t i = 0; i < n; i++) grid_put(&grid, canvas, i / grid.columns, i % grid.columns, pixels + i * image);
    free(pixels);
    return true;
}

const Figure figure_samples = {
    .row = {.name = "samples",
            .doc = "New images by a sampler, the mean of each pixel.",
            .fields = fields,
            .size = sizeof(SamplesOptions),
            .example = "{rows: 8, cols: 8}"},
    .check = check,
    .draw = draw,
};
