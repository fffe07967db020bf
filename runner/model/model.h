/* A model: an experiment's network bound to parameters, and the passes that run parts of it. Training, metrics, figures
 * and `sample` all go through here, so none of them builds a graph of its own. */
#ifndef RUNNER_MODEL_MODEL_H
#define RUNNER_MODEL_MODEL_H

#include "nn/exec/exec.h"
#include "nn/loss/loss.h"
#include "runner/data/dataset.h"

/* A wired graph: the network and its loss terms for one batch size. */
typedef struct Wiring {
    Graph graph;
    Scope scope;
    int image, label; /* the inputs */
    int code;         /* a third, where the data has codes, which then stand for the images; else -1 */
    int *loss;        /* (experiment's loss_count) nodes of shape (N) */
} Wiring;

typedef struct Model {
    const Experiment *experiment;
    DatasetInfo info;
    const Numerics *numerics;
    Wiring wiring; /* for the experiment's batch: shapes, checks, `show` */
    Params params;
} Model;

/* Wires the network once, which checks every name and shape; no parameter is allocated. experiment is borrowed. */
bool model_init(Model *model, const Experiment *experiment, const DatasetInfo *info, Err *err);
void model_release(Model *model); /* safe on a zeroed one */

/* Allocates parameters with the optimizer's slots and draws them from the experiment's seed; or for evaluation alone,
 * zeroed, to be read from a file. */
void model_allocate(Model *model, size_t slots);
void model_allocate_values(Model *model);

/* Parameters whose initialiser has fill_from, from the first batch of training (epoch 0's order, layers as in training,
 * which leaves running statistics as they were), in the order of the graph; others stay. A repetition gives the same
 * bits while no step has been made. first_batch.c */
void model_initialise_from_data(Model *model, const Dataset *dataset);

/* The shape of a section or a section's part ("latent", "latent.mean") without the batch; false: there is none. */
bool model_shape(const Model *model, const char *name, Shape *shape);

/* The node, in model->wiring, that the last dense layer of a section takes in, seen from its end; -1: it has none. */
int model_features(const Model *model, const char *section);

/* The term with that role ("reconstruction", "kl"), or NULL; of several the one of that name, else the first; and the
 * section that it judges (logits, posterior). */
const LossTerm *model_term(const Model *model, const char *role);
const char *model_subject(const Model *model, const char *role); /* NULL: no such term */

/* Graph and slab for one purpose. */
enum { PASS_FEEDS_MAX = 2, PASS_OUTPUTS_MAX = 6 };

typedef struct PassSpec {
    size_t batch;
    bool training, losses;
    const char *feed;                     /* a section whose value is given instead of images; NULL: images */
    const char *output[PASS_OUTPUTS_MAX]; /* "decoder", "latent.mean", ...; ends with NULL */
    bool features;                        /* also the node model_features of output[0] */
} PassSpec;

typedef struct Pass {
    Wiring wiring;
    Exec exec;
    int feed;
    int output[PASS_OUTPUTS_MAX];
    int features;
} Pass;

/* Parameters must be allocated. An output that doesn't exist is a BUG: check with model_shape first. */
void pass_init(Pass *pass, Model *model, const PassSpec *spec);
void pass_release(Pass *pass); /* safe on a zeroed one */

/* Runs the model's chosen outputs over rows of input in batches: from(context, first, n, input) fills the fed input
 * (images, or the codes of a network that takes those, or the fed section), to(context, first, n, output) reads output
 * i of n rows. Random draws: the run's seed and step = first_step + number of the batch. */
typedef struct Sweep {
    size_t n, batch;
    uint64_t first_step;
    void (*from)(void *context, size_t first, size_t n, real *input, real *label);
    void (*to)(void *context, size_t first, size_t n, const Pass *pass);
    void *context;
} Sweep;

void model_sweep(Model *model, const PassSpec *spec, const Sweep *sweep);

/* Random draws of evaluation never meet those of training: steps from here on. */
#define EVALUATION_STEP ((uint64_t)1 << 62)

#endif
