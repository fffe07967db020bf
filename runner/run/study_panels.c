#include <math.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/run/study_parts.h"

enum { MARGIN = 12, TITLE_LEAST = 16 };

/* Where the panels lie: rows of columns, each row as high as its highest panel, each column as wide as its widest. */
typedef struct Layout {
    size_t columns, rows;
    size_t *column, *row;   /* of each panel */
    size_t *width, *height; /* of each column, of each row, titles included */
    size_t *label;          /* room for titles at the left, of each column */
    size_t title_room;      /* above each panel */
    double title;           /* the size of a title's text */
} Layout;

static void place_panels(const StudyFigure *figure, Layout *layout)
{
    size_t column = 0, row = 0, widest = 0;
    for (size_t i = 0; i < figure->n; i++) {
        size_t span = (size_t)figure->panels[i].span;
        if (column && column + span > (size_t)figure->columns) column = 0, row++;
        layout->column[i] = column;
        layout->row[i] = row;
        column += span;
        if (column > widest) widest = column;
    }
    layout->columns = widest;
    layout->rows = row + 1;
}

static size_t sum(const size_t *items, size_t n)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++) total += items[i] + MARGIN;
    return total;
}

static double title_width(const Layout *layout, const Panel *panel)
{
    return panel->title ? ceil(canvas_text_width(layout->title, panel->title)) : 0;
}

/* The widths of columns: panels of one column first, then the last column of those that span more and need more. */
static void measure_columns(const StudyFigure *figure, const Canvas *picture, bool left, Layout *layout)
{
    for (size_t wide = 0; wide < 2; wide++)
        for (size_t i = 0; i < figure->n; i++) {
            size_t span = (size_t)figure->panels[i].span, first = layout->column[i], need = picture[i].width;
            if ((span > 1) != (wide == 1)) continue;
            size_t title = (size_t)title_width(layout, &figure->panels[i]);
            if (left && title + MARGIN > layout->label[first]) layout->label[first] = title ? title + MARGIN : 0;
            if (!left && title > need) need = title;
            size_t have = sum(layout->width + first, span) - MARGIN;
            if (need > have) layout->width[first + span - 1] += need - have;
        }
}

static Layout lay_out(Arena *arena, const StudyFigure *figure, const Canvas *picture)
{
    Layout layout = {.title = TITLE_LEAST};
    const bool left = strcmp(figure->titles, "left") == 0;
    size_t n = figure->n, columns = (size_t)figure->columns;
    layout.column = arena_alloc(arena, n, sizeof(size_t));
    layout.row = arena_alloc(arena, n, sizeof(size_t));
    layout.width = arena_alloc(arena, columns + 16, sizeof(size_t));
    layout.label = arena_alloc(arena, columns + 16, sizeof(size_t));
    layout.height = arena_alloc(arena, n, sizeof(size_t));
    place_panels(figure, &layout);
    /* titles keep their size beside the picture's where a wide figure is shown as wide as a page */
    measure_columns(figure, picture, true, &layout);
    double suits = floor(0.018 * (double)(sum(layout.width, layout.columns) + MARGIN));
    if (suits > layout.title) layout.title = suits;
    memset(layout.width, 0, columns * sizeof(size_t));
    memset(layout.label, 0, columns * sizeof(size_t));
    measure_columns(figure, picture, left, &layout);
    layout.title_room = left ? 0 : (size_t)floor(layout.title * 1.75);
    for (size_t i = 0; i < n; i++) {
        size_t *height = &layout.height[layout.row[i]];
        if (picture[i].height + layout.title_room > *height) *height = picture[i].height + layout.title_room;
    }
    return layout;
}

static void put_panel(const Layout *layout, const Panel *panel, size_t i, const Canvas *picture, Canvas *out)
{
    size_t column = layout->column[i], row = layout->row[i], span = (size_t)panel->span;
    size_t x = MARGIN + sum(layout->width, column) + layout->label[0], y = MARGIN + sum(layout->height, row);
    for (size_t k = 1; k <= column; k++) x += layout->label[k];
    size_t room = sum(layout->width + column, span) - MARGIN;
    for (size_t k = column + 1; k < column + span; k++) room += layout->label[k];
    const double size = layout->title;
    if (panel->title && layout->title_room)
        canvas_text(out, (double)x + (double)room / 2, (double)y + floor(size * 1.125), size, ALIGN_CENTER, color_ink,
                    panel->title);
    else if (panel->title)
        canvas_text(out, (double)(x - MARGIN), (double)y + (double)picture->height / 2 + 0.365 * size, size,
                    ALIGN_RIGHT, color_ink, panel->title);
    canvas_paste(out, x + (room - picture->width) / 2, y + layout->title_room, picture);
}

static void compose(Arena *arena, const StudyFigure *figure, const Canvas *picture, Canvas *out)
{
    Layout layout = lay_out(arena, figure, picture);
    size_t width = MARGIN + sum(layout.width, layout.columns);
    for (size_t i = 0; i < layout.columns; i++) width += layout.label[i];
    canvas_init(out, width, MARGIN + sum(layout.height, layout.rows));
    for (size_t i = 0; i < figure->n; i++) put_panel(&layout, &figure->panels[i], i, &picture[i], out);
}

/* Leaves the part of the picture that the panel shows; none that lies beyond it. */
static void crop_picture(const Panel *panel, Canvas *picture, Err *lacks)
{
    if (panel->crop.n == 0) return;
    size_t left = (size_t)panel->crop.items[0], top = (size_t)panel->crop.items[1],
           width = (size_t)panel->crop.items[2], height = (size_t)panel->crop.items[3];
    if (left + width > picture->width || top + height > picture->height) {
        err_config(lacks, panel->crop_loc, "the crop [%zu, %zu, %zu, %zu] reaches beyond %s of %s, %zu x %zu pixels",
                   left, top, width, height, panel->figure, panel->run, picture->width, picture->height);
        return;
    }
    Canvas part;
    canvas_init(&part, width, height);
    for (size_t j = 0; j < height; j++)
        memcpy(part.rgb + 3 * j * width, picture->rgb + 3 * ((top + j) * picture->width + left), 3 * width);
    canvas_release(picture);
    *picture = part;
}

bool study_draw_panels(Arena *arena, const RunPlace *place, const StudyFigure *figure, Canvas *out, Err *lacks,
                       Err *err)
{
    const char **path = arena_alloc(arena, figure->n, sizeof *path);
    for (size_t i = 0; i < figure->n; i++) {
        const Panel *panel = &figure->panels[i];
        path[i] = arena_printf(arena, "%s/%s/figures/%s.png", place->results, panel->run, panel->figure);
        if (file_exists(path[i])) continue;
        if (file_exists(arena_printf(arena, "%s/%s/run.yaml", place->results, panel->run)))
            err_config(lacks, panel->loc, "%s has no %s", panel->run, panel->figure);
        else
            err_failed(lacks, panel->loc, "%s is not there yet", panel->run);
    }
    if (lacks->kind != ERR_NONE) return true;
    Canvas *picture = arena_alloc(arena, figure->n, sizeof *picture);
    bool ok = true;
    for (size_t i = 0; ok && i < figure->n; i++) {
        ok = canvas_read(&picture[i], path[i], err);
        if (ok) crop_picture(&figure->panels[i], &picture[i], lacks);
    }
    if (ok && lacks->kind == ERR_NONE) compose(arena, figure, picture, out);
    for (size_t i = 0; i < figure->n; i++) canvas_release(&picture[i]);
    return ok;
}
