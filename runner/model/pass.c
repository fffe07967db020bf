#include <stdlib.h>
#include <string.h>

#include "runner/model/wiring.h"

static void wire_feed(Pass *pass, const Model *model, const PassSpec *spec)
{
    Shape shape;
    if (!model_shape(model, spec->feed, &shape)) BUG("no section \"%s\" to feed", spec->feed);
    Shape full = {.rank = shape.rank + 1, .dim = {spec->batch}};
    memcpy(full.dim + 1, shape.dim, shape.rank * sizeof *shape.dim);
    pass->feed = graph_input(&pass->wiring.graph, spec->feed, full, (Loc){0});
    Value value = {.node = pass->feed};
    scope_add(&pass->wiring.scope, spec->feed, &value);
}

void pass_init(Pass *pass, Model *model, const PassSpec *spec)
{
    const Experiment *experiment = model->experiment;
    Err err = {0};
    *pass = (Pass){.feed = -1};
    wiring_begin(&pass->wiring, experiment, model->numerics, spec->batch);
    pass->wiring.graph.training = spec->training;
    if (spec->feed)
        wire_feed(pass, model, spec);
    else
        wiring_images(&pass->wiring, &model->info);
    if (!wiring_network(&pass->wiring, experiment, spec->losses, &err)) BUG("a checked network: %s", err.text);

    size_t roots = 0;
    int *root = mem_zeroed(PASS_OUTPUTS_MAX + 1 + experiment->loss_count, sizeof *root);
    for (size_t i = 0; i < PASS_OUTPUTS_MAX && spec->output[i]; i++) {
        pass->output[i] = wiring_find(&pass->wiring, spec->output[i]);
        if (pass->output[i] < 0) BUG("no output \"%s\"", spec->output[i]);
        root[roots++] = pass->output[i];
    }
    if (spec->features) root[roots++] = pass->features = wiring_features(&pass->wiring, pass->output[0]);
    for (size_t i = 0; spec->losses && i < experiment->loss_count; i++) root[roots++] = pass->wiring.loss[i];
    exec_init(&pass->exec, &pass->wiring.graph, &model->params, spec->training, root, roots);
    free(root);
}

void pass_release(Pass *pass)
{
    exec_release(&pass->exec);
    wiring_release(&pass->wiring);
    *pass = (Pass){0};
}

static void sweep_batch(const Model *model, Pass *pass, const PassSpec *spec, const Sweep *sweep, size_t first,
                        size_t n)
{
    const Wiring *wiring = &pass->wiring;
    const int data = wiring->code >= 0 ? wiring->code : wiring->image;
    real *input = exec_value(&pass->exec, spec->feed ? pass->feed : data);
    real *label = spec->feed ? NULL : exec_value(&pass->exec, wiring->label);
    sweep->from(sweep->context, first, n, input, label);
    exec_forward(&pass->exec, model->experiment->seed, sweep->first_step + first / sweep->batch);
    sweep->to(sweep->context, first, n, pass);
}

void model_sweep(Model *model, const PassSpec *spec, const Sweep *sweep)
{
    size_t full = sweep->n / sweep->batch * sweep->batch;
    size_t sizes[2] = {full ? sweep->batch : 0, sweep->n - full};
    for (int part = 0; part < 2; part++) {
        if (sizes[part] == 0) continue;
        Pass pass;
        PassSpec sized = *spec;
        sized.batch = sizes[part];
        pass_init(&pass, model, &sized);
        size_t end = part == 0 ? full : sweep->n;
        for (size_t first = part == 0 ? 0 : full; first < end; first += sizes[part])
            sweep_batch(model, &pass, spec, sweep, first, sizes[part]);
        pass_release(&pass);
    }
}
