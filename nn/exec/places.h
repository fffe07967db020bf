/* Runs a graph place by place: at each place of a grid, in raster order, every node computes that place alone, from
 * what its inputs held there and at earlier places. So an autoregressive model is sampled at one place's work a step,
 * and the numbers are those of a whole pass (with numerics `exact` bit for bit). */
#ifndef NN_EXEC_PLACES_H
#define NN_EXEC_PLACES_H

#include "nn/params/params.h"

/* Values lie place by place: (places, N, C). Borrows graph and parameters. */
typedef struct Places {
    const Graph *graph;
    Params *params;
    size_t height, width;
    real **value; /* node -> its numbers at place 0; NULL: not needed */
    size_t *step; /* node -> elements from a place to the next; 0: only the current one is kept */
    bool *runs;
    real *slab, *scratch, *keep;
} Places;

/* Whether every op between the inputs and the root can run place by place; one that can't is an error at its layer's
 * place. graph: for a grid of one place (inputs (N,1,1) or (N,1,1,C)). */
bool places_check(const Graph *graph, int root, Err *err);

/* Checks too; the parameters are allocated. graph: for a grid of one place. Also after a failure, places_release frees
 * what is there. */
bool places_init(Places *places, const Graph *graph, Params *params, size_t height, size_t width, int root, Err *err);
void places_release(Places *places); /* safe on a zeroed one */

/* A node at a place (row x width + column): of an input, to be written before that place is asked for by a later one;
 * of the root, to be read after places_forward of that place. */
real *places_value(const Places *places, int node, size_t place);

void places_forward(Places *places, size_t place);

#endif
