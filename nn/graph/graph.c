#include "nn/graph/graph.h"

#include <stdlib.h>
#include <string.h>

void graph_init(Graph *graph, const Numerics *numerics, size_t batch)
{
    if (batch == 0) BUG("a graph for a batch of none");
    *graph = (Graph){.numerics = numerics, .batch = batch};
}

void graph_release(Graph *graph)
{
    arena_release(&graph->arena);
    free(graph->nodes);
    free(graph->marks);
    *graph = (Graph){0};
}

static int push(Graph *graph, const Node *node)
{
    if (graph->n == graph->capacity) {
        graph->capacity = graph->capacity ? mem_mul(graph->capacity, 2) : 64;
        graph->nodes = mem_grow(graph->nodes, graph->capacity, sizeof *graph->nodes);
    }
    graph->nodes[graph->n] = *node;
    return (int)graph->n++;
}

const Node *graph_node(const Graph *graph, int node)
{
    if (node < 0 || (size_t)node >= graph->n) BUG("no node %d among %zu", node, graph->n);
    return &graph->nodes[node];
}

int graph_find_input(const Graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        if (!node->op && !node->param && strcmp(node->name, name) == 0) return (int)i;
    }
    return -1;
}

int graph_input(Graph *graph, const char *name, Shape shape, Loc loc)
{
    if (graph_find_input(graph, name) >= 0) BUG("input \"%s\" is there already", name);
    return push(graph, &(Node){.shape = shape, .name = arena_text(&graph->arena, name), .loc = loc});
}

int graph_param(Graph *graph, const ParamSpec *spec, Loc loc)
{
    for (size_t i = 0; i < graph->n; i++) {
        const ParamSpec *old = graph->nodes[i].param;
        if (!old || strcmp(old->name, spec->name) != 0) continue;
        if (!shape_equal(old->shape, spec->shape)) BUG("parameter \"%s\" has two shapes", spec->name);
        return (int)i;
    }
    ParamSpec *copy = arena_alloc(&graph->arena, 1, sizeof *copy);
    *copy = *spec;
    copy->name = arena_text(&graph->arena, spec->name);
    return push(
        graph,
        &(Node){.shape = copy->shape, .wants_grad = copy->trainable, .param = copy, .name = copy->name, .loc = loc});
}

static bool check_inputs(const OpShape *shape, Err *err)
{
    char text[96];
    for (size_t i = 0; i < shape->inputs; i++) {
        if (!shape_fits(shape->in[i]))
            return op_refuse(shape, err, "its weight %s is too large", shape_text(shape->in[i], text));
    }
    return true;
}

bool graph_add(Graph *graph, const Op *op, const void *attributes, size_t inputs, const int *input, const char *name,
               Loc loc, int *node, Err *err)
{
    if (inputs == 0 || inputs > OP_INPUTS_MAX) BUG("%s: %zu inputs", op->name, inputs);
    Node fresh = {.op = op, .attributes = attributes, .inputs = inputs, .loc = loc};
    fresh.name = arena_text(&graph->arena, name);
    OpShape shape = {.attributes = attributes,
                     .numerics = graph->numerics,
                     .loc = loc,
                     .training = graph->training,
                     .inputs = inputs};
    shape.name = arena_printf(&graph->arena, "%s \"%s\"", op->name, name);
    for (size_t i = 0; i < inputs; i++) {
        const Node *in = graph_node(graph, input[i]);
        fresh.input[i] = input[i];
        fresh.wants_grad = fresh.wants_grad || (in->wants_grad && op_passes(op, i));
        shape.in[i] = in->shape;
    }
    if (!check_inputs(&shape, err) || !op->shape(&shape, err)) return false;
    if (!shape_fits(shape.out)) {
        char text[96];
        return op_refuse(&shape, err, "its output %s is too large", shape_text(shape.out, text));
    }
    fresh.shape = shape.out;
    fresh.keep = shape.keep;
    fresh.scratch = shape.scratch;
    fresh.multiply_adds = op->multiply_adds ? op->multiply_adds(&shape) : 0;
    *node = push(graph, &fresh);
    return true;
}

void graph_mark(Graph *graph, const char *path, const Spec *spec, size_t first, int output)
{
    if (graph->mark_count == graph->mark_capacity) {
        graph->mark_capacity = graph->mark_capacity ? mem_mul(graph->mark_capacity, 2) : 32;
        graph->marks = mem_grow(graph->marks, graph->mark_capacity, sizeof *graph->marks);
    }
    graph->marks[graph->mark_count++] = (Mark){path, spec, first, graph->n, output};
}
