/* What is still to be done of a run, for estimates. */
#ifndef RUNNER_RUN_COST_H
#define RUNNER_RUN_COST_H

#include "runner/run/state.h"

/* Multiply-adds of the network's forward pass over a batch. */
double cost_batch(const Model *model);

/* run_check, and what a batch of that run costs. */
bool cost_check(const Run *run, double *batch, Err *err);

/* What is left, counted in training steps: those of the epochs that are left, a third of one for every batch that is
 * only looked at after an epoch, and one for every batch of the test set in place of the evaluation, whose judges and
 * samplers are not counted. 0 where the run is up to date. */
double cost_steps(const Run *run, RunState state);

#endif
