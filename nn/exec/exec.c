#include "nn/exec/exec.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/pool.h"

enum { ZERO_BLOCK = 1 << 16 };

/* Where the storage of a node is: a parameter's in the blocks of Params, any other's in the slab. */
static real *storage(const Exec *exec, int node, real *params, size_t in_slab)
{
    int param = exec->param_of[exec->plan.nodes[node].owner];
    if (param >= 0) return params + exec->params->items[param].offset;
    return in_slab == PLAN_NONE ? NULL : exec->slab + in_slab;
}

/* What an op may move while a pass runs (OpRun.state), others read as a copy from before. */
static void check_moved(const Graph *graph, const Node *mover)
{
    for (size_t k = 0; k < mover->inputs; k++) {
        const ParamSpec *param = graph->nodes[mover->input[k]].param;
        if (!param || (param->trainable && !mover->op->moves)) continue;
        for (size_t i = 0; i < graph->n; i++) {
            const Node *node = &graph->nodes[i];
            for (size_t j = 0; node != mover && node->op != &op_copy && j < node->inputs; j++)
                if (node->input[j] == mover->input[k]) BUG("%s reads what %s moves", node->name, mover->name);
        }
    }
}

void exec_init(Exec *exec, const Graph *graph, Params *params, bool training, const int *roots, size_t root_count)
{
    if (!params->allocated || (training && !params->grad)) BUG("the parameters have no memory yet");
    *exec = (Exec){.graph = graph, .params = params, .training = training};
    plan_make(&exec->plan, graph, training, roots, root_count);
    exec->slab = mem_zeroed(exec->plan.total, sizeof *exec->slab);
    exec->param_of = mem_zeroed(graph->n, sizeof *exec->param_of);
    exec->value = mem_zeroed(graph->n, sizeof *exec->value);
    exec->grad = mem_zeroed(graph->n, sizeof *exec->grad);
    exec->node_of = mem_zeroed(params->n, sizeof *exec->node_of);
    exec->touched = mem_zeroed(graph->n, sizeof *exec->touched);
    exec->rectified = mem_zeroed(graph->n, sizeof *exec->rectified);
    for (size_t i = 0; i < graph->n; i++)
        if (graph->nodes[i].op && graph->nodes[i].op != &op_copy) check_moved(graph, &graph->nodes[i]);
    for (size_t i = 0; i < params->n; i++) exec->node_of[i] = -1;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        exec->param_of[i] = node->param ? params_find(params, node->param->name) : -1;
        if (node->param && exec->param_of[i] < 0) BUG("parameter \"%s\" is not in the set", node->name);
        if (node->param) exec->node_of[exec->param_of[i]] = (int)i;
    }
    for (size_t i = 0; i < graph->n; i++) {
        const NodePlan *at = &exec->plan.nodes[i];
        exec->value[i] = storage(exec, (int)i, params->value, at->value);
        if (training && graph->nodes[i].wants_grad) exec->grad[i] = storage(exec, (int)i, params->grad, at->grad);
    }
}

void exec_release(Exec *exec)
{
    plan_release(&exec->plan);
    free(exec->slab);
    free(exec->param_of);
    free(exec->value);
    free(exec->grad);
    free(exec->node_of);
    free(exec->touched);
    free(exec->rectified);
    *exec = (Exec){0};
}

real *exec_value(const Exec *exec, int node)
{
    graph_node(exec->graph, node);
    return exec->value[node];
}

bool exec_runs(const Exec *exec, int node)
{
    return graph_node(exec->graph, node)->op && exec->plan.nodes[node].owner == node && exec->value[node];
}

static OpRun run_of(const Exec *exec, size_t i, uint64_t seed, uint64_t step)
{
    const Node *node = &exec->graph->nodes[i];
    const NodePlan *at = &exec->plan.nodes[i];
    OpRun run = {.attributes = node->attributes,
                 .numerics = exec->graph->numerics,
                 .inputs = node->inputs,
                 .out_shape = node->shape,
                 .out = exec->value[i],
                 .keep = at->keep == PLAN_NONE ? NULL : exec->slab + at->keep,
                 .scratch = node->scratch ? exec->slab + exec->plan.scratch : NULL,
                 .training = exec->training,
                 .seed = seed,
                 .step = step};
    for (size_t k = 0; k < node->inputs; k++) {
        run.in_shape[k] = exec->graph->nodes[node->input[k]].shape;
        run.in[k] = exec->value[node->input[k]];
        const ParamSpec *param = exec->graph->nodes[node->input[k]].param;
        if (exec->training && param && (!param->trainable || node->op->moves))
            run.state[k] = exec->value[node->input[k]];
    }
    return run;
}

static void tell(const Exec *exec, ExecPhase phase, int node)
{
    if (exec->watch.after) exec->watch.after(exec->watch.context, phase, node);
}

void exec_forward(Exec *exec, uint64_t seed, uint64_t step)
{
    tell(exec, EXEC_BEGIN, -1);
    for (size_t i = 0; i < exec->graph->n; i++) {
        const Node *node = &exec->graph->nodes[i];
        if (!exec_runs(exec, (int)i)) continue;
        OpRun run = run_of(exec, i, seed, step);
        run.rectify = exec->plan.nodes[i].relu >= 0;
        node->op->forward(&run);
        tell(exec, EXEC_FORWARD, (int)i);
    }
}

typedef struct Zero {
    real *values;
    size_t n;
} Zero;

static void zero_block(void *context, size_t i)
{
    const Zero *zero = context;
    size_t from = i * ZERO_BLOCK, left = zero->n - from;
    memset(zero->values + from, 0, (left < ZERO_BLOCK ? left : ZERO_BLOCK) * sizeof(real));
}

static void set_zero(Exec *exec, real *values, size_t n)
{
    Zero zero = {values, n};
    pool_run((n + ZERO_BLOCK - 1) / ZERO_BLOCK, zero_block, &zero);
    exec->zeroed += n;
    tell(exec, EXEC_RESET, -1);
}

/* The gradient of a node, zeroed when it is first asked for in this pass, if it isn't to be overwritten: before that
 * its memory may be another's. */
static real *touch_grad(Exec *exec, int node, bool overwrites)
{
    const int owner = exec->plan.nodes[node].owner;
    real *grad = exec->grad[owner];
    if (grad && !exec->touched[owner] && !overwrites)
        set_zero(exec, grad, shape_count(exec->graph->nodes[owner].shape));
    exec->touched[owner] = true;
    return grad;
}

static void seed_gradient(Exec *exec, int node, double seed)
{
    if (!graph_node(exec->graph, node)->wants_grad) return;
    real *grad = touch_grad(exec, node, false);
    if (!grad) BUG("\"%s\" is not a root of the plan", exec->graph->nodes[node].name);
    size_t n = shape_count(exec->graph->nodes[node].shape);
    for (size_t i = 0; i < n; i++) grad[i] += (real)seed;
}

/* No other input of the op has the same storage as input k. */
static bool stands_alone(const Exec *exec, const Node *node, size_t k)
{
    for (size_t other = 0; other < node->inputs; other++) {
        if (other != k && exec->plan.nodes[node->input[other]].owner == exec->plan.nodes[node->input[k]].owner)
            return false;
    }
    return true;
}

/* The gradients that node's backward writes. Where it is the only one to write that of an op with a relu, it passes
 * the relu too. */
static void aim(Exec *exec, const Node *node, OpRun *run)
{
    for (size_t k = 0; k < node->inputs; k++) {
        const int owner = exec->plan.nodes[node->input[k]].owner;
        if (!exec->graph->nodes[node->input[k]].wants_grad || !op_passes(node->op, k)) continue;
        run->fresh[k] = node->op->sets && !exec->touched[owner] && stands_alone(exec, node, k);
        run->in_grad[k] = touch_grad(exec, owner, run->fresh[k]);
    }
    const NodePlan *first = &exec->plan.nodes[exec->plan.nodes[node->input[0]].owner];
    run->rectified = node->op->takes_relu && run->fresh[0] && first->relu >= 0 && first->once;
    if (run->rectified) exec->rectified[first->owner] = true;
}

/* The gradient of an op that applied a relu is the relu's until it has passed that. */
static void pass_relu(const Exec *exec, size_t i, uint64_t seed, uint64_t step)
{
    const int relu = exec->plan.nodes[i].relu;
    if (relu < 0 || exec->rectified[i]) return;
    OpRun run = run_of(exec, (size_t)relu, seed, step);
    run.out_grad = run.in_grad[0] = exec->grad[i];
    run.fresh[0] = true;
    exec->graph->nodes[relu].op->backward(&run);
    tell(exec, EXEC_BACKWARD, relu);
}

/* Parameters that this pass has not come to. */
static void zero_rest(Exec *exec)
{
    for (size_t i = 0; i < exec->params->n; i++) {
        const Param *param = &exec->params->items[i];
        const int node = exec->node_of[i];
        if (!param->spec.trainable || (node >= 0 && exec->touched[node])) continue;
        set_zero(exec, exec->params->grad + param->offset, param->count);
    }
}

void exec_backward(Exec *exec, uint64_t seed, uint64_t step, const int *seed_node, const double *seed_grad,
                   size_t seeds)
{
    if (!exec->training) BUG("backward of a plan that has no gradients");
    const Graph *graph = exec->graph;
    tell(exec, EXEC_BEGIN, -1);
    memset(exec->touched, 0, graph->n * sizeof *exec->touched);
    memset(exec->rectified, 0, graph->n * sizeof *exec->rectified);
    exec->zeroed = 0;
    for (size_t i = 0; i < seeds; i++) seed_gradient(exec, seed_node[i], seed_grad[i]);
    tell(exec, EXEC_RESET, -1);

    for (size_t i = graph->n; i-- > 0;) {
        const Node *node = &graph->nodes[i];
        if (!exec_runs(exec, (int)i) || !node->wants_grad || !exec->touched[i]) continue;
        pass_relu(exec, i, seed, step);
        OpRun run = run_of(exec, i, seed, step);
        run.out_grad = exec->grad[i];
        aim(exec, node, &run);
        node->op->backward(&run);
        tell(exec, EXEC_BACKWARD, (int)i);
    }
    zero_rest(exec);
}
