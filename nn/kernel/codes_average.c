#include "nn/kernel/codes_average.h"

#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/reduce.h"

/* Below it a mean that fades would crawl through denormals. */
static const double least = 1e-30;

/* Of a segment: for each code the number of positions, then the sum of their vectors. */
static size_t width_of(size_t dim)
{
    return mem_add(dim, 1);
}

size_t codes_average_scratch(size_t n, size_t codes, size_t dim)
{
    return mem_mul(mem_mul(mem_mul(reduce_segments(n), codes), width_of(dim)), sizeof(double) / sizeof(real));
}

typedef struct Sums {
    const CodesStep *step;
    double *partial; /* (segments, codes, 1 + dim) */
} Sums;

static void sum_segment(void *context, size_t segment)
{
    const Sums *sums = context;
    const CodesStep *step = sums->step;
    const size_t first = segment * REDUCE_SEGMENT, width = width_of(step->dim);
    const size_t end = step->n - first < REDUCE_SEGMENT ? step->n : first + REDUCE_SEGMENT;
    double *partial = sums->partial + segment * step->codes * width;
    memset(partial, 0, step->codes * width * sizeof *partial);
    for (size_t p = first * step->cells; p < end * step->cells; p++) {
        double *sum = partial + (size_t)step->index[p] * width;
        const real *x = step->x + p * step->dim;
        sum[0] += 1;
        for (size_t d = 0; d < step->dim; d++) sum[1 + d] += (double)x[d];
    }
}

/* Adds the other segments' sums to the first one's, in ascending order. */
static void add_segments(const Sums *sums)
{
    const size_t numbers = sums->step->codes * width_of(sums->step->dim);
    for (size_t segment = 1; segment < reduce_segments(sums->step->n); segment++)
        for (size_t i = 0; i < numbers; i++) sums->partial[i] += sums->partial[segment * numbers + i];
}

static double fade(double decay, double old, double batch)
{
    const double mean = decay * old + (1 - decay) * batch;
    return mean < least && mean > -least ? 0 : mean;
}

static void average(const CodesStep *step, const double *sum, real *code, real *kept)
{
    const double count = fade(step->decay, (double)kept[0], sum[0]);
    kept[0] = (real)count;
    for (size_t d = 0; d < step->dim; d++) {
        const double mean = fade(step->decay, (double)kept[CODES_KEPT + d], sum[1 + d]);
        kept[CODES_KEPT + d] = (real)mean;
        if (sum[0] > 0) code[d] = (real)(mean / count);
    }
}

void codes_average(const CodesStep *step, real *codebook, real *kept, real *scratch)
{
    Sums sums = {.step = step, .partial = (double *)(void *)scratch};
    pool_run(reduce_segments(step->n), sum_segment, &sums);
    add_segments(&sums);
    for (size_t k = 0; k < step->codes; k++) {
        const double *sum = sums.partial + k * width_of(step->dim);
        real *code = codebook + k * step->dim, *mine = kept + k * (CODES_KEPT + step->dim);
        average(step, sum, code, mine);
        if (!codes_restart(&step->restart, k, sum[0] > 0, &mine[1], code)) continue;
        memcpy(mine + CODES_KEPT, code, step->dim * sizeof *code);
        mine[0] = 1;
    }
}
