#include "nn/kernel/pooling.h"

#include <string.h>

#include "nn/kernel/blocks.h"
#include "nn/kernel/wide.h"

enum { LANES = 16 };

typedef struct Pooling {
    const ConvShape *shape;
    const real *x, *dy;
    const real *tap_in;
    real *to, *tap;
    bool rectify;
    Ending ending;
} Pooling;

/* The taps of a window that lie in the image: rows [top, bottom) and columns [left, right) of the kernel, and where the
 * first of them is in the image. */
typedef struct Window {
    size_t top, bottom, left, right, row, column;
} Window;

WIDE_INLINE void clip(size_t o, size_t stride, size_t kernel, size_t begin, size_t size, size_t *from, size_t *to,
                      size_t *at)
{
    const size_t start = o * stride; /* of the padded image */
    *from = start < begin ? begin - start : 0;
    *to = start + kernel > begin + size ? begin + size - start : kernel;
    *at = start + *from - begin;
}

WIDE_INLINE Window window_at(const ConvShape *s, size_t oh, size_t ow)
{
    Window w;
    clip(oh, s->sh, s->kh, s->top, s->ih, &w.top, &w.bottom, &w.row);
    clip(ow, s->sw, s->kw, s->left, s->iw, &w.left, &w.right, &w.column);
    return w;
}

/* Calls each(v, window, image's first element, output's first element) for the windows of images [begin, end). */
WIDE_INLINE void for_windows(const Pooling *v, size_t begin, size_t end,
                             void (*each)(const Pooling *v, const Window *w, size_t image, size_t output))
{
    const ConvShape *s = v->shape;
    for (size_t i = begin; i < end; i++) {
        for (size_t oh = 0; oh < s->oh; oh++) {
            for (size_t ow = 0; ow < s->ow; ow++) {
                const Window w = window_at(s, oh, ow);
                each(v, &w, i * s->ih * s->iw * s->cin, ((i * s->oh + oh) * s->ow + ow) * s->cin);
            }
        }
    }
}

/* Where tap (kh, kw) of a window lies in its image. */
WIDE_INLINE size_t offset_of(const ConvShape *s, const Window *w, size_t kh, size_t kw)
{
    return ((w->row + kh - w->top) * s->iw + w->column + kw - w->left) * s->cin;
}

WIDE_INLINE void greater_of(size_t channels, real tap, const real *restrict x, real *restrict y, real *restrict at)
{
    for (size_t c = 0; c < channels; c++) {
        const int take = x[c] > y[c] || x[c] != x[c];
        at[c] = take ? tap : at[c];
        y[c] = take ? x[c] : y[c];
    }
}

WIDE_INLINE void rectify(size_t channels, real *restrict y)
{
    for (size_t c = 0; c < channels; c++) y[c] = y[c] < 0 ? 0 : y[c];
}

WIDE_INLINE void max_window(const Pooling *v, const Window *w, size_t image, size_t output)
{
    const ConvShape *s = v->shape;
    real *y = v->to + output, *tap = v->tap + output;
    const real *first = v->x + image + offset_of(s, w, w->top, w->left);
    for (size_t c = 0; c < s->cin; c++) {
        y[c] = first[c];
        tap[c] = (real)(w->top * s->kw + w->left);
    }
    for (size_t kh = w->top; kh < w->bottom; kh++) {
        for (size_t kw = w->left; kw < w->right; kw++)
            greater_of(s->cin, (real)(kh * s->kw + kw), v->x + image + offset_of(s, w, kh, kw), y, tap);
    }
    if (v->rectify) rectify(s->cin, y);
}

WIDE(max_loop)(const void *context, size_t begin, size_t end)
{
    for_windows(context, begin, end, max_window);
}

void pooling_max(const ConvShape *shape, const real *x, bool rectify, real *y, real *tap)
{
    wide_run(shape->n, 1, &max_loop, &(Pooling){.shape = shape, .x = x, .to = y, .tap = tap, .rectify = rectify});
}

WIDE_INLINE void hand_back(size_t channels, real tap, const real *restrict at, const real *restrict dy,
                           real *restrict dx)
{
    for (size_t c = 0; c < channels; c++) {
        const real g = dy[c]; /* loaded without a condition, so that the loop becomes vector code */
        dx[c] += at[c] == tap ? g : 0;
    }
}

WIDE_INLINE void max_grad_window(const Pooling *v, const Window *w, size_t image, size_t output)
{
    const ConvShape *s = v->shape;
    for (size_t kh = w->top; kh < w->bottom; kh++) {
        for (size_t kw = w->left; kw < w->right; kw++)
            hand_back(s->cin, (real)(kh * s->kw + kw), v->tap_in + output, v->dy + output,
                      v->to + image + offset_of(s, w, kh, kw));
    }
}

WIDE_INLINE void pass_relu(size_t n, const real *restrict x, real *restrict dx)
{
    for (size_t i = 0; i < n; i++) {
        const real g = 0 + dx[i]; /* loaded without a condition, so that the loop becomes vector code */
        dx[i] = x[i] <= 0 ? 0 : g;
    }
}

WIDE(max_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Pooling *v = context;
    const size_t image = v->shape->ih * v->shape->iw * v->shape->cin;
    for (size_t i = begin; i < end; i++) {
        if (!v->ending.add) memset(v->to + i * image, 0, image * sizeof *v->to);
        for_windows(v, i, i + 1, max_grad_window);
        if (v->ending.rectified) pass_relu(image, v->ending.rectified + i * image, v->to + i * image);
    }
}

void pooling_max_grad(const ConvShape *shape, const real *tap, const real *dy, const Ending *ending, real *dx)
{
    wide_run(shape->n, 1, &max_grad_loop,
             &(Pooling){.shape = shape, .tap_in = tap, .dy = dy, .to = dx, .ending = *ending});
}

static double taps_of(const Window *w)
{
    return (double)((w->bottom - w->top) * (w->right - w->left));
}

WIDE_INLINE void average_window(const Pooling *v, const Window *w, size_t image, size_t output)
{
    const ConvShape *s = v->shape;
    for (size_t first = 0; first < s->cin; first += LANES) {
        const size_t channels = s->cin - first < LANES ? s->cin - first : LANES;
        double sum[LANES] = {0};
        for (size_t kh = w->top; kh < w->bottom; kh++) {
            for (size_t kw = w->left; kw < w->right; kw++) {
                const real *x = v->x + image + offset_of(s, w, kh, kw) + first;
                for (size_t c = 0; c < channels; c++) sum[c] += (double)x[c];
            }
        }
        for (size_t c = 0; c < channels; c++) v->to[output + first + c] = (real)(sum[c] / taps_of(w));
    }
}

WIDE(average_loop)(const void *context, size_t begin, size_t end)
{
    for_windows(context, begin, end, average_window);
}

void pooling_average(const ConvShape *shape, const real *x, real *y)
{
    wide_run(shape->n, 1, &average_loop, &(Pooling){.shape = shape, .x = x, .to = y});
}

WIDE_INLINE void share_out(size_t channels, real taps, const real *restrict dy, real *restrict dx)
{
    for (size_t c = 0; c < channels; c++) dx[c] += dy[c] / taps;
}

WIDE_INLINE void average_grad_window(const Pooling *v, const Window *w, size_t image, size_t output)
{
    const ConvShape *s = v->shape;
    for (size_t kh = w->top; kh < w->bottom; kh++) {
        for (size_t kw = w->left; kw < w->right; kw++)
            share_out(s->cin, (real)taps_of(w), v->dy + output, v->to + image + offset_of(s, w, kh, kw));
    }
}

WIDE(average_grad_loop)(const void *context, size_t begin, size_t end)
{
    for_windows(context, begin, end, average_grad_window);
}

void pooling_average_grad(const ConvShape *shape, const real *dy, real *dx)
{
    wide_run(shape->n, 1, &average_grad_loop, &(Pooling){.shape = shape, .dy = dy, .to = dx});
}
