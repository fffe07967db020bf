/* Pooling over windows of images: a ConvShape with cout == cin, of which each window has a tap in the image. Tasks are
 * images. Functions whose name holds `grad` ADD to their destination. */
#ifndef NN_KERNEL_POOLING_H
#define NN_KERNEL_POOLING_H

#include "nn/kernel/numerics.h"

/* y (n,oh,ow,c) = the greatest x of each window, tap (the same shape) = its place in the window, kh kw + column, the
 * first of equal ones. A NaN in a window gives a NaN. */
void pooling_max(const ConvShape *shape, const real *x, real *y, real *tap);
/* dx[the place that tap names] += dy */
void pooling_max_grad(const ConvShape *shape, const real *tap, const real *dy, real *dx);

/* y = the mean of the x of each window that lie in the image, summed in double in order, rounded once */
void pooling_average(const ConvShape *shape, const real *x, real *y);
/* dx of each position that a window averages += dy / how many they are */
void pooling_average_grad(const ConvShape *shape, const real *dy, real *dx);

#endif
