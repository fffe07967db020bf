/* Initialisers of parameters. One file each, and one row in initialisers.def, or in codebook_initialisers.def for those
 * that a codebook alone can start from. */
#ifndef NN_INIT_INIT_H
#define NN_INIT_INIT_H

#include "nn/base/real.h"
#include "nn/base/rng.h"
#include "nn/base/table.h"

typedef struct Initialiser {
    Row row;
    /* Fills n values; draws come from rng at step 0, example 0. */
    void (*fill)(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values);
    bool bias; /* biases are filled likewise; otherwise they are zeros */
    /* NULL, or: fills values (rows,dim) from x (positions,dim), what a layer gets in the first batch of training;
     * positions > 0. fill is then what stands there before. */
    void (*fill_from)(const void *options, Rng rng, size_t positions, size_t dim, const real *x, size_t rows,
                      real *values);
} Initialiser;

#define INITIALISER(id) extern const Initialiser initialiser_##id;
#include "nn/init/codebook_initialisers.def"
#include "nn/init/initialisers.def"
#undef INITIALISER

extern const Table initialisers_table;
/* Of codebooks (codes,dim), whose fan_in is the number of codes and fan_out the dimensions. */
extern const Table codebook_initialisers_table;
/* A row without options, for code that names one itself; anything else is a BUG. */
Spec initialiser_named(const char *name);
/* What fills the bias beside a weight that `weight` fills. */
Spec initialiser_of_bias(Spec weight);

#endif
