/* Vector quantisation: x (positions,dim) and a codebook (codes,dim). index (positions) holds whole numbers below codes,
 * as reals. Functions whose name holds `grad` ADD to their destination. */
#ifndef NN_KERNEL_CODES_H
#define NN_KERNEL_CODES_H

#include <stddef.h>

#include "nn/base/real.h"

/* index = the code of the least squared distance, the lowest of equal ones. The distance is
 * s = s + (x[d] - e[d])^2 for d = 0, 1, .., each operation rounded. Of a position with a NaN it is 0. */
size_t codes_nearest_scratch(size_t codes, size_t dim);
void codes_nearest(size_t positions, size_t codes, size_t dim, const real *x, const real *codebook, real *index,
                   real *scratch);

/* y (positions,dim) = codebook[index] */
void codes_take(size_t positions, size_t dim, const real *codebook, const real *index, real *y);

/* What the two error functions of x (n,cells,dim) share. */
typedef struct CodesError {
    size_t n, cells, codes, dim;
    const real *x, *codebook, *index;
} CodesError;

/* sum (n) = factor x the sum over an example's cells and dimensions of (x - codebook[index])^2 */
void codes_error(const CodesError *error, real factor, real *sum);

/* dx += 2 factor dsum (x - codebook[index]) */
void codes_error_grad_input(const CodesError *error, real factor, const real *dsum, real *dx);

/* dcodebook[index] += 2 factor dsum (codebook[index] - x), in double over fixed segments of 32 images, rounded once.
 * scratch: codes_error_scratch elements, aligned for double. */
size_t codes_error_scratch(size_t n, size_t codes, size_t dim);
void codes_error_grad_codebook(const CodesError *error, real factor, const real *dsum, real *dcodebook, real *scratch);

#endif
