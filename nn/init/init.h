/* Initialisers of parameters. One file each, and one row in initialisers.def. */
#ifndef NN_INIT_INIT_H
#define NN_INIT_INIT_H

#include "nn/base/real.h"
#include "nn/base/rng.h"
#include "nn/base/table.h"

typedef struct Initialiser {
    Row row;
    /* Fills n values; draws come from rng at step 0, example 0. */
    void (*fill)(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values);
} Initialiser;

extern const Table initialisers_table;
/* The options of zero fields, for code that names a row itself. */
Spec initialiser_named(const char *name);

#endif
