/* What a sampler, a metric or a figure is given: the trained model of the run, its data, and the runs that it needs. */
#ifndef RUNNER_MODEL_USE_CONTEXT_H
#define RUNNER_MODEL_USE_CONTEXT_H

#include "runner/model/model.h"

typedef struct UseContext {
    Model *model;           /* parameters are allocated and trained */
    const Dataset *dataset; /* NULL only where nothing asks for images */
    struct Needs *needs;    /* the trained models of other runs; NULL where there are none */
} UseContext;

#endif
