#include "nn/kernel/reduce.h"

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/blocks.h"

enum {
    LANES = 16,          /* channels that are summed side by side: a cache line of floats */
    TERMS = 256,         /* terms that are computed at a time */
    EXAMPLE_TERMS = 8192 /* terms of a task */
};

typedef struct Rows {
    size_t n, positions, channels, lanes; /* lanes: blocks of channels */
    const real *x;
    double *partial; /* (segments, channels) */
} Rows;

static size_t segments_of(size_t n)
{
    return (n + REDUCE_SEGMENT - 1) / REDUCE_SEGMENT;
}

size_t reduce_rows_scratch(size_t n, size_t channels)
{
    return mem_mul(mem_mul(segments_of(n), channels), sizeof(double) / sizeof(real));
}

/* A whole block of channels: the count is a constant, so the sums stay in registers. */
static void sum_lanes(size_t rows, size_t stride, const real *restrict x, double *restrict sum)
{
    double part[LANES] = {0};
    for (size_t r = 0; r < rows; r++, x += stride) {
        for (size_t c = 0; c < LANES; c++) part[c] += (double)x[c];
    }
    for (size_t c = 0; c < LANES; c++) sum[c] = part[c];
}

static void sum_channels(size_t rows, size_t stride, size_t channels, const real *restrict x, double *restrict sum)
{
    double part[LANES] = {0};
    for (size_t r = 0; r < rows; r++, x += stride) {
        for (size_t c = 0; c < channels; c++) part[c] += (double)x[c];
    }
    for (size_t c = 0; c < channels; c++) sum[c] = part[c];
}

static void rows_task(void *context, size_t task)
{
    const Rows *v = context;
    const size_t segment = task / v->lanes, channel = task % v->lanes * LANES;
    const size_t first = segment * REDUCE_SEGMENT;
    const size_t images = v->n - first < REDUCE_SEGMENT ? v->n - first : REDUCE_SEGMENT;
    const size_t channels = v->channels - channel < LANES ? v->channels - channel : LANES;
    const real *x = v->x + first * v->positions * v->channels + channel;
    double *sum = v->partial + segment * v->channels + channel;
    if (channels == LANES) {
        sum_lanes(images * v->positions, v->channels, x, sum);
    } else {
        sum_channels(images * v->positions, v->channels, channels, x, sum);
    }
}

void reduce_rows(size_t n, size_t positions, size_t channels, const real *x, real *sum, real *scratch)
{
    Rows v = {.n = n, .positions = positions, .channels = channels, .x = x, .partial = (double *)(void *)scratch};
    v.lanes = (channels + LANES - 1) / LANES;
    pool_run(segments_of(n) * v.lanes, rows_task, &v);
    for (size_t c = 0; c < channels; c++) {
        double total = 0;
        for (size_t segment = 0; segment < segments_of(n); segment++) total += v.partial[segment * channels + c];
        sum[c] += (real)total;
    }
}

typedef struct Examples {
    size_t count;
    ReduceTerms *terms;
    const void *context;
    real *sum;
} Examples;

static void examples_loop(const void *context, size_t begin, size_t end)
{
    const Examples *v = context;
    for (size_t i = begin; i < end; i++) {
        double total = 0;
        for (size_t at = 0; at < v->count; at += TERMS) {
            real terms[TERMS];
            const size_t n = v->count - at < TERMS ? v->count - at : TERMS;
            v->terms(v->context, i * v->count + at, n, terms);
            for (size_t t = 0; t < n; t++) total += (double)terms[t];
        }
        v->sum[i] = (real)total;
    }
}

void reduce_examples(size_t n, size_t count, ReduceTerms *terms, const void *context, real *sum)
{
    const Examples v = {.count = count, .terms = terms, .context = context, .sum = sum};
    const size_t size = count < EXAMPLE_TERMS ? EXAMPLE_TERMS / count : 1;
    blocks_run(n, size, examples_loop, &v);
}
