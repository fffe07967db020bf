/* Optimizers. One file each, and one row in optimizers.def. */
#ifndef NN_OPTIM_OPTIM_H
#define NN_OPTIM_OPTIM_H

#include "nn/base/real.h"
#include "nn/base/table.h"

typedef struct Optimizer {
    Row row;
    size_t slots;                        /* blocks of state of the parameters' size */
    double (*rate)(const void *options); /* the base learning rate, which the schedule multiplies */
    /* One step over n elements: value -= ..., cut into tasks by n alone. step counts from 1. */
    void (*step)(const void *options, double rate, uint64_t step, size_t n, real *value, const real *grad,
                 real *const *slot);
} Optimizer;

#define OPTIMIZER(id) extern const Optimizer optimizer_##id;
#include "nn/optim/optimizers.def"
#undef OPTIMIZER

extern const Table optimizers_table;

/* The elements of one task of a step: a constant, so that nothing depends on the number of threads. */
enum { OPTIM_BLOCK = 1 << 14 };
/* State below this is set to zero: denormals in dead units would slow every step. */
#define OPTIM_TINY 1e-30

#endif
