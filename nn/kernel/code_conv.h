/* Convolutions of codes: an image (n,ih,iw) of whole numbers below cin, as reals, stands for a one-hot image
 * (n,ih,iw,cin). Products with 0 and 1 are left out: rows of the weight are gathered and added in the order of conv2d's
 * chain, which gives its bits. */
#ifndef NN_KERNEL_CODE_CONV_H
#define NN_KERNEL_CODE_CONV_H

#include "nn/kernel/numerics.h"

/* y (n,oh,ow,cout) = bias (cout) + the sum over live taps in the image, in raster order, of w[tap, code there] (cout);
 * bias may be NULL. A code that is none gives NaN wherever it is seen. */
void code_conv(const ConvShape *shape, const real *code, const real *w, const real *bias, real *y);

/* The outputs of one place (oh,ow) of all images: y (n,cout), from codes that lie place by place: code (ih,iw,n). */
void code_conv_place(const ConvShape *shape, size_t oh, size_t ow, const real *code, const real *w, const real *bias,
                     real *y);

/* dw[tap, code] += dy for every output that sees the code through the tap, in (n,oh,ow) order. Codes that are none are
 * left out. */
void code_conv_grad_weight(const ConvShape *shape, const real *code, const real *dy, real *dw);

#endif
