/* A loss builds a node of shape (N): one value an image, summed over pixels or latents. The objective is the weighted sum
 * of the terms' means over the batch. One file each, and one row in losses.def. */
#ifndef NN_LOSS_LOSS_H
#define NN_LOSS_LOSS_H

#include "nn/base/table.h"
#include "nn/graph/build.h"

typedef struct Loss {
    Row row;
    /* How the term enters the negative ELBO: "reconstruction", "kl", or NULL: it doesn't. */
    const char *role;
    bool (*build)(const Build *build, const void *options, int *node, Err *err); /* names are found in build->scope */
} Loss;

extern const Table losses_table;

#endif
