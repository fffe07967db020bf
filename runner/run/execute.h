/* One run in its own process: from its frozen configuration to the last file. */
#ifndef RUNNER_RUN_EXECUTE_H
#define RUNNER_RUN_EXECUTE_H

#include "runner/run/runs.h"

typedef struct ExecuteOptions {
    const char *experiments; /* for datasets.yaml */
    const char *frozen;      /* what launch_freeze wrote */
    const char *needs;       /* where the runs lie that it needs: needs_folders */
    const char *again;       /* Run.again */
    size_t threads;
    int report; /* the descriptor that records of progress go to, or 0 */
    bool force, quiet;
} ExecuteOptions;

/* Refuses a path that launch_freeze didn't make, before it touches anything. Takes the folder's lock (waits, and says
 * for whom), renames the frozen file to log/config.yaml, removes temporary files of an earlier death, trains or resumes
 * what is to be trained, evaluates. *signal is set where a signal ended it; its checkpoint is written then. */
bool execute_run(const ExecuteOptions *options, int *signal, Err *err);

#endif
