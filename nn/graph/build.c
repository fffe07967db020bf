#include "nn/graph/build.h"

#include <stdlib.h>
#include <string.h>

int value_part(const Value *value, const char *name)
{
    for (size_t i = 0; i < value->parts; i++) {
        if (strcmp(value->part[i].name, name) == 0) return value->part[i].node;
    }
    return -1;
}

void value_add_part(Value *value, const char *name, int node)
{
    if (value->parts == VALUE_PARTS_MAX) BUG("more than %d parts", VALUE_PARTS_MAX);
    if (value_part(value, name) >= 0) BUG("part \"%s\" is there already", name);
    value->part[value->parts].name = name;
    value->part[value->parts++].node = node;
}

static Value *scope_look(const Scope *scope, const char *name)
{
    for (size_t i = 0; i < scope->n; i++) {
        if (strcmp(scope->items[i].name, name) == 0) return &scope->items[i].value;
    }
    return NULL;
}

void scope_add(Scope *scope, const char *name, const Value *value)
{
    Value *old = scope_look(scope, name);
    if (old) {
        *old = *value;
        return;
    }
    if (scope->n == scope->capacity) {
        scope->capacity = scope->capacity ? mem_mul(scope->capacity, 2) : 8;
        scope->items = mem_grow(scope->items, scope->capacity, sizeof *scope->items);
    }
    scope->items[scope->n].name = scope->arena ? arena_text(scope->arena, name) : name;
    scope->items[scope->n++].value = *value;
}

bool scope_find(const Scope *scope, Ref ref, Value *value, Err *err)
{
    const Value *found = ref.name ? scope_look(scope, ref.name) : NULL;
    if (found) {
        *value = *found;
        return true;
    }
    if (!ref.name) return err_config(err, ref.loc, "the name of a section or an input is missing");
    const char **names = mem_zeroed(scope->n, sizeof *names);
    for (size_t i = 0; i < scope->n; i++) names[i] = scope->items[i].name;
    const char *near = nearest_name(ref.name, names, scope->n);
    if (near)
        err_config(err, ref.loc, "no section or input is named \"%s\"; did you mean \"%s\"?", ref.name, near);
    else
        err_config(err, ref.loc, "no section or input is named \"%s\"", ref.name);
    free(names);
    return false;
}

void scope_release(Scope *scope)
{
    free(scope->items);
    *scope = (Scope){0};
}

const char *build_path(const Build *build, const char *leaf)
{
    return arena_printf(&build->graph->arena, "%s.%s", build->path, leaf);
}

static int add_param(const Build *build, const char *leaf, ParamSpec spec)
{
    if (!spec.initialiser.row) BUG("parameter \"%s.%s\" has no initialiser", build->path, leaf);
    spec.name = build_path(build, leaf);
    return graph_param(build->graph, &spec, build->loc);
}

int build_param(const Build *build, const char *leaf, Shape shape, Spec initialiser, size_t fan_in, size_t fan_out)
{
    return add_param(
        build, leaf,
        (ParamSpec){
            .shape = shape, .initialiser = initialiser, .fan_in = fan_in, .fan_out = fan_out, .trainable = true});
}

int build_codebook(const Build *build, const char *leaf, size_t codes, size_t dim, Spec initialiser, int rows_of,
                   bool trainable)
{
    return add_param(build, leaf,
                     (ParamSpec){.shape = {2, {codes, dim}},
                                 .initialiser = initialiser,
                                 .fan_in = codes,
                                 .fan_out = dim,
                                 .trainable = trainable,
                                 .rows_of = rows_of});
}

int build_buffer(const Build *build, const char *leaf, Shape shape, Spec initialiser)
{
    return add_param(build, leaf, (ParamSpec){.shape = shape, .initialiser = initialiser, .fan_in = 1, .fan_out = 1});
}

bool build_op(const Build *build, const Op *op, const void *attributes, size_t inputs, const int *input, int *node,
              Err *err)
{
    return graph_add(build->graph, op, attributes, inputs, input, build->path, build->loc, node, err);
}
