#include "runner/canvas/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "runner/canvas/ticks.h"

/* Sizes in pixels, times the chart's text scale where they are text or stand beside it. */
enum { TICK = 13, LABEL = 14, TITLE = 16, GAP = 8, LEGEND_ROW = 22, SWATCH = 18, TICK_ROOM = 46 };
static const double line_width = 2, dot_radius = 3;

static size_t tick_limit(double length, double room)
{
    const double n = floor(length / room);
    return n < 2 ? 2 : n > 12 ? 12 : (size_t)n;
}

static double ticks_step(const Ticks *ticks)
{
    const Ticks one = {.first = 1, .n = 1, .factor = ticks->factor, .exponent = ticks->exponent};
    return ticks_value(&one, 0);
}

static double widest_label(const Chart *chart, const Ticks *ticks)
{
    char label[TICK_LABEL_BYTES];
    double widest = 0;
    for (size_t i = 0; i < ticks->n; i++) {
        ticks_label(ticks, i, label);
        widest = fmax(widest, canvas_text_width(TICK * chart->text, label));
    }
    return widest;
}

static double column(const Chart *chart, double x)
{
    return chart->left + (x - chart->x_min) / (chart->x_max - chart->x_min) * chart->width;
}

static double row(const Chart *chart, double y)
{
    return chart->top + (chart->y_max - y) / (chart->y_max - chart->y_min) * chart->height;
}

/* A range whose units would be longer than the other axis's is widened round its middle. */
static void make_equal(Chart *chart)
{
    const double x_unit = chart->width / (chart->x_max - chart->x_min),
                 y_unit = chart->height / (chart->y_max - chart->y_min);
    const double unit = fmin(x_unit, y_unit);
    const double x_middle = (chart->x_min + chart->x_max) / 2, y_middle = (chart->y_min + chart->y_max) / 2;
    chart->x_min = x_middle - chart->width / unit / 2, chart->x_max = x_middle + chart->width / unit / 2;
    chart->y_min = y_middle - chart->height / unit / 2, chart->y_max = y_middle + chart->height / unit / 2;
}

static void draw_x_axis(const Chart *chart, const Ticks *ticks)
{
    char label[TICK_LABEL_BYTES];
    const double bottom = chart->top + chart->height, size = TICK * chart->text;
    for (size_t i = 0; i < ticks->n; i++) {
        const double x = floor(column(chart, ticks_value(ticks, i)));
        ticks_label(ticks, i, label);
        canvas_rectangle(chart->canvas, x, chart->top, 1, chart->height, color_grid);
        canvas_rectangle(chart->canvas, x, bottom, 1, 4, color_muted);
        canvas_text(chart->canvas, x + 0.5, bottom + GAP * chart->text + size, size, ALIGN_CENTER, color_muted, label);
    }
}

static void draw_y_axis(const Chart *chart, const Ticks *ticks)
{
    char label[TICK_LABEL_BYTES];
    const double size = TICK * chart->text;
    for (size_t i = 0; i < ticks->n; i++) {
        const double y = floor(row(chart, ticks_value(ticks, i)));
        ticks_label(ticks, i, label);
        canvas_rectangle(chart->canvas, chart->left, y, chart->width, 1, color_grid);
        canvas_rectangle(chart->canvas, chart->left - 4, y, 4, 1, color_muted);
        /* digits are 0.73 em high: half of it below the tick's middle */
        canvas_text(chart->canvas, chart->left - GAP * chart->text, y + 0.5 + 0.365 * size, size, ALIGN_RIGHT,
                    color_muted, label);
    }
}

static void draw_titles(const Chart *chart, const ChartSpec *spec)
{
    const double middle = chart->left + chart->width / 2, bottom = chart->top + chart->height, text = chart->text;
    if (spec->title)
        canvas_text(chart->canvas, middle, chart->top - 12 * text, TITLE * text, ALIGN_CENTER, color_ink, spec->title);
    if (spec->x_label)
        canvas_text(chart->canvas, middle, bottom + (GAP + TICK + GAP + LABEL) * text, LABEL * text, ALIGN_CENTER,
                    color_ink, spec->x_label);
    if (spec->y_label)
        canvas_text_up(chart->canvas, spec->x + (GAP + LABEL) * text, chart->top + chart->height / 2, LABEL * text,
                       ALIGN_CENTER, color_ink, spec->y_label);
}

/* The plotting area within the rectangle, given the widths of the widest labels at the bottom and at the left. */
static void lay_out(Chart *chart, const ChartSpec *spec, double x_width, double y_width)
{
    const double text = chart->text, gap = GAP * text;
    const double entries = 2 * gap + SWATCH * text + gap + (double)spec->legend * LABEL * text * 0.62;
    const double legend = spec->legend ? entries : fmax(2 * gap, x_width / 2 + gap / 2);
    const double left = 2 * gap + y_width + (spec->y_label ? gap + LABEL * text : 0);
    const double top = (spec->title ? TITLE + 18 : 12) * text;
    const double bottom = gap + TICK * text + (spec->x_label ? gap + LABEL * text : 0) + gap;
    chart->left = floor(spec->x + left);
    chart->top = floor(spec->y + top);
    chart->width = fmax(1, floor(spec->width - left - legend));
    chart->height = fmax(1, floor(spec->height - top - bottom));
}

/* more: this many steps above those that have room beside each other. */
static void choose_ticks(const Chart *chart, const ChartSpec *spec, double x_width, size_t more, Ticks *x, Ticks *y)
{
    const double text = chart->text;
    const size_t x_most = tick_limit(chart->width, fmax(TICK_ROOM * text, x_width + 3 * GAP * text)) + more,
                 y_most = tick_limit(chart->height, TICK_ROOM * text) + more;
    *x = ticks_make(chart->x_min, chart->x_max, x_most, !spec->equal, spec->integer_x);
    *y = ticks_make(chart->y_min, chart->y_max, y_most, !spec->equal, false);
    if (!spec->equal) return;
    /* one unit is as long in both: the coarser step serves both */
    if (ticks_step(x) > ticks_step(y))
        *y = ticks_like(chart->y_min, chart->y_max, x);
    else
        *x = ticks_like(chart->x_min, chart->x_max, y);
}

Chart chart_begin(Canvas *canvas, const ChartSpec *spec)
{
    Chart chart = {.canvas = canvas, .text = spec->text > 0 ? spec->text : 1};
    Ticks x_ticks = {0}, y_ticks = {0};
    double x_width = 3 * TICK * chart.text, y_width = x_width;
    /* the ticks decide the width of the labels, and that the room for ticks: further rounds settle it */
    for (int round = 0; round < 4; round++) {
        lay_out(&chart, spec, x_width, y_width);
        chart.x_min = spec->x_min, chart.x_max = spec->x_max;
        chart.y_min = spec->y_min, chart.y_max = spec->y_max;
        ticks_range(&chart.x_min, &chart.x_max);
        ticks_range(&chart.y_min, &chart.y_max);
        if (spec->equal) make_equal(&chart);
        /* a single tick tells no scale: then rather some more than there is room for */
        for (size_t more = 0; more < 8 && (more == 0 || x_ticks.n < 2 || y_ticks.n < 2); more++)
            choose_ticks(&chart, spec, x_width, more, &x_ticks, &y_ticks);
        if (!spec->equal) {
            chart.x_min = ticks_value(&x_ticks, 0), chart.x_max = ticks_value(&x_ticks, x_ticks.n - 1);
            chart.y_min = ticks_value(&y_ticks, 0), chart.y_max = ticks_value(&y_ticks, y_ticks.n - 1);
        }
        x_width = fmax(round ? x_width : 0, widest_label(&chart, &x_ticks));
        y_width = fmax(round ? y_width : 0, widest_label(&chart, &y_ticks));
    }
    draw_x_axis(&chart, &x_ticks);
    draw_y_axis(&chart, &y_ticks);
    canvas_rectangle(canvas, chart.left, chart.top, 1, chart.height + 1, color_muted);
    canvas_rectangle(canvas, chart.left, chart.top + chart.height, chart.width + 1, 1, color_muted);
    draw_titles(&chart, spec);
    return chart;
}

/* A point that no line leads to or from: a curve of one epoch, for one. */
static bool alone(size_t n, const double *y, size_t i)
{
    return isfinite(y[i]) && (i == 0 || !isfinite(y[i - 1])) && (i + 1 == n || !isfinite(y[i + 1]));
}

void chart_line(const Chart *chart, size_t n, const double *x, const double *y, Color color)
{
    if (n == 0) return;
    double *columns = mem_zeroed(n, sizeof *columns), *rows = mem_zeroed(n, sizeof *rows);
    for (size_t i = 0; i < n; i++) {
        columns[i] = column(chart, x[i]) + 0.5;
        rows[i] = row(chart, y[i]) + 0.5;
    }
    canvas_clip(chart->canvas, chart->left, chart->top - 1, chart->width + 2, chart->height + 2);
    canvas_polyline(chart->canvas, n, columns, rows, line_width, color);
    for (size_t i = 0; i < n; i++)
        if (alone(n, y, i)) canvas_dot(chart->canvas, columns[i], rows[i], dot_radius * chart->text, color, 1);
    canvas_unclip(chart->canvas);
    free(columns);
    free(rows);
}

void chart_point(const Chart *chart, double x, double y, double radius, Color color, double alpha)
{
    canvas_clip(chart->canvas, chart->left + 1, chart->top - 1, chart->width + 1, chart->height + 1);
    canvas_dot(chart->canvas, column(chart, x) + 0.5, row(chart, y) + 0.5, radius, color, alpha);
    canvas_unclip(chart->canvas);
}

void chart_legend(const Chart *chart, size_t i, bool line, Color color, const char *label)
{
    const double text = chart->text, x = chart->left + chart->width + 2 * GAP * text,
                 y = chart->top + (LEGEND_ROW / 2 + (double)i * LEGEND_ROW) * text;
    if (line)
        canvas_line(chart->canvas, x, y, x + SWATCH * text, y, 3, color);
    else
        canvas_dot(chart->canvas, x + SWATCH * text / 2, y, 5 * text, color, 1);
    canvas_text(chart->canvas, x + (SWATCH + GAP) * text, y + 0.365 * TICK * text, TICK * text, ALIGN_LEFT, color_ink,
                label);
}
