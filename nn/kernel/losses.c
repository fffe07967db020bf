#include "nn/kernel/losses.h"

#include "nn/base/fmath.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/reduce.h"
#include "nn/kernel/wide.h"

/* The arrays of one call. */
typedef struct Arrays {
    size_t count;
    const real *a, *b, *dsum;
    real *to;
} Arrays;

static const real HALF = (real)0.5;

/* The range of [begin, end) that belongs to the example of `begin`. */
WIDE_INLINE size_t end_of_example(const Arrays *v, size_t begin, size_t end, real *dsum)
{
    const size_t example = begin / v->count, last = (example + 1) * v->count;
    *dsum = v->dsum[example];
    return last < end ? last : end;
}

WIDE_INLINE void binary_cross_entropy_terms(const void *context, size_t begin, size_t count, real *terms)
{
    const Arrays *v = context;
    const real *restrict x = v->a + begin, *restrict t = v->b + begin;
    real *restrict to = terms;
    /* max(x, 0) + log(1 + exp(-|x|)) is softplus(x). */
    for (size_t i = 0; i < count; i++) to[i] = r_softplus(x[i]) - x[i] * t[i];
}

WIDE(binary_cross_entropy_loop)(const void *context, size_t begin, size_t end)
{
    reduce_terms(context, begin, end, binary_cross_entropy_terms);
}

void losses_binary_cross_entropy(size_t n, size_t count, const real *logits, const real *target, real *sum)
{
    reduce_examples(n, count, &binary_cross_entropy_loop, &(Arrays){.a = logits, .b = target}, sum);
}

WIDE(binary_cross_entropy_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->a, *restrict t = v->b;
    real *restrict to = v->to;
    for (size_t i = begin; i < end;) {
        real dsum;
        const size_t last = end_of_example(v, i, end, &dsum);
        for (size_t j = i; j < last; j++) to[j] += dsum * (r_sigmoid(x[j]) - t[j]);
        i = last;
    }
}

void losses_binary_cross_entropy_grad(size_t n, size_t count, const real *logits, const real *target, const real *dsum,
                                      real *dlogits)
{
    wide_run(n * count, BLOCK_ELEMENTS, &binary_cross_entropy_grad_loop,
             &(Arrays){.count = count, .a = logits, .b = target, .dsum = dsum, .to = dlogits});
}

WIDE_INLINE void squared_error_terms(const void *context, size_t begin, size_t count, real *terms)
{
    const Arrays *v = context;
    const real *restrict p = v->a + begin, *restrict t = v->b + begin;
    real *restrict to = terms;
    for (size_t i = 0; i < count; i++) to[i] = (p[i] - t[i]) * (p[i] - t[i]);
}

WIDE(squared_error_loop)(const void *context, size_t begin, size_t end)
{
    reduce_terms(context, begin, end, squared_error_terms);
}

void losses_squared_error(size_t n, size_t count, const real *prediction, const real *target, real *sum)
{
    reduce_examples(n, count, &squared_error_loop, &(Arrays){.a = prediction, .b = target}, sum);
}

WIDE(squared_error_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict p = v->a, *restrict t = v->b;
    real *restrict to = v->to;
    for (size_t i = begin; i < end;) {
        real dsum;
        const size_t last = end_of_example(v, i, end, &dsum);
        for (size_t j = i; j < last; j++) to[j] += 2 * dsum * (p[j] - t[j]);
        i = last;
    }
}

void losses_squared_error_grad(size_t n, size_t count, const real *prediction, const real *target, const real *dsum,
                               real *dprediction)
{
    wide_run(n * count, BLOCK_ELEMENTS, &squared_error_grad_loop,
             &(Arrays){.count = count, .a = prediction, .b = target, .dsum = dsum, .to = dprediction});
}

WIDE_INLINE void kl_divergence_terms(const void *context, size_t begin, size_t count, real *terms)
{
    const Arrays *v = context;
    const real *restrict m = v->a + begin, *restrict l = v->b + begin;
    real *restrict to = terms;
    for (size_t i = 0; i < count; i++) to[i] = -HALF * (1 + l[i] - m[i] * m[i] - r_exp(l[i]));
}

WIDE(kl_divergence_loop)(const void *context, size_t begin, size_t end)
{
    reduce_terms(context, begin, end, kl_divergence_terms);
}

void losses_kl_divergence(size_t n, size_t count, const real *mean, const real *log_variance, real *sum)
{
    reduce_examples(n, count, &kl_divergence_loop, &(Arrays){.a = mean, .b = log_variance}, sum);
}

WIDE(kl_divergence_grad_mean_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict m = v->a;
    real *restrict to = v->to;
    for (size_t i = begin; i < end;) {
        real dsum;
        const size_t last = end_of_example(v, i, end, &dsum);
        for (size_t j = i; j < last; j++) to[j] += dsum * m[j];
        i = last;
    }
}

void losses_kl_divergence_grad_mean(size_t n, size_t count, const real *mean, const real *dsum, real *dmean)
{
    wide_run(n * count, BLOCK_ELEMENTS, &kl_divergence_grad_mean_loop,
             &(Arrays){.count = count, .a = mean, .dsum = dsum, .to = dmean});
}

WIDE(kl_divergence_grad_log_variance_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict l = v->a;
    real *restrict to = v->to;
    for (size_t i = begin; i < end;) {
        real dsum;
        const size_t last = end_of_example(v, i, end, &dsum);
        for (size_t j = i; j < last; j++) to[j] += dsum * HALF * (r_exp(l[j]) - 1);
        i = last;
    }
}

void losses_kl_divergence_grad_log_variance(size_t n, size_t count, const real *log_variance, const real *dsum,
                                            real *dlog_variance)
{
    wide_run(n * count, BLOCK_ELEMENTS, &kl_divergence_grad_log_variance_loop,
             &(Arrays){.count = count, .a = log_variance, .dsum = dsum, .to = dlog_variance});
}
