/* Runs: (experiment, variant, seed). From the command line's targets to a list of bound, checked and identified runs.
 */
#ifndef RUNNER_RUN_RUNS_H
#define RUNNER_RUN_RUNS_H

#include "runner/model/model.h"

/* Where things lie and how they are changed: the options common to all commands. */
typedef struct RunPlace {
    const char *experiments; /* folder of the YAML files */
    const char *passed_over; /* a folder of files that names in a call could be taken for, but don't mean; or NULL */
    const char *results;     /* folder of the results */
    const char *lender;      /* another one, from which needed runs are taken that are trained there; or NULL */
    const char *again;       /* for messages: the call that stands for a run where its name alone doesn't; else NULL */
    ResolveOptions resolve;  /* of the targets; runs that are only needed take no overrides and no other seed */
} RunPlace;

typedef struct Run {
    const char *path;   /* "vae/dim8/seed1", "ae/seed1" */
    const char *folder; /* RESULTS/path */
    Experiment experiment;
    DatasetInfo info;
    const struct Run **needs;  /* (experiment.need_count), in that order; NULL: not known, or, of a run that is needed
                                * itself, an entry that doesn't decide its weights */
    bool borrowed;             /* it lies in RunPlace.lender, where nothing is written */
    const char *again;         /* for messages: what goes on with it when it was stopped; NULL: nothing does */
    const char *config;        /* the canonical configuration: config.yaml */
    char weights_identity[65]; /* of what decides the weights */
    char identity[65];         /* of everything */
} Run;

typedef struct RunList {
    Arena arena;
    RunNames names;
    Run *items;      /* in the order of the targets, files and variants; behind them the other runs that they need */
    size_t n, total; /* targets; with those that are only needed */
    size_t capacity;
    size_t *slots, slot_count, indexed; /* of run_index.c */
    Run **order;                        /* (total) each behind those that it needs */
    size_t ordered;
} RunList;

/* Finds the runs of the targets: YAML files, names of experiments, runs (globs allowed); none: every experiment. Each
 * is resolved and bound, its data set described; so are the runs that they need. A target that matches nothing is an
 * error with the nearest name; two files that hold a run of the same path are an error that names both; runs that need
 * each other are an error that names the cycle. */
bool runs_find(RunList *list, const RunPlace *place, char *const *targets, size_t n, Err *err);
/* The runs of every experiment of another folder; place->experiments still holds the data sets. */
bool runs_in_folder(RunList *list, const RunPlace *place, const char *folder, Err *err);
void runs_release(RunList *list);

/* "; `mayvae run vae/dim8/seed1` DOES", of what goes on with a run, or "". */
const char *run_again(Arena *arena, const Run *run, const char *does);

/* Infers the shapes of one run and lets its metrics and figures check themselves. model may be NULL; else it is left
 * initialised (also on an error). */
bool run_check(const Run *run, Model *model, Err *err);

/* Reads a run's frozen configuration FOLDER/FILE back ("log/config.yaml" or "config.yaml"). Its needs are left unknown,
 * and so are its identities: needs_read. */
bool run_read(Arena *arena, Run *run, const char *experiments, const char *folder, const char *file, Err *err);

/* Fills config and the identities from the bound experiment and the runs that it needs, which are identified. */
void run_identify(Arena *arena, Run *run);

extern const ExperimentTables experiment_tables;

#endif
