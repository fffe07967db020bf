#include "nn/kernel/columns.h"

#include <string.h>

/* The taps of one axis that lie in the image for one output: [begin, end), and the position of `begin`. */
typedef struct Taps {
    size_t begin, end, position;
} Taps;

static Taps taps_in_image(size_t o, size_t stride, size_t padding, size_t taps, size_t size)
{
    size_t start = o * stride; /* the position of tap 0, counted from the edge of the padding */
    size_t begin = start < padding ? padding - start : 0;
    size_t room = size + padding > start ? size + padding - start : 0;
    size_t end = taps < room ? taps : room;
    if (begin >= end) return (Taps){0, 0, 0};
    return (Taps){begin, end, start + begin - padding};
}

size_t columns_width(const ConvShape *shape)
{
    return conv_taps(shape) * shape->cin;
}

/* How many taps of row a are there: all, or with a mask none behind the last. */
static size_t taps_of_row(const ConvShape *shape, size_t a)
{
    const size_t taps = conv_taps(shape), before = a * shape->kw;
    if (before >= taps) return 0;
    return taps - before < shape->kw ? taps - before : shape->kw;
}

/* Calls into libc cost more than they copy below about this many elements. */
enum { SHORT_RUN = 8 };

static void copy(real *to, const real *from, size_t n)
{
    if (n <= SHORT_RUN) {
        for (size_t i = 0; i < n; i++) to[i] = from[i];
    } else {
        memcpy(to, from, n * sizeof *to);
    }
}

static void clear(real *to, size_t n)
{
    if (n <= SHORT_RUN) {
        for (size_t i = 0; i < n; i++) to[i] = 0;
    } else {
        memset(to, 0, n * sizeof *to);
    }
}

void columns_gather(const ConvShape *shape, const real *image, size_t oh, real *columns)
{
    const size_t cin = shape->cin, run = shape->kw * cin, width = columns_width(shape);
    const Taps rows = taps_in_image(oh, shape->sh, shape->top, shape->kh, shape->ih);
    for (size_t ow = 0; ow < shape->ow; ow++) {
        const Taps cols = taps_in_image(ow, shape->sw, shape->left, shape->kw, shape->iw);
        clear(columns, size_min(rows.begin * run, width));
        for (size_t a = rows.begin; a < rows.end; a++) {
            const size_t taps = taps_of_row(shape, a), begin = size_min(cols.begin, taps),
                         end = size_min(cols.end, taps);
            if (taps == 0) break;
            const real *from = image + ((rows.position + a - rows.begin) * shape->iw + cols.position) * cin;
            real *to = columns + a * run;
            clear(to, begin * cin);
            copy(to + begin * cin, from, (end - begin) * cin);
            clear(to + end * cin, (taps - end) * cin);
        }
        if (rows.end * run < width) clear(columns + rows.end * run, width - rows.end * run);
        columns += width;
    }
}

void columns_gather_tap(const ConvShape *shape, const real *image, size_t oh, size_t tap, size_t channel,
                        size_t channels, real *columns)
{
    const size_t a = tap / shape->kw, b = tap % shape->kw;
    const Taps rows = taps_in_image(oh, shape->sh, shape->top, shape->kh, shape->ih);
    const bool hit = a >= rows.begin && a < rows.end;
    for (size_t ow = 0; ow < shape->ow; ow++, columns += channels) {
        const size_t start = ow * shape->sw + b;
        if (hit && start >= shape->left && start - shape->left < shape->iw) {
            const size_t row = rows.position + a - rows.begin, col = start - shape->left;
            copy(columns, image + (row * shape->iw + col) * shape->cin + channel, channels);
        } else {
            clear(columns, channels);
        }
    }
}

void columns_scatter(const ConvShape *shape, const real *columns, size_t oh, real *image)
{
    const size_t cin = shape->cin, run = shape->kw * cin, width = columns_width(shape);
    const Taps rows = taps_in_image(oh, shape->sh, shape->top, shape->kh, shape->ih);
    for (size_t ow = 0; ow < shape->ow; ow++, columns += width) {
        const Taps cols = taps_in_image(ow, shape->sw, shape->left, shape->kw, shape->iw);
        for (size_t a = rows.begin; a < rows.end; a++) {
            const size_t end = size_min(cols.end, taps_of_row(shape, a));
            const size_t inside = end > cols.begin ? (end - cols.begin) * cin : 0;
            const real *from = columns + a * run + cols.begin * cin;
            real *restrict to = image + ((rows.position + a - rows.begin) * shape->iw + cols.position) * cin;
            for (size_t i = 0; i < inside; i++) to[i] += from[i];
        }
    }
}
