#include <stdlib.h>
#include <string.h>

#include "nn/init/init.h"
#include "runner/model/wiring.h"

/* The parameter of a node that is to be drawn from data, or NULL. */
static const ParamSpec *from_data(const Graph *graph, size_t node)
{
    const ParamSpec *spec = graph->nodes[node].param;
    return spec && ((const Initialiser *)spec->initialiser.row)->fill_from ? spec : NULL;
}

static void fill(const Exec *exec, const ParamSpec *spec, uint64_t seed)
{
    Arena arena = {0};
    const Initialiser *initialiser = (const Initialiser *)spec->initialiser.row;
    const size_t dim = spec->shape.dim[spec->shape.rank - 1];
    const size_t positions = shape_count(graph_node(exec->graph, spec->rows_of)->shape) / dim;
    const Param *param = &exec->params->items[params_find(exec->params, spec->name)];
    initialiser->fill_from(spec->initialiser.options, rng_stream(seed, arena_printf(&arena, "init/%s", spec->name)),
                           positions, dim, exec_value(exec, spec->rows_of), param->count / dim,
                           exec->params->value + param->offset);
    arena_release(&arena);
}

static void gather_first(const Model *model, const Dataset *dataset, const Wiring *wiring, const Exec *exec)
{
    const Split *train = &dataset->train;
    const Experiment *experiment = model->experiment;
    uint32_t *order = mem_zeroed(train->n, sizeof *order);
    batch_order(experiment->seed, 0, train->n, order);
    batch_gather(dataset, train, &experiment->data, experiment->seed, 0, order, wiring->graph.batch,
                 exec_value(exec, wiring->image), exec_value(exec, wiring->label));
    free(order);
}

/* One pass for each parameter, since what lies behind one depends on it; what a pass in training moves, buffers and
 * codes that begin anew, is put back. */
static void fill_all(Model *model, const Dataset *dataset, const Wiring *wiring, Exec *exec)
{
    Params *params = &model->params;
    const uint64_t seed = model->experiment->seed;
    real *kept = mem_zeroed(params->total, sizeof *kept);
    memcpy(kept, params->value, params->total * sizeof *kept);
    gather_first(model, dataset, wiring, exec);
    for (size_t i = 0; i < wiring->graph.n; i++) {
        const ParamSpec *spec = from_data(&wiring->graph, i);
        if (!spec) continue;
        exec_forward(exec, seed, 0);
        memcpy(params->value, kept, params->total * sizeof *kept);
        fill(exec, spec, seed);
        memcpy(kept, params->value, params->total * sizeof *kept);
    }
    free(kept);
}

void model_initialise_from_data(Model *model, const Dataset *dataset)
{
    Err err = {0};
    Wiring wiring = {0};
    Exec exec = {0};
    const size_t whole = (size_t)model->experiment->data.batch;
    wiring_begin(&wiring, model->experiment, model->numerics, dataset->train.n < whole ? dataset->train.n : whole);
    wiring.graph.training = true;
    wiring_images(&wiring, &model->info);
    if (!wiring_network(&wiring, model->experiment, false, &err)) BUG("a checked network: %s", err.text);
    size_t roots = 0;
    int *root = mem_zeroed(wiring.graph.n, sizeof *root);
    for (size_t i = 0; i < wiring.graph.n; i++) {
        const ParamSpec *spec = from_data(&wiring.graph, i);
        if (spec) root[roots++] = spec->rows_of;
    }
    if (roots) {
        exec_init(&exec, &wiring.graph, &model->params, true, root, roots);
        fill_all(model, dataset, &wiring, &exec);
    }
    free(root);
    exec_release(&exec);
    wiring_release(&wiring);
}
