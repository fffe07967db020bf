#include <stdlib.h>

#include "runner/figure/figure.h"
#include "runner/figure/grid.h"
#include "runner/model/codebook.h"
#include "runner/model/use.h"

typedef struct CodeMapsOptions {
    const char *split;
    int64_t images;
} CodeMapsOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(CodeMapsOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "where the images come from: its first ones"},
    {.key = "images",
     .kind = FIELD_INT,
     .offset = offsetof(CodeMapsOptions, images),
     .fallback = "10",
     .min = 1,
     .max = 200,
     .help = "how many images"},
    {0},
};

enum { COLUMNS = 10, ROWS = 3, LABEL_ROOM = 146, BAR = 14, FOOT = 52, TEXT = 17 };

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const CodeMapsOptions *options = spec->options;
    const size_t count = dataset_split_count(&model->info, &model->experiment->data, options->split);
    Codebook codebook;
    Shape shape;
    if (!codebook_find(model, &codebook))
        return err_config(err, spec->loc, "code_maps: no section of the network ends with vector_quantize");
    if (!model_shape(model, codebook.section, &shape) || shape.rank != 3)
        return err_config(err, spec->loc, "code_maps: the codes of \"%s\" are no grid [height,width]",
                          codebook.section);
    if (!model_decodes(model, codebook.section))
        return err_config(err, spec->loc, "code_maps: no reconstruction term judges what is decoded from \"%s\"",
                          codebook.section);
    if (count >= (size_t)options->images) return true;
    return err_config(err, spec->loc, "code_maps: wants %lld images of split \"%s\", which has %zu",
                      (long long)options->images, options->split, count);
}

static Color color_of(const Codebook *codebook, size_t rank)
{
    return color_ramp(codebook->codes > 1 ? (double)rank / (double)(codebook->codes - 1) : 0);
}

/* The codes of an image, each cell a rectangle, as large as the image's pixels together. */
static void put_map(const Grid *grid, Canvas *canvas, size_t row, size_t column, const Codebook *codebook,
                    const Shape *shape, const real *code, const size_t *rank)
{
    const double height = (double)(grid->height * grid->scale) / (double)shape->dim[0];
    const double width = (double)(grid->width * grid->scale) / (double)shape->dim[1];
    for (size_t cell = 0; cell < codebook->cells; cell++) {
        const double x = (double)grid_x(grid, column) + (double)(cell % shape->dim[1]) * width;
        const double y = (double)grid_y(grid, row) + (double)(cell / shape->dim[1]) * height;
        canvas_rectangle(canvas, x, y, width, height, color_of(codebook, rank[(size_t)code[cell]]));
    }
}

static void put_labels(const Grid *grid, const char *split, Canvas *canvas)
{
    char image[32];
    snprintf(image, sizeof image, "%s image", split);
    const char *const labels[ROWS] = {image, "reconstruction", "codes"};
    for (size_t row = 0; row < grid->rows; row++)
        canvas_text(canvas, LABEL_ROOM - 8,
                    (double)grid_y(grid, row) + (double)(grid->height * grid->scale) / 2 + TEXT / 3.0, TEXT,
                    ALIGN_RIGHT, color_ink, labels[row % ROWS]);
}

/* What the colours stand for. */
static void put_bar(const Grid *grid, const Codebook *codebook, Canvas *canvas)
{
    const double left = (double)grid->left + 2, right = (double)canvas->width - 2;
    const double top = (double)grid_y(grid, grid->rows) + 8, width = (right - left) / (double)codebook->codes;
    char text[64];
    snprintf(text, sizeof text, "%zu codes", codebook->codes);
    for (size_t i = 0; i < codebook->codes; i++) /* each up to the end, so that no seam of paper shows between two */
        canvas_rectangle(canvas, left + (double)i * width, top, right - left - (double)i * width, BAR,
                         color_of(codebook, i));
    canvas_text(canvas, LABEL_ROOM - 8, top + BAR, TEXT, ALIGN_RIGHT, color_ink, text);
    canvas_text(canvas, left, top + BAR + TEXT + 2, TEXT, ALIGN_LEFT, color_muted, "decodes to dark");
    canvas_text(canvas, right, top + BAR + TEXT + 2, TEXT, ALIGN_RIGHT, color_muted, "to bright");
}

static void draw_images(const FigureContext *context, const Codebook *codebook, const Grid *grid, Canvas *canvas)
{
    const CodeMapsOptions *options = context->spec->options;
    const Split *split = dataset_split(context->use->dataset, options->split);
    const size_t n = (size_t)options->images, image = grid->height * grid->width * grid->channels;
    real *pixels = mem_zeroed(mem_mul(n, image), sizeof *pixels), *original = mem_zeroed(image, sizeof *original);
    real *code = mem_zeroed(mem_mul(n, codebook->cells), sizeof *code);
    size_t *rank = mem_zeroed(codebook->codes, sizeof *rank);
    Shape shape;
    if (!model_shape(context->use->model, codebook->section, &shape)) BUG("no section \"%s\"", codebook->section);
    model_reconstruct(context->use->model, context->use->dataset, split, 0, n, pixels);
    codebook_encode(context->use->model, context->use->dataset, split, n, codebook, code);
    codebook_rank(context->use->model, codebook, rank);
    for (size_t i = 0; i < n; i++) {
        const uint32_t index = (uint32_t)i;
        const size_t row = i / grid->columns * ROWS, column = i % grid->columns;
        batch_gather(context->use->dataset, split, &context->use->model->experiment->data,
                     context->use->model->experiment->seed, 0, &index, 1, original, NULL);
        grid_put(grid, canvas, row, column, original);
        grid_put(grid, canvas, row + 1, column, pixels + i * image);
        put_map(grid, canvas, row + 2, column, codebook, &shape, code + i * codebook->cells, rank);
    }
    free(rank);
    free(code);
    free(original);
    free(pixels);
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    const CodeMapsOptions *options = context->spec->options;
    const DatasetInfo *info = &context->use->model->info;
    const size_t n = (size_t)options->images, columns = n < COLUMNS ? n : COLUMNS;
    Codebook codebook;
    if (!codebook_find(context->use->model, &codebook)) BUG("no codebook");
    const Grid grid = {.rows = (n + columns - 1) / columns * ROWS,
                       .columns = columns,
                       .height = info->height,
                       .width = info->width,
                       .channels = info->channels,
                       .scale = 3,
                       .gap = 4,
                       .left = LABEL_ROOM,
                       .bottom = FOOT};
    grid_init(&grid, canvas);
    put_labels(&grid, options->split, canvas);
    draw_images(context, &codebook, &grid, canvas);
    put_bar(&grid, &codebook, canvas);
    return true;
}

const Figure figure_code_maps = {
    .row = {.name = "code_maps",
            .doc =
                "Images, their reconstructions and their codes, one below the other. A cell's colour is the place of "
                "its code among all, by the brightness of an image that is made of this code alone: dark purple for "
                "the darkest to yellow for the brightest.",
            .fields = fields,
            .size = sizeof(CodeMapsOptions),
            .example = "{split: test, images: 10}"},
    .check = check,
    .draw = draw,
};
