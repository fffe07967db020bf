/* Pictures of figures that a run's configuration no longer has. */
#ifndef RUNNER_RUN_LEFTOVERS_H
#define RUNNER_RUN_LEFTOVERS_H

#include "runner/run/runs.h"

/* The first one found: "figures/samples-2.png" in the run's folder; NULL: none. Files of other names are the user's. */
const char *leftover_picture(Arena *arena, const Run *run);

bool leftovers_remove(Arena *arena, const Run *run, Err *err);

#endif
