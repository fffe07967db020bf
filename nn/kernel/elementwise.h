/* Loops over arrays of n elements, in blocks of a fixed size on the pool. Functions whose name holds `grad` or `add`
 * ADD to their destination, the others overwrite it. Destinations overlap nothing else. A NaN in x gives a NaN in y.
 */
#ifndef NN_KERNEL_ELEMENTWISE_H
#define NN_KERNEL_ELEMENTWISE_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/base/real.h"

/* y = max(x, 0); dx += dy where x > 0 */
void elementwise_relu(size_t n, const real *x, real *y);
void elementwise_relu_grad(size_t n, const real *x, const real *dy, real *dx);

/* y = x where x > 0, else slope x */
void elementwise_leaky_relu(size_t n, real slope, const real *x, real *y);
void elementwise_leaky_relu_grad(size_t n, real slope, const real *x, const real *dy, real *dx);

/* dx += dy (1 - y^2) */
void elementwise_tanh(size_t n, const real *x, real *y);
void elementwise_tanh_grad(size_t n, const real *y, const real *dy, real *dx);

/* y = 1 / (1 + exp(-x)); dx += dy y (1 - y) */
void elementwise_sigmoid(size_t n, const real *x, real *y);
void elementwise_sigmoid_grad(size_t n, const real *y, const real *dy, real *dx);

/* y = log(1 + exp(x)); dx += dy sigmoid(x) */
void elementwise_softplus(size_t n, const real *x, real *y);
void elementwise_softplus_grad(size_t n, const real *x, const real *dy, real *dx);

/* y = x where x > 0, else alpha (exp(x) - 1), with an absolute error of 6e-8 alpha near 0; dx += dy where x > 0, else
 * dy alpha exp(x) */
void elementwise_elu(size_t n, real alpha, const real *x, real *y);
void elementwise_elu_grad(size_t n, real alpha, const real *x, const real *dy, real *dx);

/* y = a + b, or 0 where that is below 0 (rectify) */
void elementwise_sum(size_t n, const real *a, const real *b, bool rectify, real *y);

/* y = a b; da += dy b */
void elementwise_multiply(size_t n, const real *a, const real *b, real *y);
void elementwise_multiply_grad(size_t n, const real *b, const real *dy, real *da);

/* y += x */
void elementwise_add(size_t n, const real *x, real *y);
/* y = 0 + x */
void elementwise_set(size_t n, const real *x, real *y);

/* z = mean + exp(log_variance / 2) noise; dlog_variance += dz noise exp(log_variance / 2) / 2 */
void elementwise_gaussian(size_t n, const real *mean, const real *log_variance, const real *noise, real *z);
void elementwise_gaussian_grad_log_variance(size_t n, const real *log_variance, const real *noise, const real *dz,
                                            real *dlog_variance);

#endif
