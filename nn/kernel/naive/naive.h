/* The naive twins: scalar loops written from the formulas, one output element at a time. They are what the tests hold
 * the fast kernels against, so they share nothing with them. Linked into tests and MODE=dbl only. */
#ifndef NN_KERNEL_NAIVE_NAIVE_H
#define NN_KERNEL_NAIVE_NAIVE_H

#include <math.h>
#include <stddef.h>

#include "nn/kernel/numerics.h"

/* One link of the chain of design section 4: a x b + sum, rounded once. The double build has no bits to keep. */
static inline real naive_link(real a, real b, real sum)
{
#ifdef MAYVAE_DOUBLE
    return sum + a * b;
#else
    return fmaf(a, b, sum);
#endif
}

/* As in reduce.h. */
void naive_sum_rows(size_t n, size_t positions, size_t channels, const real *x, real *sum);
void naive_sum_examples(size_t n, size_t count, const real *x, real *sum);

/* Slots of numerics_naive. */
size_t naive_dense_scratch(size_t n, size_t in, size_t out);
void naive_dense(size_t n, size_t in, size_t out, const real *x, const real *w, const real *bias, real *y,
                 real *scratch);
void naive_dense_grad_input(size_t n, size_t in, size_t out, const real *dy, const real *w, real *dx, real *scratch);
void naive_dense_grad_weight(size_t n, size_t in, size_t out, const real *x, const real *dy, real *dw, real *scratch);

#endif
