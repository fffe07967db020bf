#include "nn/kernel/rectify.h"

#include "nn/kernel/blocks.h"
#include "nn/kernel/wide.h"

typedef struct Arrays {
    const real *x, *dy;
    real *dx;
} Arrays;

WIDE(in_place_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->x;
    real *restrict dx = v->dx;
    for (size_t i = begin; i < end; i++) {
        const real g = 0 + dx[i]; /* loaded without a condition, so that the loop becomes vector code */
        dx[i] = x[i] <= 0 ? 0 : g;
    }
}

WIDE(loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->x;
    const real *restrict dy = v->dy;
    real *restrict dx = v->dx;
    for (size_t i = begin; i < end; i++) {
        const real g = 0 + dy[i];
        dx[i] = x[i] <= 0 ? 0 : g;
    }
}

void rectify_grad(size_t n, const real *x, const real *dy, real *dx)
{
    wide_run(n, BLOCK_ELEMENTS, dx == dy ? &in_place_loop : &loop, &(Arrays){x, dy, dx});
}
