#include "nn/exec/places.h"

#include <stdlib.h>

/* The nodes that the root is computed from. */
static void mark_needed(const Graph *graph, int root, bool *needed)
{
    needed[root] = true;
    for (size_t i = (size_t)root + 1; i-- > 0;) {
        const Node *node = &graph->nodes[i];
        for (size_t k = 0; k < node->inputs && needed[i]; k++) needed[node->input[k]] = true;
    }
}

/* Whether the node can run at one place, and what scratch it needs there. */
static bool check(const Graph *graph, const Node *node, size_t *scratch, Err *err)
{
    OpShape shape = {.attributes = node->attributes, .numerics = graph->numerics, .inputs = node->inputs};
    for (size_t k = 0; k < node->inputs; k++) shape.in[k] = graph->nodes[node->input[k]].shape;
    shape.out = node->shape;
    shape.scratch = node->scratch;
    if (!node->op->pointwise && !(node->op->causal && node->op->causal(&shape)))
        return err_config(err, node->loc,
                          "%s \"%s\": can't be sampled place by place, since an output would see later places or is "
                          "no grid; use masked_conv2d, convolutions of kernel 1 and what works element by element",
                          node->op->name, node->name);
    if (shape.scratch > *scratch) *scratch = shape.scratch;
    return true;
}

bool places_check(const Graph *graph, int root, Err *err)
{
    size_t scratch = 0;
    bool *needed = mem_zeroed(graph->n, sizeof *needed);
    bool ok = true;
    mark_needed(graph, root, needed);
    for (size_t i = 0; i < graph->n && ok; i++) {
        const Node *node = &graph->nodes[i];
        ok = !needed[i] || !node->op || check(graph, node, &scratch, err);
    }
    free(needed);
    return ok;
}

static size_t align(size_t n)
{
    return (n + 15) / 16 * 16;
}

static size_t room(const Places *places, size_t node, size_t places_count)
{
    return align(mem_mul(shape_count(places->graph->nodes[node].shape), places->step[node] ? places_count : 1));
}

/* Gives every needed node its memory: a parameter's own, or a part of the slab. */
static void lay_out(Places *places, size_t count)
{
    const Graph *graph = places->graph;
    size_t total = 1;
    for (size_t i = 0; i < graph->n; i++)
        if (places->runs[i] && !graph->nodes[i].param) total = mem_add(total, room(places, i, count));
    real *at = places->slab = mem_zeroed(total, sizeof *places->slab);
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        if (!places->runs[i]) continue;
        if (node->param) {
            const int param = params_find(places->params, node->param->name);
            if (param < 0) BUG("parameter \"%s\" is not in the set", node->name);
            places->value[i] = places->params->value + places->params->items[param].offset;
        } else {
            places->value[i] = at;
            at += room(places, i, count);
        }
    }
}

bool places_init(Places *places, const Graph *graph, Params *params, size_t height, size_t width, int root, Err *err)
{
    const size_t n = graph->n, count = mem_mul(height, width);
    size_t scratch = 0, keep = 0;
    *places = (Places){.graph = graph, .params = params, .height = height, .width = width};
    places->value = mem_zeroed(n, sizeof *places->value);
    places->step = mem_zeroed(n, sizeof *places->step);
    places->runs = mem_zeroed(n, sizeof *places->runs);
    mark_needed(graph, root, places->runs);
    for (size_t i = 0; i < n; i++) {
        const Node *node = &graph->nodes[i];
        if (!places->runs[i] || !node->op) continue;
        if (!check(graph, node, &scratch, err)) return false;
        if (node->keep > keep) keep = node->keep;
        if (!node->op->pointwise) places->step[node->input[0]] = shape_count(graph->nodes[node->input[0]].shape);
    }
    places->scratch = mem_zeroed(mem_add(align(scratch), keep), sizeof *places->scratch);
    places->keep = places->scratch + align(scratch);
    lay_out(places, count);
    return true;
}

void places_release(Places *places)
{
    free(places->value);
    free(places->step);
    free(places->runs);
    free(places->slab);
    free(places->scratch);
    *places = (Places){0};
}

real *places_value(const Places *places, int node, size_t place)
{
    return places->value[node] + place * places->step[node];
}

void places_forward(Places *places, size_t place)
{
    const OpPlace at = {places->height, places->width, place / places->width, place % places->width};
    for (size_t i = 0; i < places->graph->n; i++) {
        const Node *node = &places->graph->nodes[i];
        if (!places->runs[i] || !node->op) continue;
        OpRun run = {.attributes = node->attributes,
                     .numerics = places->graph->numerics,
                     .inputs = node->inputs,
                     .out_shape = node->shape,
                     .out = places_value(places, (int)i, place),
                     .keep = node->keep ? places->keep : NULL,
                     .scratch = places->scratch};
        for (size_t k = 0; k < node->inputs; k++) {
            run.in_shape[k] = places->graph->nodes[node->input[k]].shape;
            run.in[k] = places_value(places, node->input[k], place);
        }
        if (node->op->pointwise)
            node->op->forward(&run);
        else
            node->op->forward_place(&run, &at);
    }
}
