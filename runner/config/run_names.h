/* What the names of runs stand for: EXPERIMENT[/VARIANT][/seedN] in a folder of experiments. What is left out means the
 * only variant, and the first seed. */
#ifndef RUNNER_CONFIG_RUN_NAMES_H
#define RUNNER_CONFIG_RUN_NAMES_H

#include "runner/config/resolve.h"

/* "vae/dim8/seed1", "ae/seed1"; variant "" where the experiment has no matrix. */
const char *run_path(Arena *arena, const char *experiment, const char *variant, uint64_t seed);

/* The experiments of a folder by their files, without ".yaml", sorted; datasets.yaml and report.yaml are none. */
bool experiment_names(Arena *arena, const char *folder, char ***names, size_t *n, Err *err);

/* A folder of experiments whose files are read when a name needs them, each once. */
typedef struct RunNames {
    Arena *arena;
    ResolveOptions options; /* of the runs that are named: the folder, and a profile */
    struct NamedFile *files;
    size_t n, capacity;
} RunNames;

/* Everything lives in the arena but the list of files. */
void run_names_init(RunNames *names, Arena *arena, const ResolveOptions *options);
void run_names_release(RunNames *names); /* safe on a zeroed one */

typedef struct NamedRun {
    const char *path;
    const Variant *variant;
    uint64_t seed;
} NamedRun;

/* The run that a name stands for. A name that matches nothing, or several variants, is an error at `loc` with the
 * nearest or the candidates; a file that can't be resolved is an error with its own place. */
bool run_names_find(RunNames *names, const char *name, Loc loc, NamedRun *run, Err *err);

#endif
