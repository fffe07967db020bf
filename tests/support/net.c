#include "tests/support/net.h"

#include "tests/support/options.h"

void net_begin(Net *net, const char *input, Shape shape)
{
    *net = (Net){0};
    graph_init(&net->graph, numerics_find(NUMERICS_DEFAULT), shape.dim[0]);
    net->scope.arena = &net->arena;
    const Value value = {.node = graph_input(&net->graph, input, shape, (Loc){0})};
    scope_add(&net->scope, input, &value);
}

void net_end(Net *net)
{
    scope_release(&net->scope);
    graph_release(&net->graph);
    arena_release(&net->arena);
}

bool net_sections(Net *net, const NetSection *sections, size_t n, Err *err)
{
    Section *list = arena_alloc(&net->arena, n, sizeof *list);
    const char **inputs = arena_alloc(&net->arena, net->scope.n, sizeof *inputs);
    for (size_t i = 0; i < net->scope.n; i++) inputs[i] = net->scope.items[i].name;
    for (size_t i = 0; i < n; i++) {
        list[i] = (Section){.name = sections[i].name,
                            .input = {sections[i].input, {"test.yaml", (int)i + 1, 10}},
                            .layers = specs_of(&net->arena, &layers_table, sections[i].layers),
                            .loc = {"test.yaml", (int)i + 1, 1}};
    }
    if (!network_sort(list, n, inputs, net->scope.n, err)) return false;
    return network_build(&net->graph, &(const Network){list, n}, &net->scope, err);
}

bool net_layer(Net *net, const char *text, int in, Value *out, Err *err)
{
    const Spec spec = spec_of(&net->arena, &layers_table, text);
    const Build build = {.graph = &net->graph,
                         .scope = &net->scope,
                         .path = arena_printf(&net->arena, "test.%s", spec.row->name),
                         .loc = spec.loc};
    const Value value = {.node = in};
    *out = (Value){.node = -1};
    return ((const Layer *)spec.row)->build(&build, spec.options, &value, out, err);
}

bool net_loss(Net *net, const char *text, int *node, Err *err)
{
    const Spec spec = spec_of(&net->arena, &losses_table, text);
    const Build build = {.graph = &net->graph, .scope = &net->scope, .path = spec.row->name, .loc = spec.loc};
    return ((const Loss *)spec.row)->build(&build, spec.options, node, err);
}

int net_node(const Net *net, const char *value)
{
    Err err = {0};
    Value found;
    if (!scope_find(&net->scope, (Ref){.name = value}, &found, &err)) BUG("%s", err.text);
    return found.node;
}
