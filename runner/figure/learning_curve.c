#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner/canvas/chart.h"
#include "runner/figure/figure.h"

/* A curve for every column that holds a mean over a split. */
static bool is_curve(const char *column)
{
    const char *end = strrchr(column, '_');
    return end && (strcmp(end, "_train") == 0 || strcmp(end, "_valid") == 0 || strcmp(end, "_test") == 0);
}

static void extend(const HistoryView *history, size_t column, double *low, double *high)
{
    for (size_t row = 0; row < history->rows; row++) {
        double value = history->values[row * history->columns + column];
        if (value < *low) *low = value;
        if (value > *high) *high = value;
    }
}

static void draw_curve(const Chart *chart, const HistoryView *history, size_t column, size_t series)
{
    double *x = mem_zeroed(history->rows, sizeof *x), *y = mem_zeroed(history->rows, sizeof *y);
    for (size_t row = 0; row < history->rows; row++) {
        x[row] = history->values[row * history->columns];
        y[row] = history->values[row * history->columns + column];
    }
    char label[64];
    snprintf(label, sizeof label, "%s", history->column[column]);
    for (char *at = label; *at; at++)
        if (*at == '_') *at = ' ';
    chart_line(chart, history->rows, x, y, color_series(series));
    chart_legend(chart, series, true, color_series(series), label);
    free(x);
    free(y);
}

/* What the axis counts, if all terms are of one kind. */
static const char *unit_of(const Experiment *experiment)
{
    for (size_t i = 0; i < experiment->loss_count; i++)
        if (((const Loss *)experiment->losses[i].loss.row)->unit) return "loss an image";
    return "nats an image";
}

static bool draw(const FigureContext *context, Canvas *canvas, Err *err)
{
    (void)err;
    const HistoryView *history = context->history;
    ChartSpec spec = {.width = 800,
                      .height = 440,
                      .x_label = "epoch",
                      .y_label = unit_of(context->use->model->experiment),
                      .integer_x = true,
                      .x_min = 1,
                      .x_max = (double)history->rows,
                      .y_min = INFINITY,
                      .y_max = -INFINITY,
                      .legend = 17,
                      .text = 1.5};
    for (size_t column = 1; column < history->columns; column++)
        if (is_curve(history->column[column])) extend(history, column, &spec.y_min, &spec.y_max);
    canvas_init(canvas, 800, 440);
    Chart chart = chart_begin(canvas, &spec);
    size_t series = 0;
    for (size_t column = 1; column < history->columns; column++)
        if (is_curve(history->column[column])) draw_curve(&chart, history, column, series++);
    return true;
}

const Figure figure_learning_curve = {
    .row = {.name = "learning_curve", .doc = "The objective and its unweighted terms by epoch, from history.csv."},
    .draw = draw,
};
