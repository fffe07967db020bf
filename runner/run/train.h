/* The training loop: from a checkpoint or the initial parameters to the last epoch. */
#ifndef RUNNER_RUN_TRAIN_H
#define RUNNER_RUN_TRAIN_H

#include "nn/optim/optim.h"
#include "runner/run/checkpoint.h"
#include "runner/run/progress.h"

typedef enum TrainEnd { TRAIN_DONE, TRAIN_INTERRUPTED, TRAIN_FAILED } TrainEnd;

typedef struct TrainJob {
    Model *model; /* allocated, with the optimizer's slots */
    const Dataset *dataset;
    TrainState *state;      /* where to begin; at the end: where it stands */
    const char *checkpoint; /* written after every epoch and on a signal */
    const char *identity;
    const char *history; /* the rows so far, written beside each checkpoint for those who look on; NULL: nowhere */
    Progress *progress;
} TrainJob;

/* A loss that is not finite fails with the epoch and step. A signal writes the checkpoint and ends as
 * TRAIN_INTERRUPTED. */
TrainEnd train_run(const TrainJob *job, Err *err);

/* Times training steps of this model on made-up images: seconds a step of a whole batch, the best of a few; of no more
 * images than there are. For estimates. */
double train_time_step(Model *model, size_t steps);

/* One training step's passes for a batch size; exposed for `bench`. */
typedef struct Stepper {
    Model *model;
    const Optimizer *optimizer;
    Pass pass;
    double *grad; /* one a loss term: its weight over the batch */
    uint64_t steps_per_epoch, epochs;
} Stepper;

/* For batches of that size, with schedules that count so many steps an epoch. Borrows the model, whose parameters must
 * be allocated with the optimizer's slots. */
void stepper_init(Stepper *stepper, Model *model, size_t batch, uint64_t steps_per_epoch);
void stepper_release(Stepper *stepper); /* safe on a zeroed one */
/* Forward, backward, optimizer on the images that were put into the pass; global counts from 0. Adds each image's
 * losses to sum (one a term, and last the weighted objective). */
void stepper_step(Stepper *stepper, uint64_t global, SegmentSum *sum);

#endif
