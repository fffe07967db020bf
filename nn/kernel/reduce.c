#include "nn/kernel/reduce.h"

#include "nn/base/alloc.h"

enum {
    LANES = 32, /* channels that are summed side by side: two cache lines of floats, which are fetched in pairs */
    HALF = LANES / 2,
    LINE = 64 / sizeof(real), /* elements of a line of the cache */
    AHEAD = 2048,             /* elements: where a page ends, the processor does not look ahead by itself */
    EXAMPLE_TERMS = 8192      /* terms of a task */
};

typedef struct Rows {
    size_t n, positions, channels, lanes; /* lanes: blocks of channels */
    const real *x;
    double *partial; /* (segments, channels) */
} Rows;

size_t reduce_rows_scratch(size_t n, size_t channels)
{
    return mem_mul(mem_mul(reduce_segments(n), channels), sizeof(double) / sizeof(real));
}

/* The count is a constant where a block of channels is whole, so that its sums stay in registers. */
WIDE_INLINE void sum_channels(size_t rows, size_t stride, size_t channels, const real *restrict x, double *restrict sum)
{
    double part[LANES] = {0};
    const size_t ahead = AHEAD / stride * stride;
    for (size_t r = 0; r < rows; r++, x += stride) {
        for (size_t c = 0; c < channels; c += LINE) __builtin_prefetch(x + ahead + c);
        for (size_t c = 0; c < channels; c++) part[c] += (double)x[c];
    }
    for (size_t c = 0; c < channels; c++) sum[c] = part[c];
}

/* A block of channels of a segment. */
WIDE_INLINE void sum_block(const Rows *v, size_t task)
{
    const size_t segment = task / v->lanes, channel = task % v->lanes * LANES;
    const size_t first = segment * REDUCE_SEGMENT;
    const size_t images = v->n - first < REDUCE_SEGMENT ? v->n - first : REDUCE_SEGMENT;
    const size_t channels = v->channels - channel < LANES ? v->channels - channel : LANES;
    const real *x = v->x + first * v->positions * v->channels + channel;
    double *sum = v->partial + segment * v->channels + channel;
    if (channels == LANES) {
        sum_channels(images * v->positions, v->channels, LANES, x, sum);
    } else if (channels == HALF) {
        sum_channels(images * v->positions, v->channels, HALF, x, sum);
    } else {
        sum_channels(images * v->positions, v->channels, channels, x, sum);
    }
}

WIDE(sum_blocks)(const void *context, size_t begin, size_t end)
{
    for (size_t task = begin; task < end; task++) sum_block(context, task);
}

void reduce_rows(size_t n, size_t positions, size_t channels, const real *x, real *sum, real *scratch)
{
    Rows v = {.n = n, .positions = positions, .channels = channels, .x = x, .partial = (double *)(void *)scratch};
    v.lanes = (channels + LANES - 1) / LANES;
    wide_run(reduce_segments(n) * v.lanes, 1, &sum_blocks, &v);
    for (size_t c = 0; c < channels; c++) {
        double total = 0;
        for (size_t segment = 0; segment < reduce_segments(n); segment++) total += v.partial[segment * channels + c];
        sum[c] += (real)total;
    }
}

void reduce_examples(size_t n, size_t count, const Wide *loop, const void *context, real *sum)
{
    const ReduceExamples v = {.count = count, .context = context, .sum = sum};
    const size_t groups = EXAMPLE_TERMS / (REDUCE_GROUP * count);
    wide_run(n, REDUCE_GROUP * (groups > 1 ? groups : 1), loop, &v);
}
