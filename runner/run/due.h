/* What is to be done to bring targets up to date: those of them that are not, and the runs that these need. */
#ifndef RUNNER_RUN_DUE_H
#define RUNNER_RUN_DUE_H

#include "runner/run/state.h"

typedef struct Due {
    const Run *run;
    RunStatus status;
    bool forced;     /* a target, by --force */
    const Run *user; /* the run that needs it, where it is no target; else NULL */
    size_t *waits;   /* the numbers of those that it needs and that are to be trained: what they need is their weights,
                      * so it doesn't wait for one that is only to be evaluated again */
    size_t wait_count;
} Due;

typedef struct DueList {
    Due *items; /* each behind those that it waits for */
    size_t n;
    size_t targets; /* how many of them are targets */
} DueList;

/* A need is looked at only where a run is to be done that may ask for it, and is then brought to its own end; one that
 * is borrowed is left as it is. Everything is in the list's arena. */
DueList due_make(RunList *list, bool force);

#endif
