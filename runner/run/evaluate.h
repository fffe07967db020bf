/* The second stage of a run: metrics, figures, and the files that say where they come from. */
#ifndef RUNNER_RUN_EVALUATE_H
#define RUNNER_RUN_EVALUATE_H

#include "runner/model/use_context.h"
#include "runner/run/history.h"
#include "runner/run/progress.h"
#include "runner/run/runs.h"

/* Reads history.csv and the trained parameters of the model; writes metrics.csv, figures/, config.yaml and, last of
 * all, run.yaml, which makes the run current. needs: the models of the runs that it needs; NULL: none. */
bool evaluate_run(const Run *run, Model *model, const Dataset *dataset, Needs *needs, Progress *progress, Err *err);

#endif
