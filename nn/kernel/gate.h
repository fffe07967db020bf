/* Gates: halves of the channels. x (rows, 2 channels) -> y (rows, channels) = tanh(x[..., :C]) sigmoid(x[..., C:]). Van
 * den Oord et al., Conditional Image Generation with PixelCNN Decoders (2016), eq. 2. */
#ifndef NN_KERNEL_GATE_H
#define NN_KERNEL_GATE_H

#include <stddef.h>

#include "nn/base/real.h"

/* keep (rows, 2 channels): the tanh and the sigmoid of each element, which the gradient takes. */
void gate(size_t rows, size_t channels, const real *x, real *keep, real *y);

/* dx += dy times sigmoid (1 - tanh^2) and tanh sigmoid (1 - sigmoid) */
void gate_grad(size_t rows, size_t channels, const real *keep, const real *dy, real *dx);

#endif
