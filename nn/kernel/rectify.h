/* The gradient of a relu where it is set, not added; in place too. */
#ifndef NN_KERNEL_RECTIFY_H
#define NN_KERNEL_RECTIFY_H

#include <stddef.h>

#include "nn/base/real.h"

/* dx = dy + 0, or 0 where x <= 0: what adding to +0 gives. x may be the relu's output as well as its input; dx may be
 * dy. */
void rectify_grad(size_t n, const real *x, const real *dy, real *dx);

#endif
