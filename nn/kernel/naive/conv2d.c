#include <stdbool.h>
#include <stdint.h>

#include "nn/kernel/naive/naive.h"

/* The definition: output o sees image position o * stride + tap - begin. */
static bool sees(size_t o, size_t stride, size_t tap, size_t begin, size_t size, size_t *position)
{
    int64_t i = (int64_t)(o * stride + tap) - (int64_t)begin;
    *position = (size_t)i;
    return i >= 0 && i < (int64_t)size;
}

/* Its inverse: the output that sees image position i through the tap, if there is one. */
static bool seen_by(size_t i, size_t stride, size_t tap, size_t begin, size_t outputs, size_t *o)
{
    int64_t shifted = (int64_t)(i + begin) - (int64_t)tap;
    if (shifted < 0 || shifted % (int64_t)stride != 0) return false;
    *o = (size_t)shifted / stride;
    return *o < outputs;
}

static size_t at(size_t a, size_t b, size_t nb, size_t c, size_t nc, size_t d, size_t nd)
{
    return ((a * nb + b) * nc + c) * nd + d;
}

/* The chain of one output over (kh, kw, cin), from `sum` on. */
static real output_chain(const ConvShape *s, const real *x, const real *w, const size_t o[4], real sum)
{
    for (size_t a = 0; a < s->kh; a++) {
        for (size_t b = 0; b < s->kw; b++) {
            size_t h, v;
            if (a * s->kw + b >= conv_taps(s)) return sum;
            if (!sees(o[1], s->sh, a, s->top, s->ih, &h) || !sees(o[2], s->sw, b, s->left, s->iw, &v)) continue;
            for (size_t c = 0; c < s->cin; c++) {
                sum = naive_link(x[at(o[0], h, s->ih, v, s->iw, c, s->cin)],
                                 w[at(a, b, s->kw, c, s->cin, o[3], s->cout)], sum);
            }
        }
    }
    return sum;
}

/* The chain of one image element over (kh, kw, cout), from `sum` on. */
static real input_chain(const ConvShape *s, const real *dy, const real *w, const size_t i[4], real sum)
{
    for (size_t a = 0; a < s->kh; a++) {
        for (size_t b = 0; b < s->kw; b++) {
            size_t h, v;
            if (a * s->kw + b >= conv_taps(s)) return sum;
            if (!seen_by(i[1], s->sh, a, s->top, s->oh, &h) || !seen_by(i[2], s->sw, b, s->left, s->ow, &v)) continue;
            for (size_t c = 0; c < s->cout; c++) {
                sum = naive_link(dy[at(i[0], h, s->oh, v, s->ow, c, s->cout)],
                                 w[at(a, b, s->kw, i[3], s->cin, c, s->cout)], sum);
            }
        }
    }
    return sum;
}

/* The position of element `index` in (., d1, d2, d3). */
static void split(size_t index, size_t d1, size_t d2, size_t d3, size_t position[4])
{
    position[3] = index % d3;
    position[2] = index / d3 % d2;
    position[1] = index / d3 / d2 % d1;
    position[0] = index / d3 / d2 / d1;
}

static void naive_conv2d(const ConvShape *s, const real *x, const real *w, const Ending *ending, real *y, real *scratch)
{
    (void)scratch;
    for (size_t e = 0; e < s->n * s->oh * s->ow * s->cout; e++) {
        size_t o[4];
        split(e, s->oh, s->ow, s->cout, o);
        y[e] = naive_end(ending, output_chain(s, x, w, o, naive_begin(ending, y, e)), e, o[3]);
    }
}

static void naive_conv2d_grad_input(const ConvShape *s, const real *dy, const real *w, const Ending *ending, real *dx,
                                    real *scratch)
{
    (void)scratch;
    for (size_t e = 0; e < s->n * s->ih * s->iw * s->cin; e++) {
        size_t i[4];
        split(e, s->ih, s->iw, s->cin, i);
        dx[e] = naive_end(ending, input_chain(s, dy, w, i, naive_begin(ending, dx, e)), e, i[3]);
    }
}

/* dw[a][b][c][f] = sum over (n, oh, ow) of x[n][oh sh + a - top][ow sw + b - left][c] dy[n][oh][ow][f] */
static void naive_conv2d_grad_weight(const ConvShape *s, const real *x, const real *dy, bool add, real *dw,
                                     real *scratch)
{
    (void)scratch;
    for (size_t e = 0; e < conv_taps(s) * s->cin * s->cout; e++) {
        size_t t[4];
        split(e, s->kw, s->cin, s->cout, t);
        if (!add) dw[e] = 0;
        for (size_t p = 0; p < s->n * s->oh * s->ow; p++) {
            size_t o[4], h, v;
            split(p, s->oh, s->ow, 1, o);
            if (!sees(o[1], s->sh, t[0], s->top, s->ih, &h) || !sees(o[2], s->sw, t[1], s->left, s->iw, &v)) continue;
            dw[e] = naive_link(x[at(o[0], h, s->ih, v, s->iw, t[2], s->cin)],
                               dy[at(o[0], o[1], s->oh, o[2], s->ow, t[3], s->cout)], dw[e]);
        }
        dw[e] = naive_settle(dw[e]);
    }
}

static size_t no_scratch(const ConvShape *shape)
{
    (void)shape;
    return 0;
}

const Numerics numerics_naive = {
    .name = "naive",
    .doc = "scalar loops written from the formulas, for tests",
    .dense_scratch = naive_dense_scratch,
    .dense = naive_dense,
    .dense_grad_input = naive_dense_grad_input,
    .dense_grad_weight = naive_dense_grad_weight,
    .conv2d_scratch = no_scratch,
    .conv2d = naive_conv2d,
    .conv2d_grad_input = naive_conv2d_grad_input,
    .conv2d_grad_weight = naive_conv2d_grad_weight,
};
