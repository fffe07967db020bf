/* Pooling over windows of images: a ConvShape with cout == cin, of which each window has a tap in the image. Tasks are
 * images. */
#ifndef NN_KERNEL_POOLING_H
#define NN_KERNEL_POOLING_H

#include "nn/kernel/numerics.h"

/* y (n,oh,ow,c) = the greatest x of each window, tap (the same shape) = its place in the window, kh kw + column, the
 * first of equal ones. A NaN in a window gives a NaN. rectify: where y is below 0, it becomes +0. */
void pooling_max(const ConvShape *shape, const real *x, bool rectify, real *y, real *tap);
/* dx[the place that tap names] = the sum of dy, added or not, and behind a relu or not, as the ending's `add` and
 * `rectified` say */
void pooling_max_grad(const ConvShape *shape, const real *tap, const real *dy, const Ending *ending, real *dx);

/* y = the mean of the x of each window that lie in the image, summed in double in order, rounded once */
void pooling_average(const ConvShape *shape, const real *x, real *y);
/* ADDS dy / how many they are to dx of each position that a window averages */
void pooling_average_grad(const ConvShape *shape, const real *dy, real *dx);

#endif
