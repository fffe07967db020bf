/* What every op has to pass: runs one case of an op with sentinels round each buffer, inputs that must not change,
 * buffers poisoned with NaN, gradients filled beforehand, 1, 2, 3 and 8 threads, evaluation (which changes no buffer),
 * and, where real is double (MAYVAE_DOUBLE), numeric derivatives of every element of every input. */
#ifndef TESTS_SUPPORT_OP_HARNESS_H
#define TESTS_SUPPORT_OP_HARNESS_H

#include "nn/op/op.h"

enum { HARNESS_TEXT = 512 };

/* NULL when the case passes, else what is wrong, written into text. */
const char *op_harness_check(const Op *op, const OpCase *sample, const Numerics *numerics, char text[HARNESS_TEXT]);

#endif
