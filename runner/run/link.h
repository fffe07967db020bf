/* Inside of runner/run: how a list of runs is made. */
#ifndef RUNNER_RUN_LINK_H
#define RUNNER_RUN_LINK_H

#include "runner/run/runs.h"

/* Binds a run and adds it to the list, unless it is there; one that is there from another file is an error. */
bool runs_add(RunList *list, const RunPlace *place, const NamedRun *named, Err *err);

/* The run of that path in the list, targets and others; NULL: none. Takes no longer for many runs than for few. */
Run *runs_named(RunList *list, const char *path);
/* To be called where runs are taken out of the list. */
void runs_forget(RunList *list);

/* Binds and adds the runs that those of the list need, and what they need themselves; points each run to its needs,
 * identifies it, and fills the order. What is only needed lies in the lender's folder where it is trained there. */
bool runs_link(RunList *list, const RunPlace *place, Err *err);

#endif
