#include "nn/kernel/gate.h"

#include "nn/base/fmath.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/wide.h"

typedef struct Gate {
    size_t channels;
    const real *x, *kept, *dy;
    real *keep, *to;
} Gate;

WIDE(gate_loop)(const void *context, size_t begin, size_t end)
{
    const Gate *v = context;
    const size_t c = v->channels;
    for (size_t r = begin; r < end; r++) {
        const real *restrict x = v->x + r * 2 * c;
        real *restrict keep = v->keep + r * 2 * c, *restrict y = v->to + r * c;
        for (size_t i = 0; i < c; i++) {
            keep[i] = r_tanh(x[i]);
            keep[c + i] = r_sigmoid(x[c + i]);
            y[i] = keep[i] * keep[c + i];
        }
    }
}

WIDE(gate_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Gate *v = context;
    const size_t c = v->channels;
    for (size_t r = begin; r < end; r++) {
        const real *restrict keep = v->kept + r * 2 * c, *restrict dy = v->dy + r * c;
        real *restrict dx = v->to + r * 2 * c;
        for (size_t i = 0; i < c; i++) {
            const real a = keep[i], b = keep[c + i];
            dx[i] += dy[i] * b * (1 - a * a);
            dx[c + i] += dy[i] * a * (b * (1 - b));
        }
    }
}

void gate(size_t rows, size_t channels, const real *x, real *keep, real *y)
{
    wide_run(rows, block_rows(4 * channels), &gate_loop, &(Gate){.channels = channels, .x = x, .keep = keep, .to = y});
}

void gate_grad(size_t rows, size_t channels, const real *keep, const real *dy, real *dx)
{
    wide_run(rows, block_rows(4 * channels), &gate_grad_loop,
             &(Gate){.channels = channels, .kept = keep, .dy = dy, .to = dx});
}
