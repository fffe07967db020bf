#include <stdbool.h>

#include "nn/kernel/naive/naive.h"

/* Where the tap k of a window lies in the image, or false: in the padding. */
static bool place(size_t o, size_t stride, size_t k, size_t begin, size_t size, size_t *at)
{
    const size_t padded = o * stride + k;
    if (padded < begin || padded - begin >= size) return false;
    *at = padded - begin;
    return true;
}

/* One output element: its index, and the indices of the in-image elements of its window in order, with their taps. */
typedef struct Window {
    size_t output, n;
    size_t at[256], tap[256];
} Window;

static Window window_of(const ConvShape *s, size_t i, size_t oh, size_t ow, size_t c)
{
    Window w = {.output = ((i * s->oh + oh) * s->ow + ow) * s->cin + c};
    for (size_t k = 0; k < s->kh * s->kw; k++) {
        size_t row, column;
        if (!place(oh, s->sh, k / s->kw, s->top, s->ih, &row)) continue;
        if (!place(ow, s->sw, k % s->kw, s->left, s->iw, &column)) continue;
        w.tap[w.n] = k;
        w.at[w.n++] = ((i * s->ih + row) * s->iw + column) * s->cin + c;
    }
    return w;
}

static Window nth_window(const ConvShape *s, size_t n)
{
    const size_t c = n % s->cin, ow = n / s->cin % s->ow, oh = n / s->cin / s->ow % s->oh;
    return window_of(s, n / s->cin / s->ow / s->oh, oh, ow, c);
}

static size_t windows_of(const ConvShape *s)
{
    return s->n * s->oh * s->ow * s->cin;
}

void naive_pooling_max(const ConvShape *shape, const real *x, real *y, real *tap)
{
    for (size_t n = 0; n < windows_of(shape); n++) {
        const Window w = nth_window(shape, n);
        size_t best = 0;
        for (size_t k = 1; k < w.n; k++) best = x[w.at[k]] > x[w.at[best]] ? k : best;
        y[w.output] = x[w.at[best]];
        tap[w.output] = (real)w.tap[best];
    }
}

void naive_pooling_max_grad(const ConvShape *shape, const real *tap, const real *dy, real *dx)
{
    for (size_t n = 0; n < windows_of(shape); n++) {
        const Window w = nth_window(shape, n);
        for (size_t k = 0; k < w.n; k++) dx[w.at[k]] += (real)w.tap[k] == tap[w.output] ? dy[w.output] : 0;
    }
}

void naive_pooling_average(const ConvShape *shape, const real *x, real *y)
{
    for (size_t n = 0; n < windows_of(shape); n++) {
        const Window w = nth_window(shape, n);
        double sum = 0;
        for (size_t k = 0; k < w.n; k++) sum += (double)x[w.at[k]];
        y[w.output] = (real)(sum / (double)w.n);
    }
}

void naive_pooling_average_grad(const ConvShape *shape, const real *dy, real *dx)
{
    for (size_t n = 0; n < windows_of(shape); n++) {
        const Window w = nth_window(shape, n);
        for (size_t k = 0; k < w.n; k++) dx[w.at[k]] += dy[w.output] / (real)w.n;
    }
}
