#include <stdlib.h>

#include "runner/figure/figure.h"
#include "runner/figure/grid.h"
#include "runner/model/use.h"

typedef struct ReconstructionsOptions {
    const char *split;
    int64_t pairs;
} ReconstructionsOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(ReconstructionsOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "where the images come from: its first ones"},
    {.key = "pairs",
     .kind = FIELD_INT,
     .offset = offsetof(ReconstructionsOptions, pairs),
     .fallback = "16",
     .min = 1,
     .max = 256,
     .help = "how many images"},
    {0},
};

enum { COLUMNS = 8, LABEL_ROOM = 124 };

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const ReconstructionsOptions *options = spec->options;
    size_t count = dataset_split_count(&model->info, &model->experiment->data, options->split);
    if (!model_term(model, "reconstruction"))
        return err_config(err, spec->loc,
                          "reconstructions: the experiment has no reconstruction term; add one to its loss");
    if (count >= (size_t)options->pairs) return true;
    return err_config(err, spec->loc, "reconstructions: wants %lld images of split \"%s\", which has %zu",
                      (long long)options->pairs, options->split, count);
}

static void label_rows(const Grid *grid, const char *split, Canvas *canvas)
{
    char original[32];
    snprintf(original, sizeof original, "%s image", split);
    for (size_t row = 0; row < grid->rows; row++) {
        double middle = (double)grid_y(grid, row) + (double)(grid->height * grid->scale) / 2 + 5;
        canvas_text(canvas, LABEL_ROOM - 10, middle, 14, ALIGN_RIGHT, row % 2 ? color_ink : color_muted,
                    row % 2 ? "reconstruction" : original);
    }
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    const ReconstructionsOptions *options = context->spec->options;
    const DatasetInfo *info = &context->use->model->info;
    const Split *split = dataset_split(context->use->dataset, options->split);
    size_t n = (size_t)options->pairs, image = info->height * info->width * info->channels;
    real *pixels = mem_zeroed(mem_mul(n, image), sizeof *pixels), *original = mem_zeroed(image, sizeof *original);
    model_reconstruct(context->use->model, context->use->dataset, split, 0, n, pixels);

    size_t columns = n < COLUMNS ? n : COLUMNS;
    Grid grid = {.rows = (n + columns - 1) / columns * 2,
                 .columns = columns,
                 .height = info->height,
                 .width = info->width,
                 .channels = info->channels,
                 .scale = 2,
                 .gap = 2,
                 .left = LABEL_ROOM};
    grid_init(&grid, canvas);
    label_rows(&grid, options->split, canvas);
    for (size_t i = 0; i < n; i++) {
        uint32_t index = (uint32_t)i;
        batch_gather(context->use->dataset, split, &context->use->model->experiment->data,
                     context->use->model->experiment->seed, 0, &index, 1, original, NULL);
        grid_put(&grid, canvas, i / columns * 2, i % columns, original);
        grid_put(&grid, canvas, i / columns * 2 + 1, i % columns, pixels + i * image);
    }
    free(original);
    free(pixels);
    return true;
}

const Figure figure_reconstructions = {
    .row =
        {.name = "reconstructions",
         .doc =
             "Images in the upper row of each pair, their reconstructions (one z an image, mean of each pixel) below.",
         .fields = fields,
         .size = sizeof(ReconstructionsOptions),
         .example = "{split: test, pairs: 16}"},
    .check = check,
    .draw = draw,
};
