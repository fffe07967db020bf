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

/* The objective of a single term is that term's curve again. */
static bool is_drawn(const FigureContext *context, const char *column)
{
    const bool again = context->use->model->experiment->loss_count == 1 && strncmp(column, "objective_", 10) == 0;
    return is_curve(column) && !again;
}

static void extend(const HistoryView *history, size_t first, size_t column, double *low, double *high)
{
    for (size_t row = first; row < history->rows; row++) {
        double value = history->values[row * history->columns + column];
        if (value < *low) *low = value;
        if (value > *high) *high = value;
    }
}

/* A first epoch that would flatten all later ones is left to run out of the picture. */
static void set_range(const FigureContext *context, ChartSpec *spec)
{
    enum { FLAT = 4 };
    const HistoryView *history = context->history;
    double low = INFINITY, high = -INFINITY;
    spec->y_min = INFINITY, spec->y_max = -INFINITY;
    for (size_t column = 1; column < history->columns; column++)
        if (is_drawn(context, history->column[column])) {
            extend(history, 0, column, &spec->y_min, &spec->y_max);
            extend(history, 1, column, &low, &high);
        }
    if (history->rows > 2 && spec->y_max - spec->y_min > FLAT * (high - low)) spec->y_min = low, spec->y_max = high;
}

static void draw_curve(const Chart *chart, const HistoryView *history, size_t column, size_t entry, Color color)
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
    chart_line(chart, history->rows, x, y, color);
    chart_legend(chart, entry, true, color, label);
    free(x);
    free(y);
}

static const char *split_of(const char *column)
{
    return strrchr(column, '_') + 1;
}

/* A hue for each term; the last split in full, those before it paler. */
static void draw_curves(const FigureContext *context, const Chart *chart)
{
    const HistoryView *history = context->history;
    const char *last = "", *split = "";
    for (size_t column = 1; column < history->columns; column++)
        if (is_curve(history->column[column])) last = split_of(history->column[column]);
    size_t entry = 0, term = 0;
    for (size_t column = 1; column < history->columns; column++) {
        const char *name = history->column[column];
        if (!is_drawn(context, name)) continue;
        if (strcmp(split_of(name), split) != 0) term = 0;
        split = split_of(name);
        const double paleness = strcmp(split, last) == 0 ? 0 : strcmp(split, "valid") == 0 ? 0.3 : 0.55;
        draw_curve(chart, history, column, entry++, color_pale(color_series(term++), paleness));
    }
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
                      .legend = 17,
                      .text = 1.5};
    set_range(context, &spec);
    canvas_init(canvas, 800, 440);
    const Chart chart = chart_begin(canvas, &spec);
    draw_curves(context, &chart);
    return true;
}

const Figure figure_learning_curve = {
    .row = {.name = "learning_curve",
            .doc =
                "The objective and its unweighted terms by epoch, from history.csv: train paler than valid and test. "
                "A first epoch far above the others runs out of the picture."},
    .draw = draw,
};
