/* Reductions: sums in double over fixed segments of 32 images in (n, h, w) order, the segments added in ascending
 * order. So no sum depends on the number of threads, on the vector width or on the back end. */
#ifndef NN_KERNEL_REDUCE_H
#define NN_KERNEL_REDUCE_H

#include <stddef.h>

#include "nn/base/real.h"

enum { REDUCE_SEGMENT = 32 };

/* sum (channels) += the sum over images and positions of x (n,positions,channels), rounded once: a bias's gradient.
 * scratch: reduce_rows_scratch elements, aligned for double. */
size_t reduce_rows_scratch(size_t n, size_t channels);
void reduce_rows(size_t n, size_t positions, size_t channels, const real *x, real *sum, real *scratch);

/* Writes elements [begin, begin + count) of an array of terms that is never stored as a whole. */
typedef void ReduceTerms(const void *context, size_t begin, size_t count, real *terms);

/* sum (n) = for each image the sum of its `count` terms, in double, in order, rounded once. */
void reduce_examples(size_t n, size_t count, ReduceTerms *terms, const void *context, real *sum);

#endif
