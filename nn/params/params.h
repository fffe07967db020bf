/* The parameters of all graphs of a model: one block each of values, gradients and every optimizer slot. */
#ifndef NN_PARAMS_PARAMS_H
#define NN_PARAMS_PARAMS_H

#include "nn/graph/graph.h"
#include "nn/params/safetensors.h"

typedef struct Param {
    ParamSpec spec;       /* the name is a copy; the initialiser's options are the configuration's */
    size_t offset, count; /* in elements within each block; offsets are multiples of 16 */
} Param;

enum { PARAM_SLOTS_MAX = 2 };

typedef struct Params {
    Arena arena;
    Param *items; /* trainable ones first, each group in name order */
    size_t n;
    size_t trainable_total; /* elements [0, trainable_total) of each block, gaps included, are the optimizer's */
    size_t total;
    real *value, *grad; /* grad: NULL without training */
    size_t slots;
    real *slot[PARAM_SLOTS_MAX];
    bool allocated;
} Params;

/* Takes over the parameters of a graph that are not there yet. Not after params_allocate (BUG). */
void params_add_graph(Params *params, const Graph *graph);
/* Zeroed values, gradients and slots; or values alone, for passes without training. */
void params_allocate(Params *params, size_t slots);
void params_allocate_values(Params *params);
void params_end_training(Params *params); /* frees gradients and slots */
/* Each parameter from the stream "init/NAME" of the seed. */
void params_initialise(Params *params, uint64_t seed);
void params_release(Params *params); /* safe on a zeroed one */

int params_find(const Params *params, const char *name); /* -1: none */
size_t params_count(const Params *params);               /* trainable numbers, gaps not counted */

/* Adds one tensor a parameter to a list to be saved: prefix + name, from the given block. */
void params_list(const Params *params, const char *prefix, const real *block, TensorList *list);
/* Copies prefix + name of every parameter from a file into the block; a missing one, another shape or type is an error
 * that names both, and leaves a part of them copied. */
bool params_take(const Params *params, const char *prefix, real *block, const SafeTensors *file, Err *err);

#endif
