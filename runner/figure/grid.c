#include "runner/figure/grid.h"

void grid_init(const Grid *grid, Canvas *canvas)
{
    canvas_init(canvas, grid_x(grid, grid->columns) + grid->right, grid_y(grid, grid->rows) + grid->bottom);
}

size_t grid_x(const Grid *grid, size_t column)
{
    return grid->left + grid->gap + column * (grid->width * grid->scale + grid->gap);
}

size_t grid_y(const Grid *grid, size_t row)
{
    return grid->top + grid->gap + row * (grid->height * grid->scale + grid->gap);
}

void grid_put(const Grid *grid, Canvas *canvas, size_t row, size_t column, const real *image)
{
    canvas_image(canvas, grid_x(grid, column), grid_y(grid, row), grid->scale, grid->height, grid->width,
                 grid->channels, image);
}
