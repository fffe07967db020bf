/* The trained models of the runs that one run needs: a classifier that judges its samples, the VQ-VAE whose codes it
 * learns. The keys of a row name them by a FIELD_RUN; runner/run says which runs they are and where their weights lie.
 * Each model is wired, and its weights are read, at first use, and kept. */
#ifndef RUNNER_MODEL_NEEDS_H
#define RUNNER_MODEL_NEEDS_H

#include "runner/model/model.h"

typedef struct NeededModel {
    const char *path;   /* "resnet18/seed1" */
    const char *folder; /* of its results */
    const Experiment *experiment;
    const DatasetInfo *info;
    Model model;
    bool wired, loaded;
} NeededModel;

/* Of a run: what it needs, and what those need themselves. A zeroed one holds none. */
typedef struct Needs {
    NeededModel *items; /* in an arena of whoever made them */
    size_t n;
} Needs;

void needs_release(Needs *needs); /* the models; safe on a zeroed one */

/* In each of these run is the value of a FIELD_RUN of a bound experiment; needs lack it: BUG. */

/* The configuration of a needed run. */
const Experiment *needs_experiment(const Needs *needs, Ref run);

/* Its network without parameters, for checks: shapes, roles of its loss terms. An error of its own experiment has the
 * place there. */
bool needs_network(Needs *needs, Ref run, const Model **model, Err *err);

/* Its model with trained parameters. Weights that are missing or don't fit are an error. */
bool needs_model(Needs *needs, Ref run, Model **model, Err *err);

#endif
