#include <stdlib.h>
#include <string.h>

#include "runner/model/wiring.h"

static Shape image_shape(const DatasetInfo *info, size_t batch)
{
    return (Shape){4, {batch, info->height, info->width, info->channels}};
}

static bool wire_losses(Wiring *wiring, const Experiment *experiment, Err *err)
{
    for (size_t i = 0; i < experiment->loss_count; i++) {
        const LossTerm *term = &experiment->losses[i];
        const Loss *loss = (const Loss *)term->loss.row;
        Build build = {&wiring->graph, &wiring->scope, arena_printf(&wiring->graph.arena, "loss.%s", term->name),
                       term->loss.loc};
        if (!loss->build(&build, term->loss.options, &wiring->loss[i], err)) return false;
    }
    return true;
}

void wiring_begin(Wiring *wiring, const Experiment *experiment, const Numerics *numerics, size_t batch)
{
    graph_init(&wiring->graph, numerics, batch);
    wiring->scope.arena = &wiring->graph.arena;
    wiring->loss = arena_alloc(&wiring->graph.arena, experiment->loss_count + 1, sizeof *wiring->loss);
    wiring->image = wiring->label = wiring->code = -1;
}

void wiring_images(Wiring *wiring, const DatasetInfo *info)
{
    size_t batch = wiring->graph.batch;
    Value image = {.node = graph_input(&wiring->graph, "image", image_shape(info, batch), (Loc){0})};
    Value label = {.node = graph_input(&wiring->graph, "label", (Shape){1, {batch}}, (Loc){0})};
    scope_add(&wiring->scope, "image", &image);
    scope_add(&wiring->scope, "label", &label);
    wiring->image = image.node;
    wiring->label = label.node;
    if (info->codes == 0) return;
    const Shape grid = {3, {batch, info->code_height, info->code_width}};
    Value code = {.node = graph_input(&wiring->graph, "code", grid, (Loc){0})};
    scope_add(&wiring->scope, "code", &code);
    wiring->code = code.node;
}

bool wiring_network(Wiring *wiring, const Experiment *experiment, bool losses, Err *err)
{
    Network network = {experiment->sections, experiment->section_count};
    if (!network_build(&wiring->graph, &network, &wiring->scope, err)) return false;
    return !losses || wire_losses(wiring, experiment, err);
}

void wiring_release(Wiring *wiring)
{
    scope_release(&wiring->scope);
    graph_release(&wiring->graph);
    *wiring = (Wiring){0};
}

int wiring_find(const Wiring *wiring, const char *name)
{
    const char *dot = strchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : strlen(name);
    for (size_t i = 0; i < wiring->scope.n; i++) {
        const char *section = wiring->scope.items[i].name;
        if (strlen(section) != length || memcmp(section, name, length) != 0) continue;
        const Value *value = &wiring->scope.items[i].value;
        return dot ? value_part(value, dot + 1) : value->node;
    }
    return -1;
}

int wiring_features(const Wiring *wiring, int node)
{
    while (node >= 0) {
        const Node *at = graph_node(&wiring->graph, node);
        if (!at->op) return -1;
        if (at->op == &op_dense) return at->input[0];
        node = at->input[0];
    }
    return -1;
}
