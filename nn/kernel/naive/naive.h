/* The naive twins: scalar loops written from the formulas, one output element at a time. They are what the tests hold
 * the fast kernels against, so they share nothing with them. Linked into tests and MODE=dbl only. */
#ifndef NN_KERNEL_NAIVE_NAIVE_H
#define NN_KERNEL_NAIVE_NAIVE_H

#include <math.h>
#include <stddef.h>

#include "nn/kernel/codes.h"
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

/* Where element i of a destination begins, and what becomes of its sum. */
static inline real naive_begin(const Ending *ending, const real *to, size_t i)
{
    return ending->add ? to[i] : 0;
}

/* No chain leaves -0 behind. */
static inline real naive_settle(real sum)
{
    return sum + 0;
}

static inline real naive_end(const Ending *ending, real sum, size_t i, size_t channel)
{
    sum = naive_settle(sum);
    if (ending->bias) sum += ending->bias[channel];
    if (ending->rectify && sum < 0) sum = 0;
    if (ending->rectified) sum = ending->rectified[i] <= 0 ? 0 : sum;
    return sum;
}

/* As in reduce.h. */
void naive_sum_rows(size_t n, size_t positions, size_t channels, const real *x, real *sum);
void naive_sum_examples(size_t n, size_t count, const real *x, real *sum);

/* As in batch_norm.h, added and without a relu; with dy the sums of the gradient, without it those of x. */
void naive_batch_norm_sums(size_t n, size_t positions, size_t channels, const real *x, const real *mean, const real *dy,
                           double *first, double *second);
void naive_batch_norm_apply(size_t rows, size_t channels, const real *x, const real *mean, const real *factor,
                            const real *shift, real *y);
void naive_batch_norm_grad_input(size_t rows, size_t channels, const real *x, const real *dy, const real *mean,
                                 const real *factor, const real *a, const real *b, real *dx);

/* As in pooling.h, added and without a relu; kernels of up to 256 taps. */
void naive_pooling_max(const ConvShape *shape, const real *x, real *y, real *tap);
void naive_pooling_max_grad(const ConvShape *shape, const real *tap, const real *dy, real *dx);
void naive_pooling_average(const ConvShape *shape, const real *x, real *y);
void naive_pooling_average_grad(const ConvShape *shape, const real *dy, real *dx);

/* As in codes.h. */
void naive_codes_nearest(size_t positions, size_t codes, size_t dim, const real *x, const real *codebook, real *index);
void naive_codes_error(const CodesError *error, real factor, real *sum);
void naive_codes_error_grad_input(const CodesError *error, real factor, const real *dsum, real *dx);
void naive_codes_error_grad_codebook(const CodesError *error, real factor, const real *dsum, real *dcodebook);

/* Slots of numerics_naive. */
size_t naive_dense_scratch(size_t n, size_t in, size_t out);
void naive_dense(size_t n, size_t in, size_t out, const real *x, const real *w, const Ending *ending, real *y,
                 real *scratch);
void naive_dense_grad_input(size_t n, size_t in, size_t out, const real *dy, const real *w, const Ending *ending,
                            real *dx, real *scratch);
void naive_dense_grad_weight(size_t n, size_t in, size_t out, const real *x, const real *dy, bool add, real *dw,
                             real *scratch);

#endif
