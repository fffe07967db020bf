/* One run in its own process: from its frozen configuration to the last file. */
#ifndef RUNNER_RUN_EXECUTE_H
#define RUNNER_RUN_EXECUTE_H

#include "runner/run/runs.h"

typedef struct ExecuteOptions {
    const char *experiments; /* for datasets.yaml */
    const char *folder;      /* of the run; log/config.yaml in it is the frozen configuration */
    size_t threads;
    bool force, quiet, live;
} ExecuteOptions;

/* Writes RUN/log/config.yaml, which execute_run reads: an experiment edited later doesn't leak into it. */
bool execute_freeze(const Run *run, Err *err);

/* Takes the folder's lock (waits, and says for whom), removes temporary files of an earlier death, trains or resumes what
 * is to be trained, evaluates. *signal is set where a signal ended it; its checkpoint is written then. */
bool execute_run(const ExecuteOptions *options, int *signal, Err *err);

#endif
