/* A grid of small images: samples, reconstructions, manifolds. */
#ifndef RUNNER_FIGURE_GRID_H
#define RUNNER_FIGURE_GRID_H

#include "runner/canvas/canvas.h"

typedef struct Grid {
    size_t rows, columns;
    size_t height, width, channels;  /* of an image */
    size_t scale, gap;               /* in pixels */
    size_t left, top, right, bottom; /* margins for labels */
} Grid;

void grid_init(const Grid *grid, Canvas *canvas);
/* An image with values 0..1 into a cell. */
void grid_put(const Grid *grid, Canvas *canvas, size_t row, size_t column, const real *image);
/* The top left corner of a cell. */
size_t grid_x(const Grid *grid, size_t column);
size_t grid_y(const Grid *grid, size_t row);

#endif
