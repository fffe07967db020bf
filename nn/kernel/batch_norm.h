/* The loops of batch normalisation over x (n,positions,channels), a channel at a time. Sums are taken in double over
 * fixed segments of 32 images, added in ascending order; scratch: batch_norm_scratch elements, aligned for double. */
#ifndef NN_KERNEL_BATCH_NORM_H
#define NN_KERNEL_BATCH_NORM_H

#include <stddef.h>

#include "nn/kernel/numerics.h"

size_t batch_norm_scratch(size_t n, size_t channels);

/* first (channels) = sum of x, second (channels) = sum of x^2 */
void batch_norm_sums(size_t n, size_t positions, size_t channels, const real *x, double *first, double *second,
                     real *scratch);

/* first = sum of dy, second = sum of dy (x - mean) */
void batch_norm_grad_sums(size_t n, size_t positions, size_t channels, const real *x, const real *mean, const real *dy,
                          double *first, double *second, real *scratch);

/* y (rows,channels) = (x - mean) factor + shift, or +0 where that is below 0 (rectify); mean, factor and shift:
 * (channels). */
void batch_norm_apply(size_t rows, size_t channels, const real *x, const real *mean, const real *factor,
                      const real *shift, bool rectify, real *y);

/* dx = factor (dy - a - (x - mean) b), added or not, and behind a relu or not, as the ending's `add` and `rectified`
 * say; mean, factor, a and b: (channels). */
void batch_norm_grad_input(size_t rows, size_t channels, const real *x, const real *dy, const real *mean,
                           const real *factor, const real *a, const real *b, const Ending *ending, real *dx);

#endif
