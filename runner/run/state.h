/* What a run's folder holds, and what is still to do. */
#ifndef RUNNER_RUN_STATE_H
#define RUNNER_RUN_STATE_H

#include "runner/run/runs.h"

/* Ordered by how much is to do. The names are what `list` and `plan` print. */
typedef enum RunState { RUN_CURRENT, RUN_EVALUATE, RUN_RESUME, RUN_TRAIN } RunState;
const char *run_state_name(RunState state); /* "up to date", "evaluate", "resume", "train" */

typedef struct RunStatus {
    RunState state;
    const char *reason; /* "never run", "changed: train.epochs", "weights.safetensors is missing", ... */
} RunStatus;

/* Looks at the folder; changes nothing. Whatever can't be read counts as not there. A checkpoint is taken away when the
 * weights are written, so one of this configuration is that of a training under way, whatever lies beside it: under
 * --force that is whole results. */
RunStatus run_status(Arena *arena, const Run *run);

/* The keys whose values differ between the configuration that the folder's results were made with and this one:
 * "train.epochs: 30 -> 40" a line, and the needed runs whose weights are of another configuration than then; without
 * values the first few keys and how many more there are. "" where there is none, or nothing to compare with. */
const char *run_differences(Arena *arena, const Run *run, bool values);

/* The keys whose values differ between two trees, told likewise. */
const char *config_differences(Arena *arena, const Cfg *before, const Cfg *after, bool values);

/* The needed runs whose weights were of another configuration when the folder's results were made, separated by
 * commas; "" where there is none. */
const char *run_changed_needs(Arena *arena, const Run *run);

/* The identity of a needed run's weights that the folder's results were made with, as run.yaml has it; NULL: none. */
const char *run_needed(Arena *arena, const Run *run, const char *path);

/* Whether config.yaml is this configuration; one that can't be read is an error. */
bool run_has_config(Arena *arena, const Run *run, bool *same, Err *err);

/* Whether weights.safetensors is there and belongs to the run's weights_identity. */
bool run_has_weights(const Run *run);

/* Whether training has come to its end: those weights and history.csv. */
bool run_is_trained(const Run *run);

#endif
