/* Cross entropy with softmax: the exponentials are computed side by side, then summed in order. */
#include <math.h>
#include <stdbool.h>

#include "nn/base/fmath.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/losses.h"
#include "nn/kernel/wide.h"

enum { TERMS = 256 };

typedef struct Arrays {
    const Classes *shape;
    const real *logits, *label, *dsum;
    real *to;
} Arrays;

/* The greatest logit; with it the exponentials can't overflow. */
WIDE_INLINE real greatest(size_t classes, const real *logits)
{
    real most = logits[0];
    for (size_t k = 1; k < classes; k++) most = logits[k] > most ? logits[k] : most;
    return most;
}

WIDE_INLINE void exponentials(size_t n, const real *restrict x, real most, real *restrict e)
{
    for (size_t k = 0; k < n; k++) e[k] = r_exp(x[k] - most);
}

WIDE_INLINE double sum_of_exponentials(size_t classes, const real *logits, real most)
{
    double sum = 0;
    for (size_t at = 0; at < classes; at += TERMS) {
        real e[TERMS];
        const size_t n = classes - at < TERMS ? classes - at : TERMS;
        exponentials(n, logits + at, most, e);
        for (size_t k = 0; k < n; k++) sum += (double)e[k];
    }
    return sum;
}

/* A label that is no class has no place among the logits. */
WIDE_INLINE bool is_class(real label, size_t classes)
{
    return label >= 0 && label < (real)classes;
}

WIDE_INLINE real cell(size_t classes, const real *x, real label)
{
    const real most = greatest(classes, x), log_sum = r_log((real)sum_of_exponentials(classes, x, most));
    return is_class(label, classes) ? log_sum + (most - x[(size_t)label]) : (real)NAN;
}

WIDE(cross_entropy_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const size_t cells = v->shape->cells, classes = v->shape->classes;
    for (size_t i = begin; i < end; i++) {
        double sum = 0;
        for (size_t c = i * cells; c < (i + 1) * cells; c++)
            sum += (double)cell(classes, v->logits + c * classes, v->label[c]);
        v->to[i] = (real)sum;
    }
}

void losses_cross_entropy(const Classes *shape, const real *logits, const real *label, real *sum)
{
    wide_run(shape->n, block_rows(shape->cells * shape->classes), &cross_entropy_loop,
             &(Arrays){.shape = shape, .logits = logits, .label = label, .to = sum});
}

/* to += dsum (e / sum - [class is label]) for n classes from `first` on */
WIDE_INLINE void add_gradient(size_t n, size_t first, const real *restrict e, real sum, real label, real dsum,
                              real *restrict to)
{
    for (size_t k = 0; k < n; k++) {
        const real hit = (real)(int)(first + k) == label ? 1 : 0;
        to[k] += dsum * (e[k] / sum - hit);
    }
}

WIDE(cross_entropy_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const size_t classes = v->shape->classes;
    for (size_t i = begin; i < end; i++) {
        const real *x = v->logits + i * classes, most = greatest(classes, x);
        const real sum = (real)sum_of_exponentials(classes, x, most);
        for (size_t at = 0; at < classes; at += TERMS) {
            real e[TERMS];
            const size_t n = classes - at < TERMS ? classes - at : TERMS;
            exponentials(n, x + at, most, e);
            add_gradient(n, at, e, sum, v->label[i], v->dsum[i / v->shape->cells], v->to + i * classes + at);
        }
    }
}

void losses_cross_entropy_grad(const Classes *shape, const real *logits, const real *label, const real *dsum,
                               real *dlogits)
{
    wide_run(shape->n * shape->cells, block_rows(shape->classes), &cross_entropy_grad_loop,
             &(Arrays){.shape = shape, .logits = logits, .label = label, .dsum = dsum, .to = dlogits});
}
