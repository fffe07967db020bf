/* Reductions: sums in double over fixed segments of 32 images in (n, h, w) order, the segments added in ascending
 * order. So no sum depends on the number of threads, on the vector width or on the back end. */
#ifndef NN_KERNEL_REDUCE_H
#define NN_KERNEL_REDUCE_H

#include <stddef.h>

#include "nn/base/real.h"
#include "nn/kernel/wide.h"

enum { REDUCE_SEGMENT = 32 };

static inline size_t reduce_segments(size_t n)
{
    return (n + REDUCE_SEGMENT - 1) / REDUCE_SEGMENT;
}

/* sum (channels) += the sum over images and positions of x (n,positions,channels), rounded once: a bias's gradient.
 * scratch: reduce_rows_scratch elements, aligned for double. */
size_t reduce_rows_scratch(size_t n, size_t channels);
void reduce_rows(size_t n, size_t positions, size_t channels, const real *x, real *sum, real *scratch);

/* Sums over each example's terms, which are never stored as a whole: the context of a loop that calls reduce_terms. */
typedef struct ReduceExamples {
    size_t count; /* terms of an example */
    const void *context;
    real *sum;
} ReduceExamples;

/* Writes elements [begin, begin + count) of the array of terms. To be WIDE_INLINE. */
typedef void ReduceTerms(const void *context, size_t begin, size_t count, real *terms);

enum { REDUCE_GROUP = 8, REDUCE_TERMS = 256 };

/* The body of a wide loop over examples [begin, end) of a ReduceExamples. A chain of additions waits for each of them:
 * a group of examples, whose chains don't wait for each other, goes side by side. */
WIDE_INLINE void reduce_terms(const ReduceExamples *v, size_t begin, size_t end, ReduceTerms *terms)
{
    for (size_t i = begin; i < end; i += REDUCE_GROUP) {
        double total[REDUCE_GROUP] = {0};
        real term[REDUCE_GROUP][REDUCE_TERMS];
        for (size_t at = 0; at < v->count; at += REDUCE_TERMS) {
            const size_t n = v->count - at < REDUCE_TERMS ? v->count - at : REDUCE_TERMS;
            for (size_t g = 0; g < REDUCE_GROUP; g++) { /* a group that is not full ends with its last example, again */
                const size_t example = i + g < end ? i + g : end - 1;
                terms(v->context, example * v->count + at, n, term[g]);
            }
            for (size_t t = 0; t < n; t++) {
                for (size_t g = 0; g < REDUCE_GROUP; g++) total[g] += (double)term[g][t];
            }
        }
        for (size_t g = 0; g < REDUCE_GROUP && i + g < end; g++) v->sum[i + g] = (real)total[g];
    }
}

/* sum (n) = for each example the sum of its `count` terms, in double, in order, rounded once. */
void reduce_examples(size_t n, size_t count, const Wide *loop, const void *context, real *sum);

#endif
