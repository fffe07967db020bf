/* Runs as child processes of this program, several side by side. */
#ifndef RUNNER_RUN_SPAWN_H
#define RUNNER_RUN_SPAWN_H

#include "runner/run/runs.h"

typedef struct SpawnTask {
    const Run *run;
    double cost;         /* of what is still to be done, in any unit */
    const size_t *waits; /* numbers of tasks before it, which must be done first */
    size_t wait_count;
    bool force; /* train and evaluate it again even if it is up to date */
} SpawnTask;

typedef struct SpawnOptions {
    const char *experiments;
    size_t jobs;       /* at once */
    size_t threads;    /* of each; 0: they share the processors */
    size_t processors; /* of this machine */
    bool keep_going, quiet;
} SpawnOptions;

typedef struct SpawnResult {
    size_t done, failed;
    size_t stopped; /* by the signal that ended all of it */
    size_t skipped; /* not started, because one that they wait for or another failed, or a signal came */
    int signal;     /* 0, or the signal that ended it */
    int worst;      /* the highest exit code of a child below 128 */
} SpawnResult;

/* Freezes and starts each run when its turn comes and what it waits for is done: order.h. A child that fails keeps
 * those that wait for it from being started, which are named, and the others too, unless keep_going. SIGINT, SIGTERM
 * and SIGHUP are passed on; children that are under way write their checkpoints and end. */
SpawnResult spawn_all(const SpawnTask *tasks, size_t n, const SpawnOptions *options);

#endif
