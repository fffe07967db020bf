#include "nn/exec/exec.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/pool.h"

enum { ZERO_BLOCK = 1 << 16 };

/* Where the storage of a node is: a parameter's in the blocks of Params, any other's in the slab. */
static real *storage(const Exec *exec, int node, real *params, size_t in_slab)
{
    int param = exec->param_of[plan_owner(exec->graph, node)];
    if (param >= 0) return params + exec->params->items[param].offset;
    return in_slab == PLAN_NONE ? NULL : exec->slab + in_slab;
}

void exec_init(Exec *exec, const Graph *graph, Params *params, bool training, const int *roots, size_t root_count)
{
    if (!params->allocated) BUG("the parameters have no memory yet");
    *exec = (Exec){.graph = graph, .params = params, .training = training};
    plan_make(&exec->plan, graph, training, roots, root_count);
    exec->slab = mem_zeroed(exec->plan.total, sizeof *exec->slab);
    exec->param_of = mem_zeroed(graph->n, sizeof *exec->param_of);
    exec->value = mem_zeroed(graph->n, sizeof *exec->value);
    exec->grad = mem_zeroed(graph->n, sizeof *exec->grad);
    exec->touched = mem_zeroed(graph->n, sizeof *exec->touched);
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        exec->param_of[i] = node->param ? params_find(params, node->param->name) : -1;
        if (node->param && exec->param_of[i] < 0) BUG("parameter \"%s\" is not in the set", node->name);
    }
    for (size_t i = 0; i < graph->n; i++) {
        const NodePlan *at = &exec->plan.nodes[i];
        exec->value[i] = storage(exec, (int)i, params->value, at->value);
        if (graph->nodes[i].wants_grad) exec->grad[i] = storage(exec, (int)i, params->grad, at->grad);
    }
}

void exec_release(Exec *exec)
{
    plan_release(&exec->plan);
    free(exec->slab);
    free(exec->param_of);
    free(exec->value);
    free(exec->grad);
    free(exec->touched);
    *exec = (Exec){0};
}

real *exec_value(const Exec *exec, int node)
{
    graph_node(exec->graph, node);
    return exec->value[node];
}

/* A node that no root is computed from has no memory and doesn't run. */
static bool runs(const Exec *exec, size_t i)
{
    const Node *node = &exec->graph->nodes[i];
    return node->op && !node->op->view && exec->value[i];
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
        if (exec->training && param && !param->trainable) run.state[k] = exec->value[node->input[k]];
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
        if (!runs(exec, i)) continue;
        const OpRun run = run_of(exec, i, seed, step);
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

static void set_zero(real *values, size_t n)
{
    Zero zero = {values, n};
    pool_run((n + ZERO_BLOCK - 1) / ZERO_BLOCK, zero_block, &zero);
}

/* The gradient of a node, zeroed when it is first asked for in this pass: before that its memory may be another's. */
static real *touch_grad(Exec *exec, int node)
{
    int owner = plan_owner(exec->graph, node);
    const Node *at = &exec->graph->nodes[owner];
    real *grad = exec->grad[owner];
    if (grad && !at->param && !exec->touched[owner]) {
        set_zero(grad, shape_count(at->shape));
        tell(exec, EXEC_RESET, -1);
    }
    exec->touched[owner] = true;
    return grad;
}

static void seed_gradient(Exec *exec, int node, double seed)
{
    if (!graph_node(exec->graph, node)->wants_grad) return;
    real *grad = touch_grad(exec, node);
    if (!grad) BUG("\"%s\" is not a root of the plan", exec->graph->nodes[node].name);
    size_t n = shape_count(exec->graph->nodes[node].shape);
    for (size_t i = 0; i < n; i++) grad[i] += (real)seed;
}

void exec_backward(Exec *exec, uint64_t seed, uint64_t step, const int *seed_node, const double *seed_grad,
                   size_t seeds)
{
    if (!exec->training) BUG("backward of a plan that has no gradients");
    const Graph *graph = exec->graph;
    tell(exec, EXEC_BEGIN, -1);
    memset(exec->touched, 0, graph->n * sizeof *exec->touched);
    set_zero(exec->params->grad, exec->params->total);
    for (size_t i = 0; i < seeds; i++) seed_gradient(exec, seed_node[i], seed_grad[i]);
    tell(exec, EXEC_RESET, -1);

    for (size_t i = graph->n; i-- > 0;) {
        const Node *node = &graph->nodes[i];
        if (!runs(exec, i) || !node->wants_grad || !exec->touched[i]) continue;
        OpRun run = run_of(exec, i, seed, step);
        run.out_grad = exec->grad[i];
        for (size_t k = 0; k < node->inputs; k++) {
            if (graph->nodes[node->input[k]].wants_grad) run.in_grad[k] = touch_grad(exec, node->input[k]);
        }
        node->op->backward(&run);
        tell(exec, EXEC_BACKWARD, (int)i);
    }
}
