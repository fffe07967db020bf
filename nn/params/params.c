#include "nn/params/params.h"

#include <stdlib.h>
#include <string.h>

#include "nn/init/init.h"

enum { PARAM_ALIGN = 16 };

static int by_name(const void *left, const void *right)
{
    const Param *a = left, *b = right;
    if (a->spec.trainable != b->spec.trainable) return a->spec.trainable ? -1 : 1;
    return strcmp(a->spec.name, b->spec.name);
}

int params_find(const Params *params, const char *name)
{
    for (int trainable = 0; trainable < 2; trainable++) {
        const Param key = {.spec = {.name = name, .trainable = trainable}};
        const Param *found = params->n ? bsearch(&key, params->items, params->n, sizeof *params->items, by_name) : NULL;
        if (found) return (int)(found - params->items);
    }
    return -1;
}

static void lay_out(Params *params)
{
    params->total = params->trainable_total = 0;
    for (size_t i = 0; i < params->n; i++) {
        Param *param = &params->items[i];
        param->offset = params->total;
        size_t end = mem_add(params->total, param->count);
        params->total = mem_add(end, PARAM_ALIGN - 1) / PARAM_ALIGN * PARAM_ALIGN;
        if (param->spec.trainable) params->trainable_total = params->total;
    }
}

void params_add_graph(Params *params, const Graph *graph)
{
    if (params->allocated) BUG("parameters are added after they were allocated");
    size_t old = params->n;
    for (size_t i = 0; i < graph->n; i++) {
        const ParamSpec *spec = graph->nodes[i].param;
        if (!spec) continue;
        const Param key = {.spec = {.name = spec->name, .trainable = spec->trainable}};
        const Param *found = old ? bsearch(&key, params->items, old, sizeof *params->items, by_name) : NULL;
        if (found && !shape_equal(found->spec.shape, spec->shape)) BUG("parameter \"%s\" has two shapes", spec->name);
        if (found) continue;
        params->items = mem_grow(params->items, mem_add(params->n, 1), sizeof *params->items);
        Param *param = &params->items[params->n++];
        *param = (Param){.spec = *spec, .count = shape_count(spec->shape)};
        param->spec.name = arena_text(&params->arena, spec->name);
    }
    if (params->n > 0) qsort(params->items, params->n, sizeof *params->items, by_name);
    lay_out(params);
}

void params_allocate(Params *params, size_t slots)
{
    if (slots > PARAM_SLOTS_MAX) BUG("parameters: %zu slots", slots);
    params_allocate_values(params);
    params->grad = mem_zeroed(params->total, sizeof *params->grad);
    for (size_t i = 0; i < slots; i++) params->slot[i] = mem_zeroed(params->total, sizeof *params->slot[i]);
    params->slots = slots;
}

void params_allocate_values(Params *params)
{
    if (params->allocated) BUG("parameters: allocated twice");
    params->value = mem_zeroed(params->total, sizeof *params->value);
    params->allocated = true;
}

void params_end_training(Params *params)
{
    free(params->grad);
    params->grad = NULL;
    for (size_t i = 0; i < PARAM_SLOTS_MAX; i++) {
        free(params->slot[i]);
        params->slot[i] = NULL;
    }
    params->slots = 0;
}

void params_initialise(Params *params, uint64_t seed)
{
    Arena arena = {0};
    for (size_t i = 0; i < params->n; i++) {
        const Param *param = &params->items[i];
        const ParamSpec *spec = &param->spec;
        const Initialiser *initialiser = (const Initialiser *)spec->initialiser.row;
        Rng rng = rng_stream(seed, arena_printf(&arena, "init/%s", spec->name));
        initialiser->fill(spec->initialiser.options, rng, spec->fan_in, spec->fan_out, param->count,
                          params->value + param->offset);
    }
    arena_release(&arena);
}

void params_release(Params *params)
{
    arena_release(&params->arena);
    free(params->items);
    params_end_training(params);
    free(params->value);
    *params = (Params){0};
}

size_t params_count(const Params *params)
{
    size_t count = 0;
    for (size_t i = 0; i < params->n; i++) count += params->items[i].spec.trainable ? params->items[i].count : 0;
    return count;
}

void params_list(const Params *params, const char *prefix, const real *block, TensorList *list)
{
    for (size_t i = 0; i < params->n; i++) {
        const Param *param = &params->items[i];
        const char *name = arena_printf(&list->arena, "%s%s", prefix, param->spec.name);
        tensors_add(list, name, REAL_DTYPE, param->spec.shape.rank, param->spec.shape.dim, block + param->offset);
    }
}

static bool take(const Param *param, const char *name, real *values, const SafeTensors *file, Err *err)
{
    char wants[96], has[256];
    const Shape *shape = &param->spec.shape;
    const TensorEntry *entry = safetensors_find(file, name);
    shape_text(*shape, wants);
    if (!entry)
        return err_failed(err, loc_file(file->path), "no tensor \"%s\", which the network wants as %s %s", name,
                          REAL_DTYPE, wants);
    if (strcmp(entry->dtype, REAL_DTYPE) != 0 || entry->rank != shape->rank ||
        memcmp(entry->dim, shape->dim, shape->rank * sizeof shape->dim[0]) != 0)
        return err_failed(err, loc_file(file->path), "tensor \"%s\" is %s %s, the network wants %s %s", name,
                          entry->dtype, tensor_shape_text(entry, has, sizeof has), REAL_DTYPE, wants);
    memcpy(values, entry->data, entry->bytes);
    return true;
}

bool params_take(const Params *params, const char *prefix, real *block, const SafeTensors *file, Err *err)
{
    bool ok = true;
    Arena arena = {0};
    for (size_t i = 0; i < params->n && ok; i++) {
        const Param *param = &params->items[i];
        const char *name = arena_printf(&arena, "%s%s", prefix, param->spec.name);
        ok = take(param, name, block + param->offset, file, err);
    }
    arena_release(&arena);
    return ok;
}
