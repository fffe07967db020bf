/* results/summary.csv (one row a run, a column for each metric and split) and results/groups.csv (one row a metric of a
 * variant: mean, sd and n over seeds, with the number of images and the protocol that metrics.csv gives): made from
 * what lies in the folder. A variant's runs of another configuration than that of its first are left out of the latter.
 */
#ifndef RUNNER_RUN_SUMMARY_H
#define RUNNER_RUN_SUMMARY_H

#include "runner/run/runs.h"

/* A finished run's folder, as found below results/. */
typedef struct Found {
    const char *path; /* "vae/dim8/seed1" */
    const char *experiment, *variant, *seed;
} Found;

/* Every folder below results (at most three deep) that holds a run.yaml and a metrics.csv, sorted by path with numbers
 * in number order. */
bool summary_find(Arena *arena, const char *results, Found **found, size_t *n, Err *err);

/* tell: to standard error, which runs are left out of groups.csv, and what would make them alike. */
bool summary_write(const RunPlace *place, bool tell, Err *err);

#endif
