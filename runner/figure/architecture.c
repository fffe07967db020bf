#include <stdlib.h>
#include <string.h>

#include "runner/figure/boxes.h"
#include "runner/figure/figure.h"

/* One column of boxes a section, from left to right; each box a layer and those that join it, with the shape of its
 * output beside it. Large, as three columns fill a page's width. */
enum { BOX_WIDTH = 264, BOX_HEIGHT = 57, BOX_GAP = 18, SHAPE_ROOM = 123, SECTION_GAP = 36, TOP = 96, MARGIN = 24 };
enum { LANE = 18, AHEAD = 10, ENTRY = 18, SIDE_MAX = 16384 };
enum { SECTION_TEXT = 23, KIND_TEXT = 20, SHAPE_TEXT = 18, DETAIL_TEXT = 17 };

static const Color box_fill[] = {{226, 236, 246}, {250, 232, 214}, {226, 242, 228}, {240, 230, 244}};

/* "14x14x32" */
static void shape_label(Shape shape, char text[64])
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < shape.rank && at < 48; i++)
        at += (size_t)snprintf(text + at, 64 - at, "%s%zu", i ? "\xc3\x97" : "", shape.dim[i]);
}

/* Where things lie on the canvas. */
typedef struct Place {
    const Boxes *boxes;
    double left; /* from one column's left edge to its boxes */
} Place;

static double left_of(const Place *place, const Box *box)
{
    const double column = BOX_WIDTH + SHAPE_ROOM + SECTION_GAP + place->left;
    return MARGIN + place->left + (double)box->column * column;
}

static double top_of(const Box *box)
{
    return TOP + (double)box->row * (BOX_HEIGHT + BOX_GAP);
}

static void draw_line(Canvas *canvas, double x0, double y0, double x1, double y1)
{
    canvas_line(canvas, x0, y0, x1, y1, 1.8, color_muted);
}

static void draw_arrow(Canvas *canvas, double x, double y0, double y1)
{
    draw_line(canvas, x, y0, x, y1 - 1);
    draw_line(canvas, x - 5, y1 - 7, x, y1 - 1);
    draw_line(canvas, x + 5, y1 - 7, x, y1 - 1);
}

/* Out of the left side of a box below its middle, or off the arrow that enters the column, and into another above it.
 */
static void draw_side(Canvas *canvas, const Place *place, const Side *side)
{
    const Box *from = &place->boxes->items[side->from], *to = &place->boxes->items[side->to];
    const double left = left_of(place, to), lane = left - (double)(side->lane + 1) * LANE;
    const double y0 = side->from_input ? TOP - ENTRY : top_of(from) + BOX_HEIGHT / 2.0 + AHEAD;
    const double y1 = top_of(to) + BOX_HEIGHT / 2.0 - AHEAD;
    draw_line(canvas, lane, y0, side->from_input ? left + BOX_WIDTH / 2.0 : left, y0);
    draw_line(canvas, lane, y0, lane, y1);
    draw_line(canvas, lane, y1, left - 1, y1);
    draw_line(canvas, left - 7, y1 - 5, left - 1, y1);
    draw_line(canvas, left - 7, y1 + 5, left - 1, y1);
}

static void draw_box(Canvas *canvas, const Place *place, const Box *box)
{
    char shape[64];
    const double x = left_of(place, box), y = top_of(box);
    shape_label(box->shape, shape);
    canvas_rectangle(canvas, x, y, BOX_WIDTH, BOX_HEIGHT, box_fill[box->column % (sizeof box_fill / sizeof *box_fill)]);
    canvas_frame(canvas, x, y, BOX_WIDTH, BOX_HEIGHT, 1, color_muted);
    const double middle = x + BOX_WIDTH / 2.0, room = BOX_WIDTH - 12, wide = canvas_text_width(KIND_TEXT, box->kinds);
    const double kind_size = wide > room ? KIND_TEXT * room / wide : KIND_TEXT;
    const bool two = box->detail[0] != '\0';
    canvas_text(canvas, middle, y + (two ? 25 : 36), kind_size, ALIGN_CENTER, color_ink, box->kinds);
    if (two) canvas_text(canvas, middle, y + 47, DETAIL_TEXT, ALIGN_CENTER, color_muted, box->detail);
    canvas_text(canvas, x + BOX_WIDTH + 12, y + 35, SHAPE_TEXT, ALIGN_LEFT, color_ink, shape);
}

static const char *input_of(const Model *model, const char *section)
{
    for (size_t i = 0; i < model->experiment->section_count; i++)
        if (strcmp(model->experiment->sections[i].name, section) == 0) return model->experiment->sections[i].input.name;
    BUG("no section \"%s\"", section);
}

static void draw_heading(Canvas *canvas, const Model *model, const Box *box, double middle)
{
    char from[128];
    snprintf(from, sizeof from, "from %s", input_of(model, box->section));
    canvas_text(canvas, middle, 36, SECTION_TEXT, ALIGN_CENTER, color_ink, box->section);
    canvas_text(canvas, middle, 63, SHAPE_TEXT, ALIGN_CENTER, color_muted, from);
}

static size_t height_of(const Boxes *boxes)
{
    return TOP + boxes->rows * (BOX_HEIGHT + BOX_GAP) + MARGIN;
}

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    Arena arena = {0};
    const LayerList list = model_layers(use->model, &arena);
    const Boxes boxes = boxes_of(&list, &arena);
    const size_t rows = boxes.rows, height = height_of(&boxes);
    arena_release(&arena);
    return height <= SIDE_MAX || err_config(err, spec->loc,
                                            "architecture: %zu layers in a column are more than a "
                                            "picture holds; leave this figure out",
                                            rows);
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    Arena arena = {0};
    const LayerList list = model_layers(context->use->model, &arena);
    const Boxes boxes = boxes_of(&list, &arena);
    const Place place = {&boxes, (double)boxes.lanes * LANE};
    const size_t column = BOX_WIDTH + SHAPE_ROOM + boxes.lanes * LANE;
    canvas_init(canvas, 2 * MARGIN + boxes.columns * column + (boxes.columns - 1) * SECTION_GAP, height_of(&boxes));
    for (size_t i = 0; i < boxes.n; i++) {
        const Box *box = &boxes.items[i];
        const double middle = left_of(&place, box) + BOX_WIDTH / 2.0, y = top_of(box);
        if (box->row == 0) draw_heading(canvas, context->use->model, box, middle);
        if (box->straight) draw_arrow(canvas, middle, y - (box->row ? BOX_GAP : ENTRY + 6), y);
        draw_box(canvas, &place, box);
    }
    for (size_t i = 0; i < boxes.side_count; i++) draw_side(canvas, &place, &boxes.sides[i]);
    arena_release(&arena);
    return true;
}

const Figure figure_architecture = {
    .row = {.name = "architecture",
            .doc = "The network as boxes, drawn from the graph: a column for each section, a box for each layer, the "
                   "shape of its output beside it, arrows for what it takes; a residual adds up its two. A layer "
                   "without options that leaves the shape as it is stands in the box of the one before."},
    .check = check,
    .draw = draw,
};
