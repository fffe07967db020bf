/* Inside of runner/canvas: coverage masks, which shapes and text draw into and which are then blended once. */
#ifndef RUNNER_CANVAS_PAINT_H
#define RUNNER_CANVAS_PAINT_H

#include "runner/canvas/canvas.h"

/* Pixels of the canvas: left, top inclusive; right, bottom exclusive. */
typedef struct Box {
    ptrdiff_t left, top, right, bottom;
} Box;

/* The whole pixels that a rectangle in pixel coordinates touches, cut at the canvas's clip. NaN gives an empty box. */
Box paint_box(const Canvas *canvas, double x0, double y0, double x1, double y1);
bool paint_empty(Box box);

/* color over the pixel x, y (which must be inside the canvas), coverage 0..1. */
void paint_pixel(Canvas *canvas, ptrdiff_t x, ptrdiff_t y, double coverage, Color color);

#endif
