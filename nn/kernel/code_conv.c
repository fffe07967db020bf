#include "nn/kernel/code_conv.h"

#include <math.h>

#include "nn/base/pool.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/wide.h"

enum {
    IMAGES = 2, /* of a task */
    PLACE_IMAGES = 32,
    LANES = 32, /* filters that are summed side by side */
    ROWS = 64   /* of the weight that are gathered before they are added */
};

typedef struct Conv {
    const ConvShape *shape;
    const real *code, *w, *bias, *dy;
    real *to;
    size_t lanes; /* blocks of filters */
    size_t step;  /* from a place's code to the next one's */
    size_t oh, ow;
} Conv;

static bool is_code(real code, size_t codes)
{
    return code >= 0 && code < (real)codes;
}

/* Where output o sees the image through the tap, if it does. */
static bool sees(size_t o, size_t stride, size_t tap, size_t begin, size_t size, size_t *position)
{
    const size_t at = o * stride + tap;
    *position = at - begin;
    return at >= begin && *position < size;
}

typedef struct Rows {
    const real *const *row;
    size_t n;
    real *to;
} Rows;

/* to += the rows, each in turn. */
WIDE(add_loop)(const void *context, size_t f, size_t n)
{
    const Rows *v = context;
    const real *const *row = v->row;
    const size_t rows = v->n;
    real *to = v->to;
    for (; f + LANES <= n; f += LANES) {
        real sum[LANES];
        for (size_t i = 0; i < LANES; i++) sum[i] = to[f + i];
        for (size_t r = 0; r < rows; r++) {
            for (size_t i = 0; i < LANES; i++) sum[i] += row[r][f + i];
        }
        for (size_t i = 0; i < LANES; i++) to[f + i] = sum[i];
    }
    for (; f < n; f++) {
        for (size_t r = 0; r < rows; r++) to[f] += row[r][f];
    }
}

static void add_rows(size_t n, size_t rows, const real *const *row, real *to)
{
    wide_call(&add_loop, &(Rows){row, rows, to}, 0, n);
}

static void output(const Conv *v, const real *code, size_t oh, size_t ow, real *to)
{
    const ConvShape *s = v->shape;
    const size_t taps = conv_taps(s);
    const real *row[ROWS] = {0};
    size_t rows = 0, h, w;
    bool known = true;
    for (size_t f = 0; f < s->cout; f++) to[f] = 0;
    for (size_t tap = 0; tap < taps; tap++) {
        if (!sees(oh, s->sh, tap / s->kw, s->top, s->ih, &h) || !sees(ow, s->sw, tap % s->kw, s->left, s->iw, &w))
            continue;
        const real at = code[(h * s->iw + w) * v->step];
        if (!is_code(at, s->cin)) {
            known = false;
            continue;
        }
        row[rows++] = v->w + (tap * s->cin + (size_t)at) * s->cout;
        if (rows < ROWS) continue;
        add_rows(s->cout, rows, row, to);
        rows = 0;
    }
    add_rows(s->cout, rows, row, to);
    for (size_t f = 0; f < s->cout && v->bias; f++) to[f] += v->bias[f];
    for (size_t f = 0; f < s->cout && !known; f++) to[f] = (real)NAN;
}

static void images_loop(const void *context, size_t begin, size_t end)
{
    const Conv *v = context;
    const ConvShape *s = v->shape;
    for (size_t n = begin; n < end; n++) {
        real *to = v->to + n * s->oh * s->ow * s->cout;
        for (size_t o = 0; o < s->oh * s->ow; o++)
            output(v, v->code + n * s->ih * s->iw, o / s->ow, o % s->ow, to + o * s->cout);
    }
}

void code_conv(const ConvShape *shape, const real *code, const real *w, const real *bias, real *y)
{
    blocks_run(shape->n, IMAGES, images_loop,
               &(Conv){.shape = shape, .code = code, .w = w, .bias = bias, .to = y, .step = 1});
}

static void place_loop(const void *context, size_t begin, size_t end)
{
    const Conv *v = context;
    for (size_t n = begin; n < end; n++) output(v, v->code + n, v->oh, v->ow, v->to + n * v->shape->cout);
}

void code_conv_place(const ConvShape *shape, size_t oh, size_t ow, const real *code, const real *w, const real *bias,
                     real *y)
{
    const Conv v = {.shape = shape, .code = code, .w = w, .bias = bias, .to = y, .step = shape->n, .oh = oh, .ow = ow};
    blocks_run(shape->n, PLACE_IMAGES, place_loop, &v);
}

/* A task owns some filters of one tap, and runs through the whole batch. */
static void tap_task(void *context, size_t task)
{
    const Conv *v = context;
    const ConvShape *s = v->shape;
    const size_t tap = task / v->lanes, filter = task % v->lanes * LANES;
    const size_t n = s->cout - filter < LANES ? s->cout - filter : LANES;
    real *dw = v->to + tap * s->cin * s->cout + filter;
    size_t h, w;
    for (size_t line = 0; line < s->n * s->oh; line++) {
        if (!sees(line % s->oh, s->sh, tap / s->kw, s->top, s->ih, &h)) continue;
        const real *code = v->code + (line / s->oh * s->ih + h) * s->iw;
        for (size_t ow = 0; ow < s->ow; ow++) {
            if (!sees(ow, s->sw, tap % s->kw, s->left, s->iw, &w) || !is_code(code[w], s->cin)) continue;
            const real *from = v->dy + (line * s->ow + ow) * s->cout + filter;
            add_rows(n, 1, &from, dw + (size_t)code[w] * s->cout);
        }
    }
}

void code_conv_grad_weight(const ConvShape *shape, const real *code, const real *dy, real *dw)
{
    Conv v = {.shape = shape, .code = code, .dy = dy, .to = dw, .lanes = (shape->cout + LANES - 1) / LANES};
    pool_run(conv_taps(shape) * v.lanes, tap_task, &v);
}
