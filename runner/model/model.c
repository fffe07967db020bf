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

/* Labels go up to the data's classes, and outliers have one more: so many logits there must be. Of codes there is one
 * each, since what is drawn from them is looked up. */
static bool check_logits(const Model *model, const Spec *spec, Err *err)
{
    const Loss *loss = (const Loss *)spec->row;
    const Ref subject = loss->subject(spec->options);
    const bool outliers = model->experiment->data.outliers > 0;
    const DatasetInfo *info = &model->info;
    Shape shape;
    if (!model_shape(model, subject.name, &shape) || shape.rank == 0) return true;
    const size_t logits = shape.dim[shape.rank - 1];
    if (strcmp(loss->classes(spec->options).name, "code") == 0)
        return logits == info->codes ||
               err_config(err, subject.loc, "%s: \"%s\" has %zu numbers a cell, but %s has %zu codes", loss->row.name,
                          subject.name, logits, model->experiment->data.codes.name, info->codes);
    return logits >= info->classes + outliers ||
           err_config(err, subject.loc, "%s: \"%s\" has %zu numbers an image, but %s has %zu classes%s", loss->row.name,
                      subject.name, logits, info->name, info->classes, outliers ? ", and outliers are one more" : "");
}

static bool check_classes(const Model *model, Err *err)
{
    const DataOptions *data = &model->experiment->data;
    bool classifies = false;
    for (size_t i = 0; i < model->experiment->loss_count; i++) {
        const Spec *spec = &model->experiment->losses[i].loss;
        const Loss *loss = (const Loss *)spec->row;
        if (!loss->classes) continue;
        classifies = classifies || strcmp(loss->classes(spec->options).name, "label") == 0;
        if (!check_logits(model, spec, err)) return false;
    }
    return classifies || data->outliers <= 0 ||
           err_config(err, data->loc, "outliers: no loss term learns classes; only a classifier can tell them");
}

static bool takes(const Node *node, int input)
{
    for (size_t k = 0; k < node->inputs; k++)
        if (node->input[k] == input) return true;
    return false;
}

/* Where there are codes, nothing takes the images, and a layer that looks codes up must know them all. */
static bool check_codes(const Model *model, Err *err)
{
    const Graph *graph = &model->wiring.graph;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        if (model->info.codes && takes(node, model->wiring.image))
            return err_config(err, node->loc,
                              "%s \"%s\": takes the images, but where data has codes they stand for those: take the "
                              "input \"code\"",
                              node->op->name, node->name);
        if (node->op != &op_code_conv2d || node->input[0] != model->wiring.code) continue;
        const size_t known = graph_node(graph, node->input[1])->shape.dim[1];
        if (known >= model->info.codes) continue;
        return err_config(err, node->loc, "%s \"%s\": has a row for %zu codes, but %s has %zu", node->op->name,
                          node->name, known, model->experiment->data.codes.name, model->info.codes);
    }
    return true;
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
    if (!wiring_check_trained(&model->wiring, experiment, err)) return false;
    if (!check_classes(model, err) || !check_codes(model, err) || !check_last_batch(model, err)) return false;
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

void model_allocate_values(Model *model)
{
    params_allocate_values(&model->params);
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
    const LossTerm *found = NULL;
    for (size_t i = 0; i < model->experiment->loss_count; i++) {
        const LossTerm *term = &model->experiment->losses[i];
        const Loss *loss = (const Loss *)term->loss.row;
        if (loss->role && strcmp(loss->role, role) == 0 && (!found || strcmp(term->name, role) == 0)) found = term;
    }
    return found;
}

const char *model_subject(const Model *model, const char *role)
{
    const LossTerm *term = model_term(model, role);
    if (!term) return NULL;
    return ((const Loss *)term->loss.row)->subject(term->loss.options).name;
}
