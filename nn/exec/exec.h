/* Runs a planned graph. An Exec owns its plan and its slab; the graph and the parameters are borrowed. */
#ifndef NN_EXEC_EXEC_H
#define NN_EXEC_EXEC_H

#include "nn/params/params.h"
#include "nn/plan/plan.h"

/* What a pass has just done: entered exec_forward or exec_backward, run a node forward, set gradients to zero or to
 * their seeds, run a node backward. */
typedef enum ExecPhase { EXEC_BEGIN, EXEC_FORWARD, EXEC_RESET, EXEC_BACKWARD } ExecPhase;

/* Told after each piece of a pass: whoever holds a clock sees what took how long. node is -1 for EXEC_BEGIN and
 * EXEC_RESET. */
typedef struct ExecWatch {
    void (*after)(void *context, ExecPhase phase, int node);
    void *context;
} ExecWatch;

typedef struct Exec {
    const Graph *graph;
    Plan plan;
    Params *params;
    real *slab;
    bool training;
    int *param_of;   /* node -> index into params, or -1 */
    real **value;    /* node -> its numbers; views resolved */
    real **grad;     /* node -> its gradient, or NULL */
    int *node_of;    /* parameter -> its node, or -1 */
    bool *touched;   /* node -> its gradient has been written in this backward */
    bool *rectified; /* node -> the relu that its op applies has been passed by its gradient in this backward */
    size_t zeroed;   /* elements that the last backward set to zero before something was added */
    ExecWatch watch; /* none after exec_init */
} Exec;

/* training as in plan_make; with it forward runs layers in training mode. Parameters must be allocated. */
void exec_init(Exec *exec, const Graph *graph, Params *params, bool training, const int *roots, size_t root_count);
void exec_release(Exec *exec); /* safe on a zeroed one */

/* Whether the node is computed by an op of its own: views aren't, nor relus that the op before them applies, nor what
 * no root is computed from. */
bool exec_runs(const Exec *exec, int node);

/* Where to write a fed input before exec_forward, and where to read a root after it: the node's shape, row-major. NULL:
 * no root is computed from it. */
real *exec_value(const Exec *exec, int node);

/* seed and step decide the random draws of this pass. In training, ops update their buffers (running statistics,
 * codebooks); an evaluation changes no parameter. */
void exec_forward(Exec *exec, uint64_t seed, uint64_t step);

/* Starts from gradients of zero (which are not set where the first writer overwrites them), adds `seed_grad[i]` to
 * every element of the gradient of node seed_node[i] (a root), and runs backward from the seeds: params->grad then
 * holds the gradient of sum_i seed_grad[i] x sum(seed_node[i]). seed and step are those of the forward pass. */
void exec_backward(Exec *exec, uint64_t seed, uint64_t step, const int *seed_node, const double *seed_grad,
                   size_t seeds);

#endif
