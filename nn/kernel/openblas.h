/* What the files of the openblas back end share: the one door to OpenBLAS, and the convolutions. */
#ifndef NN_KERNEL_OPENBLAS_H
#define NN_KERNEL_OPENBLAS_H

#include <stdbool.h>

#include "nn/kernel/numerics.h"

/* A row-major operand: its first element, how far its rows lie apart, and whether it is to be transposed. */
typedef struct GemmMatrix {
    const float *at;
    size_t stride;
    bool transposed;
} GemmMatrix;

/* c (m,n) = a (m,k) b (k,n), or += where `add`; c's rows lie c_stride apart. The same arguments give the same bits on
 * one processor: OpenBLAS is held to one thread a call. */
void openblas_gemm(size_t m, size_t n, size_t k, GemmMatrix a, GemmMatrix b, bool add, float *c, size_t c_stride);

/* What Ending says of sums that stand in c (rows,n), which begins at element `at` of the destination and at channel
 * `channel` of it. */
void openblas_end(const Ending *ending, size_t rows, size_t n, float *c, size_t c_stride, size_t at, size_t channel);

/* Slots of numerics_openblas. */
size_t openblas_conv2d_scratch(const ConvShape *shape);
void openblas_conv2d(const ConvShape *shape, const float *x, const float *w, const Ending *ending, float *y,
                     float *scratch);
void openblas_conv2d_grad_input(const ConvShape *shape, const float *dy, const float *w, const Ending *ending,
                                float *dx, float *scratch);
size_t openblas_conv2d_grad_weight_scratch(const ConvShape *shape);
void openblas_conv2d_grad_weight(const ConvShape *shape, const float *x, const float *dy, bool add, float *dw,
                                 float *scratch);

#endif
