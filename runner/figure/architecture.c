#include <stdlib.h>
#include <string.h>

#include "runner/figure/figure.h"
#include "runner/model/summary.h"

/* One column of boxes a section, from left to right; each box a layer and those that join it, with the shape of its
 * output beside it. Large, as three columns fill a page's width. */
enum { BOX_WIDTH = 264, BOX_HEIGHT = 57, BOX_GAP = 18, SHAPE_ROOM = 123, SECTION_GAP = 36, TOP = 96, MARGIN = 24 };
enum { SECTION_TEXT = 23, KIND_TEXT = 20, SHAPE_TEXT = 18, DETAIL_TEXT = 17 };

static const Color box_fill[] = {{226, 236, 246}, {250, 232, 214}, {226, 242, 228}, {240, 230, 244}};

typedef struct Column {
    const char *section;
    size_t first, n;
} Column;

/* A layer without options that leaves the shape as it is (relu, batch_norm) stands in the box of the one before. */
static bool joins(const LayerLine *before, const LayerLine *line)
{
    if (line->detail[0] || before->shape.rank != line->shape.rank) return false;
    return memcmp(before->shape.dim, line->shape.dim, line->shape.rank * sizeof *line->shape.dim) == 0;
}

/* The layers as boxes, in place. */
static void join_layers(LayerList *list, Arena *arena)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const LayerLine *line = &list->items[i];
        LayerLine *before = n ? &list->items[n - 1] : NULL;
        if (before && strcmp(before->section, line->section) == 0 && joins(before, line))
            before->kind = arena_printf(arena, "%s, %s", before->kind, line->kind);
        else
            list->items[n++] = *line;
    }
    list->n = n;
}

static size_t split_columns(const LayerList *list, Column *columns)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (n == 0 || strcmp(columns[n - 1].section, list->items[i].section) != 0)
            columns[n++] = (Column){list->items[i].section, i, 0};
        columns[n - 1].n++;
    }
    return n;
}

/* "14x14x32" */
static void shape_label(Shape shape, char text[64])
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < shape.rank && at < 48; i++)
        at += (size_t)snprintf(text + at, 64 - at, "%s%zu", i ? "\xc3\x97" : "", shape.dim[i]);
}

static void draw_arrow(Canvas *canvas, double x, double y0, double y1)
{
    canvas_line(canvas, x, y0, x, y1 - 1, 1.8, color_muted);
    canvas_line(canvas, x - 5, y1 - 7, x, y1 - 1, 1.8, color_muted);
    canvas_line(canvas, x + 5, y1 - 7, x, y1 - 1, 1.8, color_muted);
}

static void draw_layer(Canvas *canvas, const LayerLine *line, double x, double y, Color fill)
{
    char shape[64];
    shape_label(line->shape, shape);
    canvas_rectangle(canvas, x, y, BOX_WIDTH, BOX_HEIGHT, fill);
    canvas_frame(canvas, x, y, BOX_WIDTH, BOX_HEIGHT, 1, color_muted);
    const double middle = x + BOX_WIDTH / 2.0, room = BOX_WIDTH - 12, wide = canvas_text_width(KIND_TEXT, line->kind);
    const double kind_size = wide > room ? KIND_TEXT * room / wide : KIND_TEXT;
    const bool two = line->detail[0] != '\0';
    canvas_text(canvas, middle, y + (two ? 25 : 36), kind_size, ALIGN_CENTER, color_ink, line->kind);
    if (two) canvas_text(canvas, middle, y + 47, DETAIL_TEXT, ALIGN_CENTER, color_muted, line->detail);
    canvas_text(canvas, x + BOX_WIDTH + 12, y + 35, SHAPE_TEXT, ALIGN_LEFT, color_ink, shape);
}

static const char *input_of(const Model *model, const char *section)
{
    for (size_t i = 0; i < model->experiment->section_count; i++)
        if (strcmp(model->experiment->sections[i].name, section) == 0) return model->experiment->sections[i].input.name;
    BUG("no section \"%s\"", section);
}

static void draw_column(Canvas *canvas, const FigureContext *context, const LayerList *list, const Column *column,
                        size_t at)
{
    double x = MARGIN + (double)at * (BOX_WIDTH + SHAPE_ROOM + SECTION_GAP), y = TOP;
    char from[128];
    snprintf(from, sizeof from, "from %s", input_of(context->use->model, column->section));
    canvas_text(canvas, x + BOX_WIDTH / 2.0, 36, SECTION_TEXT, ALIGN_CENTER, color_ink, column->section);
    canvas_text(canvas, x + BOX_WIDTH / 2.0, 63, SHAPE_TEXT, ALIGN_CENTER, color_muted, from);
    draw_arrow(canvas, x + BOX_WIDTH / 2.0, TOP - 24, TOP);
    for (size_t i = 0; i < column->n; i++, y += BOX_HEIGHT + BOX_GAP) {
        draw_layer(canvas, &list->items[column->first + i], x, y, box_fill[at % (sizeof box_fill / sizeof *box_fill)]);
        if (i + 1 < column->n) draw_arrow(canvas, x + BOX_WIDTH / 2.0, y + BOX_HEIGHT, y + BOX_HEIGHT + BOX_GAP);
    }
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    Arena arena = {0};
    LayerList list = model_layers(context->use->model, &arena);
    join_layers(&list, &arena);
    Column *columns = arena_alloc(&arena, list.n + 1, sizeof *columns);
    size_t n = split_columns(&list, columns), deepest = 0;
    for (size_t i = 0; i < n; i++)
        if (columns[i].n > deepest) deepest = columns[i].n;
    size_t width = 2 * MARGIN + n * (BOX_WIDTH + SHAPE_ROOM) + (n - 1) * SECTION_GAP;
    canvas_init(canvas, width, TOP + deepest * (BOX_HEIGHT + BOX_GAP) + MARGIN);
    for (size_t i = 0; i < n; i++) draw_column(canvas, context, &list, &columns[i], i);
    arena_release(&arena);
    return true;
}

const Figure figure_architecture = {
    .row = {.name = "architecture",
            .doc = "The network as boxes, drawn from the graph: a column for each section, a box for each layer, the "
                   "shape of its output beside it. A layer without options that leaves the shape as it is stands in "
                   "the box of the one before."},
    .draw = draw,
};
