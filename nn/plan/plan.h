/* Lays out every buffer of a graph in one slab; nothing allocates after it is made. A buffer lives from the step that
 * writes it to the last step that reads it, and buffers whose lives don't overlap may share memory. */
#ifndef NN_PLAN_PLAN_H
#define NN_PLAN_PLAN_H

#include "nn/graph/graph.h"

#define PLAN_NONE ((size_t)-1)

typedef struct NodePlan {
    size_t value, grad, keep; /* offsets into the slab in elements, multiples of 16; PLAN_NONE: none */
    /* The node whose storage it has: itself, for a view that of its input, and for a relu that the op before it
     * applies that of this op. Nodes that aren't their own owner don't run. */
    int owner;
    int relu;  /* of an owner: the relu that its op applies, or -1 */
    bool once; /* of an owner: its gradient is written by one op and is no root's, so the first writer ends it */
} NodePlan;

typedef struct Plan {
    NodePlan *nodes;
    size_t scratch; /* offset of the one scratch area */
    size_t total;   /* elements of the slab */
} Plan;

/* training: there are gradients, and values live to their last use in backward. roots: nodes that are read from outside
 * after a run (losses, outputs), whose values live to the end; gradients exist for what lies below a root and above a
 * trainable parameter. Inputs live from before the run to their last use, so they are fed before each run. What no
 * root is computed from has no place and doesn't run; parameters have none either. */
void plan_make(Plan *plan, const Graph *graph, bool training, const int *roots, size_t root_count);
void plan_release(Plan *plan);

#endif
