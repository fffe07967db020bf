/* Which instruction set the exact back end uses: the bits are the same with all of them, the speed is not. */
#ifndef NN_KERNEL_EXACT_ISA_H
#define NN_KERNEL_EXACT_ISA_H

#include <stdbool.h>

#include "nn/base/err.h"

/* name: avx512, avx2 or portable, as the variable MAYVAE_ISA gives it; NULL or empty: the best that the processor has.
 * To be called before any plan is made: scratch sizes depend on it. An unknown name, or one that this processor lacks,
 * is an error. */
bool exact_isa_select(const char *name, Err *err);

#endif
