/* Whether results may be averaged. */
#ifndef RUNNER_RUN_ALIKE_H
#define RUNNER_RUN_ALIKE_H

#include "runner/run/summary.h"

/* The first few keys in which two runs' results differ in how they were made: their frozen configurations without the
 * seed, the title and the figures, the data, the numerics, the runs that were needed. "": in none. */
const char *found_differences(Arena *arena, const char *results, const Found *a, const Found *b);

#endif
