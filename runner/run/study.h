/* The study's figures, results/figures/NAME.png: composed from the runs' figures as experiments/report.yaml says. */
#ifndef RUNNER_RUN_STUDY_H
#define RUNNER_RUN_STUDY_H

#include "runner/run/runs.h"

/* Draws every figure whose panels are all there; the others are left as they are. `tell`, unless it is NULL, is told
 * what report.yaml asks for in vain; where the study is meant to be whole also what isn't there yet. Without
 * report.yaml: nothing to do. */
bool study_draw(const RunPlace *place, bool whole, FILE *tell, Err *err);

/* Checks report.yaml: keys, types, what is missing, and that each panel's run is in the list and draws that figure,
 * and that the runs of a chart measure what it shows; where list is NULL, its names may mean anything. */
bool study_check(const char *experiments, const RunList *list, Err *err);

#endif
