#include <stdlib.h>

#include "runner/model/wiring.h"

/* (n) Whether the gradient of a term comes to a node. */
static bool *find_reached(const Wiring *wiring, const Experiment *experiment)
{
    const Graph *graph = &wiring->graph;
    bool *reached = mem_zeroed(graph->n, sizeof *reached);
    for (size_t i = 0; i < experiment->loss_count; i++) reached[wiring->loss[i]] = true;
    for (size_t i = graph->n; i-- > 0;) {
        const Node *node = &graph->nodes[i];
        for (size_t k = 0; reached[i] && k < node->inputs; k++)
            if (op_passes(node->op, k)) reached[node->input[k]] = true;
    }
    return reached;
}

bool wiring_check_trained(const Wiring *wiring, const Experiment *experiment, Err *err)
{
    const Graph *graph = &wiring->graph;
    for (size_t i = 0; i < experiment->loss_count; i++) {
        const LossTerm *term = &experiment->losses[i];
        if (!graph->nodes[wiring->loss[i]].wants_grad)
            return err_config(err, term->loss.loc,
                              "loss.%s: %s trains nothing: its gradient comes to no parameter (none goes to a target)",
                              term->name, term->loss.row->name);
    }
    bool *reached = find_reached(wiring, experiment), ok = true;
    for (size_t i = 0; ok && i < graph->n; i++) {
        const ParamSpec *param = graph->nodes[i].param;
        if (param && param->trainable && !reached[i])
            ok = err_config(err, graph->nodes[i].loc,
                            "no loss term trains the parameter \"%s\"; add one (`mayvae describe losses`), or take the "
                            "layer out",
                            param->name);
    }
    free(reached);
    return ok;
}
