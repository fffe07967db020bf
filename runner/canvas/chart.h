/* A chart's frame on a canvas: axes with round ticks, labels, a legend; lines and points in data coordinates. */
#ifndef RUNNER_CANVAS_CHART_H
#define RUNNER_CANVAS_CHART_H

#include "runner/canvas/canvas.h"

typedef struct Chart {
    Canvas *canvas;
    double left, top, width, height;   /* of the plotting area, in pixels */
    double x_min, x_max, y_min, y_max; /* data coordinates of its edges */
    double text;                       /* the scale of text */
} Chart;

/* Lays the chart into the rectangle x, y, width, height of the canvas (title, labels, ticks and legend room included),
 * widens the ranges to round numbers and draws the frame, grid and ticks. A range with min == max is widened. title and
 * labels may be NULL. legend: room at the right for entries of that many characters; 0: none. equal: one unit is as
 * long in y as in x. text: how many times as large as usual the text is, for pictures that are shown small; 0: once. */
typedef struct ChartSpec {
    double x, y, width, height;
    const char *title, *x_label, *y_label;
    double x_min, x_max, y_min, y_max;
    size_t legend;
    bool equal;
    bool integer_x; /* ticks at whole numbers only */
    double text;
} ChartSpec;

Chart chart_begin(Canvas *canvas, const ChartSpec *spec);
void chart_line(const Chart *chart, size_t n, const double *x, const double *y, Color color); /* NaN breaks the line */
void chart_point(const Chart *chart, double x, double y, double radius, Color color, double alpha); /* clipped */
void chart_legend(const Chart *chart, size_t i, bool line, Color color, const char *label);         /* the i-th entry */

#endif
