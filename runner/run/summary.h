/* results/summary.csv (one row a run, a column for each metric and split) and results/groups.csv (one row a metric of a
 * variant: mean, sd and n over seeds, with the number of images and the protocol that metrics.csv gives): made from
 * what lies in the folder. */
#ifndef RUNNER_RUN_SUMMARY_H
#define RUNNER_RUN_SUMMARY_H

#include "nn/base/alloc.h"
#include "nn/base/err.h"

/* A finished run's folder, as found below results/. */
typedef struct Found {
    const char *path; /* "vae/dim8/seed1" */
    const char *experiment, *variant, *seed;
} Found;

/* Every folder below results (at most three deep) that holds a run.yaml and a metrics.csv, sorted by path with numbers
 * in number order. */
bool summary_find(Arena *arena, const char *results, Found **found, size_t *n, Err *err);

bool summary_write(const char *results, Err *err);

#endif
