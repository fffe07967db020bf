#include "runner/canvas/ranking.h"

#include <math.h>
#include <stdio.h>

#include "nn/base/err.h"
#include "runner/canvas/ticks.h"

/* Sizes in pixels. */
enum { TEXT = 16, ROW = 27, MARGIN = 12, GAP = 12, PLOT = 560, TOP = 40, BOTTOM = 64, RADIUS = 5, DASH = 6, SPACE = 4 };

typedef struct Axis {
    Ticks ticks;
    double left, top, bottom; /* PLOT wide */
    double min, max;
} Axis;

static double column(const Axis *axis, double value)
{
    return axis->left + (value - axis->min) / (axis->max - axis->min) * PLOT;
}

static void figures_of(const RankingRow *row, char text[48])
{
    if (row->spread > 0)
        snprintf(text, 48, "%.2f \xc2\xb1 %.2f", row->value, row->spread);
    else
        snprintf(text, 48, "%.2f", row->value);
}

static Axis make_axis(const RankingSpec *spec, double left)
{
    Axis axis = {.left = left, .top = TOP, .bottom = TOP + (double)spec->n * ROW};
    double min = INFINITY, max = -INFINITY;
    for (size_t i = 0; i < spec->n; i++) {
        min = fmin(min, spec->rows[i].value - spec->rows[i].spread);
        max = fmax(max, spec->rows[i].value + spec->rows[i].spread);
    }
    for (size_t i = 0; i < spec->line_count; i++) min = fmin(min, spec->lines[i]), max = fmax(max, spec->lines[i]);
    axis.ticks = ticks_make(min, max, 8, true, false);
    axis.min = ticks_value(&axis.ticks, 0);
    axis.max = ticks_value(&axis.ticks, axis.ticks.n - 1);
    return axis;
}

static void draw_axis(Canvas *canvas, const Axis *axis, const char *label)
{
    char text[TICK_LABEL_BYTES];
    for (size_t i = 0; i < axis->ticks.n; i++) {
        const double x = floor(column(axis, ticks_value(&axis->ticks, i)));
        ticks_label(&axis->ticks, i, text);
        canvas_rectangle(canvas, x, axis->top, 1, axis->bottom - axis->top, color_grid);
        canvas_rectangle(canvas, x, axis->bottom, 1, 5, color_muted);
        canvas_text(canvas, x + 0.5, axis->bottom + 8 + TEXT, TEXT, ALIGN_CENTER, color_muted, text);
    }
    canvas_rectangle(canvas, axis->left, axis->bottom, PLOT + 1, 1, color_muted);
    canvas_text(canvas, axis->left + PLOT / 2.0, axis->bottom + BOTTOM - 14, TEXT, ALIGN_CENTER, color_ink, label);
}

/* The lines stand behind the dots; their title above, within the canvas. */
static void draw_lines(Canvas *canvas, const Axis *axis, const RankingSpec *spec)
{
    for (size_t i = 0; i < spec->line_count; i++) {
        const double x = floor(column(axis, spec->lines[i])) + 0.5;
        const double from = axis->top - DASH;
        const int dashes = (int)ceil((axis->bottom - from) / (DASH + SPACE));
        for (int dash = 0; dash < dashes; dash++) {
            const double y = from + dash * (DASH + SPACE);
            canvas_line(canvas, x, y, x, fmin(y + DASH, axis->bottom), 2, color_ink);
        }
    }
    if (spec->line_count == 0 || !spec->line_title) return;
    char text[128];
    double least = spec->lines[0], most = least;
    for (size_t i = 1; i < spec->line_count; i++)
        least = fmin(least, spec->lines[i]), most = fmax(most, spec->lines[i]);
    if (most - least < 0.005)
        snprintf(text, sizeof text, "%s %.2f", spec->line_title, most);
    else
        snprintf(text, sizeof text, "%s %.2f\xe2\x80\x93%.2f", spec->line_title, least, most);
    const double half = canvas_text_width(TEXT, text) / 2, end = (double)canvas->width - MARGIN;
    const double middle = fmax(MARGIN + half, fmin(column(axis, most), end - half));
    canvas_text(canvas, middle, axis->top - 14, TEXT, ALIGN_CENTER, color_ink, text);
}

static void draw_row(Canvas *canvas, const Axis *axis, const RankingRow *row, size_t i)
{
    char text[48];
    const double y = axis->top + ((double)i + 0.5) * ROW, x = column(axis, row->value), base = y + 0.365 * TEXT;
    canvas_rectangle(canvas, axis->left, floor(y), PLOT, 1, color_grid);
    if (row->spread > 0) {
        const double low = column(axis, row->value - row->spread), high = column(axis, row->value + row->spread);
        canvas_line(canvas, low, y, high, y, 2.5, row->color);
        canvas_line(canvas, low, y - 7, low, y + 7, 2.5, row->color);
        canvas_line(canvas, high, y - 7, high, y + 7, 2.5, row->color);
    }
    canvas_dot(canvas, x, y, RADIUS, row->color, 1);
    figures_of(row, text);
    canvas_text(canvas, axis->left - GAP, base, TEXT, ALIGN_RIGHT, color_ink, row->label);
    canvas_text(canvas, (double)canvas->width - MARGIN, base, TEXT, ALIGN_RIGHT, color_muted, text);
}

void ranking_draw(Canvas *canvas, const RankingSpec *spec)
{
    if (spec->n == 0) BUG("a ranking of nothing");
    char text[48];
    double labels = 0, figures = 0;
    for (size_t i = 0; i < spec->n; i++) {
        figures_of(&spec->rows[i], text);
        labels = fmax(labels, canvas_text_width(TEXT, spec->rows[i].label));
        figures = fmax(figures, canvas_text_width(TEXT, text));
    }
    const Axis axis = make_axis(spec, ceil(MARGIN + labels + GAP));
    canvas_init(canvas, (size_t)(axis.left + PLOT + 2 * GAP + ceil(figures) + MARGIN), (size_t)axis.bottom + BOTTOM);
    draw_axis(canvas, &axis, spec->label);
    draw_lines(canvas, &axis, spec);
    for (size_t i = 0; i < spec->n; i++) draw_row(canvas, &axis, &spec->rows[i], i);
}
