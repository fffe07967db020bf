#include "runner/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "runner/model/wiring.h"

/* The network as training has it. */
static bool wire(Wiring *wiring, const Model *model, size_t batch, Err *err)
{
    wiring_begin(wiring, model->experiment, model->numerics, batch);
    wiring->graph.training = true;
    wiring_images(wiring, &model->info);
    return wiring_network(wiring, model->experiment, true, err);
}

/* Labels go up to the data's classes, and outliers have one more, so a classifier must have that many numbers. */
static bool check_classes(const Model *model, Err *err)
{
    const DataOptions *data = &model->experiment->data;
    const bool outliers = data->outliers > 0;
    const size_t wanted = model->info.classes + outliers;
    bool classifies = false;
    for (size_t i = 0; i < model->experiment->loss_count; i++) {
        const Spec *spec = &model->experiment->losses[i].loss;
        const Loss *loss = (const Loss *)spec->row;
        Shape shape;
        if (!loss->classes) continue;
        classifies = true;
        const Ref subject = loss->subject(spec->options);
        if (!model_shape(model, subject.name, &shape) || shape_count(shape) >= wanted) continue;
        return err_config(err, subject.loc, "%s: \"%s\" has %zu numbers an image, but %s has %zu classes%s",
                          loss->row.name, subject.name, shape_count(shape), model->info.name, model->info.classes,
                          outliers ? ", and outliers are one more" : "");
    }
    return classifies || !outliers ||
           err_config(err, data->loc, "outliers: no loss term learns classes; only a classifier can tell them");
}

/* The last batch of an epoch may be too small for a layer. */
static bool check_last_batch(const Model *model, Err *err)
{
    const DataOptions *data = &model->experiment->data;
    const size_t rest = dataset_split_count(&model->info, data, "train") % (size_t)data->batch;
    if (rest == 0) return true;
    Wiring wiring = {0};
    const bool ok = wire(&wiring, model, rest, err);
    wiring_release(&wiring);
    return ok;
}

bool model_init(Model *model, const Experiment *experiment, const DatasetInfo *info, Err *err)
{
    *model = (Model){.experiment = experiment, .info = *info};
    model->numerics = numerics_find(experiment->numerics);
    if (!model->numerics) BUG("numerics \"%s\" passed the binder", experiment->numerics);
    if (!wire(&model->wiring, model, (size_t)experiment->data.batch, err)) return false;
    if (!check_classes(model, err) || !check_last_batch(model, err)) return false;
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

int model_features(const Model *model, const char *section)
{
    return wiring_features(&model->wiring, wiring_find(&model->wiring, section));
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
