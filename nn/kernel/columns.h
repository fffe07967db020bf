/* im2col and its adjoint, one row of outputs at a time, so that callers choose how much of a batch they lay out. A
 * column matrix has a row for each output position and taps x cin columns; what lies in the padding is zero. */
#ifndef NN_KERNEL_COLUMNS_H
#define NN_KERNEL_COLUMNS_H

#include <stdbool.h>

#include "nn/kernel/numerics.h"

/* taps x cin */
size_t columns_width(const ConvShape *shape);

/* Output row `oh` of image (ih,iw,cin) -> columns (ow, taps*cin). */
void columns_gather(const ConvShape *shape, const real *image, size_t oh, real *columns);

/* The channels [channel, channel + channels) of one tap alone -> columns (ow, channels). */
void columns_gather_tap(const ConvShape *shape, const real *image, size_t oh, size_t tap, size_t channel,
                        size_t channels, real *columns);

/* The adjoint of columns_gather: adds columns (ow, taps*cin) to the image. */
void columns_scatter(const ConvShape *shape, const real *columns, size_t oh, real *image);

#endif
