/* Which instruction set the exact back end uses: the bits are the same with all of them, the speed is not. */
#ifndef NN_KERNEL_EXACT_ISA_H
#define NN_KERNEL_EXACT_ISA_H

#include <stdbool.h>

#include "nn/base/err.h"

/* As numerics_select_isa. */
bool exact_isa_select(const char *name, Err *err);

#endif
