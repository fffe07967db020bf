/* checkpoint.safetensors: everything that training needs to go on as if never interrupted. */
#ifndef RUNNER_RUN_CHECKPOINT_H
#define RUNNER_RUN_CHECKPOINT_H

#include "runner/model/segments.h"
#include "runner/run/history.h"

/* Where training stands. sums: of the epoch so far, one a loss term, and last the weighted objective. */
typedef struct TrainState {
    uint64_t epoch, step; /* the next step to do; step counts within the epoch */
    size_t sums;
    SegmentSum *sum;
    History history;
} TrainState;

/* The start of training: epoch 0, step 0, sums of nothing, and a history of the experiment's columns without rows. */
void train_state_init(TrainState *state, const Experiment *experiment);
void train_state_release(TrainState *state); /* safe on a zeroed one */

/* Writes the values, the optimizer's slots and the state, whole or not at all, for the weights of that identity
 * (Run.weights_identity), with a checksum over all of it. */
bool checkpoint_save(const char *path, const char *identity, const Params *params, const TrainState *state, Err *err);

/* Loads into allocated parameters and an initialised state. *found is false, with no error, where there is no file or
 * it belongs to another identity; a damaged one is an error that says what to do. */
bool checkpoint_load(const char *path, const char *identity, Params *params, TrainState *state, bool *found, Err *err);

/* The epoch and step of a checkpoint of that identity, or of any (NULL); false: none that can be used. */
bool checkpoint_peek(const char *path, const char *identity, uint64_t *epoch, uint64_t *step);

#endif
