/* Dead codes: those that are the nearest of nothing for a while begin anew where vectors are. */
#ifndef NN_KERNEL_CODES_RESTART_H
#define NN_KERNEL_CODES_RESTART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/base/real.h"
#include "nn/base/rng.h"

typedef struct CodesRestart {
    size_t after; /* steps without use; 0: never */
    Rng rng;      /* which vectors dead codes become: draw 0 of (step, example = the code) */
    uint64_t step;
    size_t positions, dim;
    const real *x; /* (positions,dim): the vectors of this step */
} CodesRestart;

/* Counts the steps without use of code k in *unused; one that is dead becomes a vector of x, its count 0. Returns
 * whether it did. */
bool codes_restart(const CodesRestart *restart, size_t k, bool used, real *unused, real *code);

#endif
