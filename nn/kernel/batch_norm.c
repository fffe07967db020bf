#include "nn/kernel/batch_norm.h"

#include "nn/base/alloc.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/reduce.h"
#include "nn/kernel/wide.h"

enum { LANES = 64 }; /* channels that are summed side by side: four cache lines of floats, which follow each other */

typedef struct Sums {
    size_t n, positions, channels, lanes; /* lanes: blocks of channels */
    const real *x, *mean, *dy;
    double *partial; /* (segments, 2, channels) */
} Sums;

size_t batch_norm_scratch(size_t n, size_t channels)
{
    return mem_mul(mem_mul(reduce_segments(n), channels), 2 * sizeof(double) / sizeof(real));
}

/* `channels` is a constant wherever this is worth it, so that its loops are unrolled. */
WIDE_INLINE void square_lanes(size_t rows, size_t stride, size_t channels, const real *restrict x,
                              double *restrict first, double *restrict second)
{
    double sum[LANES] = {0}, square[LANES] = {0};
    for (size_t r = 0; r < rows; r++, x += stride) {
        for (size_t c = 0; c < channels; c++) {
            const double value = (double)x[c];
            sum[c] += value;
            square[c] += value * value;
        }
    }
    for (size_t c = 0; c < channels; c++) first[c] = sum[c], second[c] = square[c];
}

WIDE_INLINE void product_lanes(size_t rows, size_t stride, size_t channels, const real *restrict x,
                               const real *restrict mean, const real *restrict dy, double *restrict first,
                               double *restrict second)
{
    double sum[LANES] = {0}, product[LANES] = {0}, centre[LANES] = {0};
    for (size_t c = 0; c < channels; c++) centre[c] = (double)mean[c];
    for (size_t r = 0; r < rows; r++, x += stride, dy += stride) {
        for (size_t c = 0; c < channels; c++) {
            const double g = (double)dy[c];
            sum[c] += g;
            product[c] += g * ((double)x[c] - centre[c]);
        }
    }
    for (size_t c = 0; c < channels; c++) first[c] = sum[c], second[c] = product[c];
}

/* One block of channels of one segment. */
WIDE_INLINE void sums_of_task(const Sums *v, size_t task)
{
    const size_t segment = task / v->lanes, channel = task % v->lanes * LANES, first = segment * REDUCE_SEGMENT;
    const size_t images = v->n - first < REDUCE_SEGMENT ? v->n - first : REDUCE_SEGMENT;
    const size_t channels = v->channels - channel < LANES ? v->channels - channel : LANES;
    const size_t at = first * v->positions * v->channels + channel, rows = images * v->positions;
    double *sum = v->partial + segment * 2 * v->channels + channel, *other = sum + v->channels;
    if (v->dy && channels == LANES) {
        product_lanes(rows, v->channels, LANES, v->x + at, v->mean + channel, v->dy + at, sum, other);
    } else if (v->dy) {
        product_lanes(rows, v->channels, channels, v->x + at, v->mean + channel, v->dy + at, sum, other);
    } else if (channels == LANES) {
        square_lanes(rows, v->channels, LANES, v->x + at, sum, other);
    } else {
        square_lanes(rows, v->channels, channels, v->x + at, sum, other);
    }
}

WIDE(sums_loop)(const void *context, size_t begin, size_t end)
{
    for (size_t task = begin; task < end; task++) sums_of_task(context, task);
}

static void run_sums(Sums *v, double *first, double *second, real *scratch)
{
    v->lanes = (v->channels + LANES - 1) / LANES;
    v->partial = (double *)(void *)scratch;
    wide_run(reduce_segments(v->n) * v->lanes, 1, &sums_loop, v);
    for (size_t c = 0; c < v->channels; c++) {
        first[c] = second[c] = 0;
        for (size_t segment = 0; segment < reduce_segments(v->n); segment++) {
            first[c] += v->partial[segment * 2 * v->channels + c];
            second[c] += v->partial[(segment * 2 + 1) * v->channels + c];
        }
    }
}

void batch_norm_sums(size_t n, size_t positions, size_t channels, const real *x, double *first, double *second,
                     real *scratch)
{
    run_sums(&(Sums){.n = n, .positions = positions, .channels = channels, .x = x}, first, second, scratch);
}

void batch_norm_grad_sums(size_t n, size_t positions, size_t channels, const real *x, const real *mean, const real *dy,
                          double *first, double *second, real *scratch)
{
    run_sums(&(Sums){.n = n, .positions = positions, .channels = channels, .x = x, .mean = mean, .dy = dy}, first,
             second, scratch);
}

typedef struct Rows {
    size_t channels;
    const real *x, *dy, *mean, *factor, *a, *b, *rectified;
    bool add, rectify;
    real *to;
} Rows;

WIDE_INLINE void apply_rows(const Rows *v, size_t begin, size_t end, bool rectify)
{
    const size_t channels = v->channels;
    const real *restrict mean = v->mean, *restrict factor = v->factor, *restrict shift = v->a;
    for (size_t r = begin; r < end; r++) {
        const real *restrict x = v->x + r * channels;
        real *restrict y = v->to + r * channels;
        for (size_t c = 0; c < channels; c++) {
            const real value = (x[c] - mean[c]) * factor[c] + shift[c];
            y[c] = rectify && value < 0 ? 0 : value;
        }
    }
}

WIDE(apply_loop)(const void *context, size_t begin, size_t end)
{
    const Rows *v = context;
    if (v->rectify)
        apply_rows(v, begin, end, true);
    else
        apply_rows(v, begin, end, false);
}

void batch_norm_apply(size_t rows, size_t channels, const real *x, const real *mean, const real *factor,
                      const real *shift, bool rectify, real *y)
{
    wide_run(
        rows, block_rows(channels), &apply_loop,
        &(Rows){.channels = channels, .x = x, .mean = mean, .factor = factor, .a = shift, .rectify = rectify, .to = y});
}

/* `add` and `rectified` are constants wherever this is called, so that each has its loop. */
WIDE_INLINE void grad_rows(const Rows *v, size_t begin, size_t end, bool add, bool rectified)
{
    const size_t channels = v->channels;
    const real *restrict mean = v->mean, *restrict factor = v->factor, *restrict a = v->a, *restrict b = v->b;
    for (size_t r = begin; r < end; r++) {
        const real *restrict x = v->x + r * channels, *restrict dy = v->dy + r * channels;
        const real *restrict output = rectified ? v->rectified + r * channels : x;
        real *restrict dx = v->to + r * channels;
        for (size_t c = 0; c < channels; c++) {
            const real sum = (add ? dx[c] : 0) + factor[c] * (dy[c] - a[c] - (x[c] - mean[c]) * b[c]);
            dx[c] = !rectified ? sum : output[c] <= 0 ? 0 : 0 + sum;
        }
    }
}

WIDE(grad_input_loop)(const void *context, size_t begin, size_t end)
{
    const Rows *v = context;
    if (v->rectified && v->add)
        grad_rows(v, begin, end, true, true);
    else if (v->rectified)
        grad_rows(v, begin, end, false, true);
    else if (v->add)
        grad_rows(v, begin, end, true, false);
    else
        grad_rows(v, begin, end, false, false);
}

void batch_norm_grad_input(size_t rows, size_t channels, const real *x, const real *dy, const real *mean,
                           const real *factor, const real *a, const real *b, const Ending *ending, real *dx)
{
    const Rows v = {.channels = channels,
                    .x = x,
                    .dy = dy,
                    .mean = mean,
                    .factor = factor,
                    .a = a,
                    .b = b,
                    .rectified = ending->rectified,
                    .add = ending->add,
                    .to = dx};
    wide_run(rows, block_rows(channels), &grad_input_loop, &v);
}
