#include <stdlib.h>

#include "nn/base/fmath.h"
#include "runner/figure/figure.h"
#include "runner/model/codebook.h"

typedef struct CodebookUsageOptions {
    const char *split;
} CodebookUsageOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(CodebookUsageOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images whose cells are counted, all of them"},
    {0},
};

enum { WIDTH = 800, HEIGHT = 440, LEFT = 104, RIGHT = 24, TOP = 24, BOTTOM = 76, TEXT = 19 };

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *model = use->model;
    const CodebookUsageOptions *options = spec->options;
    Codebook codebook;
    if (!codebook_find(model, &codebook))
        return err_config(err, spec->loc, "codebook_usage: no section of the network ends with vector_quantize");
    if (dataset_split_count(&model->info, &model->experiment->data, options->split) > 0) return true;
    return err_config(err, spec->loc, "codebook_usage: the experiment has no split \"%s\"", options->split);
}

static int falling(const void *left, const void *right)
{
    const size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return a == b ? 0 : a > b ? -1 : 1;
}

/* The power of ten at the foot of the axis: below the share of a single cell. */
static int lowest_decade(double cells)
{
    int decade = 0;
    while (d_powi(10, -decade) < cells) decade--;
    return decade;
}

/* Of a share > 0, on an axis from 10^decade up to 1. */
static double height_of(double share, int decade)
{
    return (1 - d_log(share) / d_log(10) / decade) * (HEIGHT - TOP - BOTTOM);
}

static void draw_axis(Canvas *canvas, int decade)
{
    for (int power = decade; power <= 0; power++) {
        char text[32];
        const double y = HEIGHT - BOTTOM - (1 - (double)power / decade) * (HEIGHT - TOP - BOTTOM);
        snprintf(text, sizeof text, "%g%%", 100 * d_powi(10, power));
        canvas_line(canvas, LEFT, y, WIDTH - RIGHT, y, 1, color_grid);
        canvas_text(canvas, LEFT - 8, y + TEXT / 3.0, TEXT, ALIGN_RIGHT, color_muted, text);
    }
    canvas_text_up(canvas, TEXT + 2, TOP + (HEIGHT - TOP - BOTTOM) / 2.0, TEXT, ALIGN_CENTER, color_ink,
                   "share of all cells");
}

static void draw_bars(Canvas *canvas, const Codebook *codebook, const size_t *count, double cells, int decade)
{
    const double width = (double)(WIDTH - LEFT - RIGHT) / (double)codebook->codes, gap = width > 5 ? 1 : 0;
    for (size_t i = 0; i < codebook->codes && count[i] > 0; i++) {
        const double height = height_of((double)count[i] / cells, decade);
        canvas_rectangle(canvas, LEFT + (double)i * width, HEIGHT - BOTTOM - height, width - gap, height,
                         color_series(0));
    }
    canvas_line(canvas, LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, 1.5, color_ink);
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    const CodebookUsageOptions *options = context->spec->options;
    const Split *split = dataset_split(context->use->dataset, options->split);
    Codebook codebook;
    char text[96];
    if (!codebook_find(context->use->model, &codebook)) BUG("no codebook");
    size_t *count = mem_zeroed(codebook.codes, sizeof *count), used = 0;
    codebook_count(context->use->model, context->use->dataset, split, &codebook, count);
    qsort(count, codebook.codes, sizeof *count, falling);
    while (used < codebook.codes && count[used] > 0) used++;
    const double cells = (double)split->n * (double)codebook.cells;
    const int decade = lowest_decade(cells);
    canvas_init(canvas, WIDTH, HEIGHT);
    draw_axis(canvas, decade);
    draw_bars(canvas, &codebook, count, cells, decade);
    snprintf(text, sizeof text, "%zu codes, the most used first", codebook.codes);
    canvas_text(canvas, LEFT, HEIGHT - BOTTOM + TEXT + 10, TEXT, ALIGN_LEFT, color_ink, text);
    snprintf(text, sizeof text, "%zu in use on %s, %zu dead", used, split->name, codebook.codes - used);
    canvas_text(canvas, WIDTH - RIGHT, HEIGHT - BOTTOM + TEXT + 10, TEXT, ALIGN_RIGHT, color_ink, text);
    free(count);
    return true;
}

const Figure figure_codebook_usage = {
    .row = {.name = "codebook_usage",
            .doc =
                "The share of a split's cells that each code stands at, the most used first, on a logarithmic axis; a "
                "code without a bar is dead.",
            .fields = fields,
            .size = sizeof(CodebookUsageOptions),
            .example = "{split: test}"},
    .check = check,
    .draw = draw,
};
