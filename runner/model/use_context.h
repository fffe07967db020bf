/* What metrics, figures and samplers work on: a run's model, its data, the models of the runs that it needs, and whom
 * to tell how far they are. */
#ifndef RUNNER_MODEL_USE_CONTEXT_H
#define RUNNER_MODEL_USE_CONTEXT_H

#include "runner/model/needs.h"

typedef struct UseContext {
    Model *model;           /* in a check: without parameters */
    const Dataset *dataset; /* in a check: NULL */
    Needs *needs;           /* NULL: none */
    /* How much of it is done; false with err: a signal came, stop. NULL: nobody listens. */
    bool (*progress)(void *context, size_t done, size_t total, Err *err);
    void *progress_context;
} UseContext;

/* To be called every second or so by what takes longer: done of total, in any unit. On false release everything and
 * return false. */
bool use_progress(const UseContext *use, size_t done, size_t total, Err *err);

#endif
