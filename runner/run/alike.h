/* Whether results may be averaged. */
#ifndef RUNNER_RUN_ALIKE_H
#define RUNNER_RUN_ALIKE_H

#include "runner/run/summary.h"

/* The first few keys in which two runs differ in how their weights were made: their frozen configurations without the
 * seed, the title and what is measured and drawn, the data, the numerics, the runs that both needed. "": in none. */
const char *found_differences(Arena *arena, const char *results, const Found *a, const Found *b);

#endif
