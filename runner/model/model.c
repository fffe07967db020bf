#include "runner/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/wiring.h"

bool model_init(Model *model, const Experiment *experiment, const DatasetInfo *info, Err *err)
{
    *model = (Model){.experiment = experiment, .info = *info};
    model->numerics = numerics_find(experiment->numerics);
    if (!model->numerics) BUG("numerics \"%s\" passed the binder", experiment->numerics);
    wiring_begin(&model->wiring, experiment, model->numerics, (size_t)experiment->data.batch);
    wiring_images(&model->wiring, info);
    if (!wiring_network(&model->wiring, experiment, true, err)) return false;
    params_add_graph(&model->params, &model->wiring.graph);
    return true;
}

void model_release(Model *model)
{
    wiring_release(&model->wiring);
    params_release(&model->params);
    *model = (Model){0};
}

void model_allocate(Model *model, size_t slots)
{
    params_allocate(&model->params, slots);
    params_initialise(&model->params, model->experiment->seed);
}

bool model_shape(const Model *model, const char *name, Shape *shape)
{
    int node = wiring_find(&model->wiring, name);
    if (node < 0) return false;
    Shape full = graph_node(&model->wiring.graph, node)->shape;
    *shape = (Shape){.rank = full.rank - 1};
    memcpy(shape->dim, full.dim + 1, shape->rank * sizeof *shape->dim);
    return true;
}

const LossTerm *model_term(const Model *model, const char *role)
{
    for (size_t i = 0; i < model->experiment->loss_count; i++) {
        const Loss *loss = (const Loss *)model->experiment->losses[i].loss.row;
        if (loss->role && strcmp(loss->role, role) == 0) return &model->experiment->losses[i];
    }
    return NULL;
}

const char *model_subject(const Model *model, const char *role)
{
    const LossTerm *term = model_term(model, role);
    if (!term) return NULL;
    return ((const Loss *)term->loss.row)->subject(term->loss.options).name;
}
