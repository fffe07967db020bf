#include <string.h>

#include "nn/layer/layer.h"

static const Row *const rows[] = {
#define LAYER(id) &layer_##id.row,
#include "nn/layer/layers.def"
#undef LAYER
};

const Table layers_table = {
    .name = "layers", .noun = "layer", .rows = rows, .n = sizeof rows / sizeof rows[0], .named = true};

/* Names become parts of the names of parameters, streams and files. */
static bool check_name(const Spec *spec, Err *err)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (spec->name[0] && strspn(spec->name, allowed) == strlen(spec->name)) return true;
    return err_config(err, spec->loc, "layer name \"%s\": only letters, digits, \"_\" and \"-\" are allowed",
                      spec->name);
}

static const char *name_of(const Build *build, SpecList layers, size_t at)
{
    if (layers.items[at].name) return layers.items[at].name;
    const Row *row = layers.items[at].row;
    size_t same = 1;
    for (size_t i = 0; i < at; i++) same += !layers.items[i].name && layers.items[i].row == row;
    return same == 1 ? row->name : arena_printf(&build->graph->arena, "%s_%zu", row->name, same);
}

static bool name_layers(const Build *build, SpecList layers, const char **names, Err *err)
{
    for (size_t i = 0; i < layers.n; i++) {
        const Spec *spec = &layers.items[i];
        if (spec->name && !check_name(spec, err)) return false;
        names[i] = name_of(build, layers, i);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(names[i], names[k]) == 0)
                return err_config(err, spec->loc, "two layers of \"%s\" are named \"%s\"", build->path, names[i]);
        }
    }
    return true;
}

/* A repeat in a repeat multiplies what a few lines ask for. */
enum { NODES_MAX = 20000 };

/* Layers that hold others call this again. A tree of YAML is at most 64 deep, twice that after an override, so the
 * recursion is bounded. */
bool layers_build(const Build *build, SpecList layers, const Value *in, Value *out, Err *err)
{
    const char **names = arena_alloc(&build->graph->arena, layers.n, sizeof *names);
    if (!name_layers(build, layers, names, err)) return false;
    Value at = *in;
    for (size_t i = 0; i < layers.n; i++) {
        const Spec *spec = &layers.items[i];
        const Build below = {
            .graph = build->graph, .scope = build->scope, .path = build_path(build, names[i]), .loc = spec->loc};
        Value next = {.node = -1};
        size_t first = build->graph->n;
        if (first > NODES_MAX)
            return err_config(err, spec->loc, "the network is too large: more than %d operations and parameters",
                              NODES_MAX);
        if (!((const Layer *)spec->row)->build(&below, spec->options, &at, &next, err)) return false;
        graph_mark(build->graph, below.path, spec, first, next.node);
        at = next;
    }
    *out = at;
    return true;
}
