/* The losses' terms, summed over each example, and their gradients. All arrays are (n,count); sums and their gradients
 * are (n). Functions whose name holds `grad` ADD to their destination. */
#ifndef NN_KERNEL_LOSSES_H
#define NN_KERNEL_LOSSES_H

#include <stddef.h>

#include "nn/base/real.h"

/* -log p(target) of a Bernoulli distribution with logits x: max(x, 0) - x t + log(1 + exp(-|x|)), which can't overflow.
 * Gradient: sigmoid(x) - t. */
void losses_binary_cross_entropy(size_t n, size_t count, const real *logits, const real *target, real *sum);
void losses_binary_cross_entropy_grad(size_t n, size_t count, const real *logits, const real *target, const real *dsum,
                                      real *dlogits);

/* (p - t)^2, without a factor of 1/2. Gradient: 2 (p - t). */
void losses_squared_error(size_t n, size_t count, const real *prediction, const real *target, real *sum);
void losses_squared_error_grad(size_t n, size_t count, const real *prediction, const real *target, const real *dsum,
                               real *dprediction);

/* KL(N(mean, exp(log_variance)) || N(0, 1)) = -1/2 (1 + log_variance - mean^2 - exp(log_variance)); Kingma and Welling,
 * 2014, appendix B. Gradients: mean, and (exp(log_variance) - 1) / 2. */
void losses_kl_divergence(size_t n, size_t count, const real *mean, const real *log_variance, real *sum);
void losses_kl_divergence_grad_mean(size_t n, size_t count, const real *mean, const real *dsum, real *dmean);
void losses_kl_divergence_grad_log_variance(size_t n, size_t count, const real *log_variance, const real *dsum,
                                            real *dlog_variance);

/* logits (n,cells,classes), label (n,cells) whole numbers below classes: sum (n) = the sum over an example's cells of
 * -log softmax(logits)[label] = log sum exp(x) - x[label], the sums in double. A label that is no class gives a NaN.
 * Gradient: softmax(logits) - [class is label]. */
typedef struct Classes {
    size_t n, cells, classes;
} Classes;

void losses_cross_entropy(const Classes *shape, const real *logits, const real *label, real *sum);
void losses_cross_entropy_grad(const Classes *shape, const real *logits, const real *label, const real *dsum,
                               real *dlogits);

#endif
