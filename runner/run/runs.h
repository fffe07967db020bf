/* Runs: (experiment, variant, seed). From the command line's targets to a list of bound, checked and identified runs.
 */
#ifndef RUNNER_RUN_RUNS_H
#define RUNNER_RUN_RUNS_H

#include "runner/model/model.h"

/* Where things lie and how they are changed: the options common to all commands. */
typedef struct RunPlace {
    const char *experiments; /* folder of the YAML files */
    const char *results;     /* folder of the results */
    ResolveOptions resolve;
} RunPlace;

typedef struct Run {
    const char *path;   /* "vae/dim8/seed1", "ae/seed1" */
    const char *folder; /* RESULTS/path */
    Experiment experiment;
    DatasetInfo info;
    const char *config;        /* the canonical configuration: config.yaml */
    char weights_identity[65]; /* of what decides the weights */
    char identity[65];         /* of everything */
} Run;

typedef struct RunList {
    Arena arena;
    Run *items; /* in the order of the targets, files and variants */
    size_t n, capacity;
} RunList;

/* Finds the runs of the targets: YAML files, names of experiments, runs (globs allowed); none: every experiment. Each
 * is resolved and bound, its data set described. A target that matches nothing is an error with the nearest name. */
bool runs_find(RunList *list, const RunPlace *place, char *const *targets, size_t n, Err *err);
/* The runs of every experiment of another folder; place->experiments still holds the data sets. */
bool runs_in_folder(RunList *list, const RunPlace *place, const char *folder, Err *err);
void runs_release(RunList *list);

/* Infers the shapes of one run and lets its metrics and figures check themselves. model may be NULL; else it is left
 * initialised (also on an error). */
bool run_check(const Run *run, Model *model, Err *err);

/* Reads RESULTS-like folder's frozen configuration back into a run; file: "log/config.yaml" or "config.yaml". */
bool run_read(Arena *arena, Run *run, const char *experiments, const char *folder, const char *file, Err *err);

/* Fills config and the identities from the bound experiment. */
void run_identify(Arena *arena, Run *run);

extern const ExperimentTables experiment_tables;

#endif
