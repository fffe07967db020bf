/* The contractions behind one struct of function pointers: the back ends of `numerics:`. Everything else an op needs is
 * elementwise or a reduction (elementwise.h, reduce.h) and is the same in all back ends.
 *
 * Layouts: images (N,H,W,C), dense activations (N,K), convolution weights (KH,KW,Cin,Cout), dense weights (In,Out).
 * Each runs its work on the pool, in tasks that each sum lies within (or that are cut by the shape alone), so the bits
 * don't depend on the number of threads. */
#ifndef NN_KERNEL_NUMERICS_H
#define NN_KERNEL_NUMERICS_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/base/err.h"
#include "nn/base/real.h"
#include "nn/kernel/sizes.h"

/* A convolution: x (n,ih,iw,cin) * w (kh,kw,cin,cout) -> y (n,oh,ow,cout);
 * y[o] takes x[o * stride + tap - begin] for the taps that lie in the image. */
typedef struct ConvShape {
    size_t n, ih, iw, cin, oh, ow, cout;
    size_t kh, kw, sh, sw;
    size_t top, left; /* padding at the beginning */
    size_t taps;      /* only the first so many in raster order, and w (taps,cin,cout) has no others; 0: all */
} ConvShape;

static inline size_t conv_taps(const ConvShape *shape)
{
    return shape->taps ? shape->taps : shape->kh * shape->kw;
}

/* One tap, that of the output's own place: the positions of the images are the rows of a matrix. */
static inline bool conv_is_pointwise(const ConvShape *s)
{
    return s->kh == 1 && s->kw == 1 && s->sh == 1 && s->sw == 1 && s->top == 0 && s->left == 0 && s->oh == s->ih &&
           s->ow == s->iw;
}

/* Along one axis: the outputs [*first, return) that see the image, of `size`, through the tap; begin: the padding. */
static inline size_t conv_outputs_seeing(size_t tap, size_t stride, size_t begin, size_t size, size_t outputs,
                                         size_t *first)
{
    *first = size_min(tap < begin ? size_ceil_div(begin - tap, stride) : 0, outputs);
    const size_t end = size + begin > tap ? size_min(size_ceil_div(size + begin - tap, stride), outputs) : 0;
    return size_max(end, *first);
}

/* How an element's sum begins and ends: from the destination's value (add) or from +0, which is the same as adding to a
 * destination of +0; `exact` lets no sum end at -0; then the bias is added, if there is one; then a relu that follows
 * is applied (rectify: what is below 0 becomes +0), or the gradient of a relu whose output `rectified` is, of the
 * destination's shape, if it is there (where that is 0 or below, the sum becomes +0). */
typedef struct Ending {
    bool add;
    const real *bias;
    bool rectify;
    const real *rectified;
} Ending;

/* Functions share their work out to the pool, and may be called from its tasks, several at a time: each with scratch of
 * its own. */
typedef struct Numerics {
    const char *name; /* as `numerics:` names it */
    const char *doc;

    /* Elements of scratch that the three dense functions below need at most for this shape; none of them wants it
     * aligned. */
    size_t (*dense_scratch)(size_t n, size_t in, size_t out);
    /* y (n,out) = x (n,in) w (in,out); bias (out). dx (n,in) = dy w^T; bias (in). dw (in,out) = x^T dy, which is added
     * to what is there where `add` is set. */
    void (*dense)(size_t n, size_t in, size_t out, const real *x, const real *w, const Ending *ending, real *y,
                  real *scratch);
    void (*dense_grad_input)(size_t n, size_t in, size_t out, const real *dy, const real *w, const Ending *ending,
                             real *dx, real *scratch);
    void (*dense_grad_weight)(size_t n, size_t in, size_t out, const real *x, const real *dy, bool add, real *dw,
                              real *scratch);

    /* Elements of scratch that the three convolution functions below need at most for this shape; not aligned. */
    size_t (*conv2d_scratch)(const ConvShape *shape);
    /* y (n,oh,ow,cout) of x (n,ih,iw,cin), bias (cout). Its adjoint: dx (n,ih,iw,cin) of dy (n,oh,ow,cout), bias (cin),
     * where each element takes dy x w from the outputs that see it: conv2d_transpose, too, whose gradient to its input
     * is conv2d. dw as w: of x and dy. */
    void (*conv2d)(const ConvShape *shape, const real *x, const real *w, const Ending *ending, real *y, real *scratch);
    void (*conv2d_grad_input)(const ConvShape *shape, const real *dy, const real *w, const Ending *ending, real *dx,
                              real *scratch);
    void (*conv2d_grad_weight)(const ConvShape *shape, const real *x, const real *dy, bool add, real *dw,
                               real *scratch);
} Numerics;

extern const Numerics numerics_openblas; /* not in MODE=dbl */
extern const Numerics numerics_exact;    /* not in MODE=dbl */
extern const Numerics numerics_naive;    /* the twins: linked into tests and MODE=dbl only */

/* The back end of that name, or NULL; and the names there are (numerics.def holds the rows). In MODE=dbl every name is
 * answered with the naive one. */
const Numerics *numerics_find(const char *name);
extern const char *const numerics_names[];
extern const size_t numerics_count;

/* The instruction set of the exact back end: avx512, avx2 or portable; NULL or empty: the best that the processor has.
 * The bits are the same with all of them. To be called before any plan is made: scratch sizes depend on it. An unknown
 * name, or one that this processor lacks, is an error. */
bool numerics_select_isa(const char *name, Err *err);

/* Raised by hand when a change of code changes results: part of every run's identity. */
enum { NUMERICS_VERSION = 1 };
#define NUMERICS_DEFAULT "exact"

#endif
