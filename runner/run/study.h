/* The study's figures, results/figures/NAME.png: composed from the runs' figures as experiments/report.yaml says. */
#ifndef RUNNER_RUN_STUDY_H
#define RUNNER_RUN_STUDY_H

#include "runner/run/runs.h"

/* Draws every figure whose panels are all there. The others are left as they are while a run is missing; an old picture
 * is removed where the runs that are there don't make it any more. `tell`, unless it is NULL, is told of those that
 * were removed and, where the study is meant to be whole, of all that aren't drawn. Without report.yaml: nothing to do.
 */
bool study_draw(const RunPlace *place, bool whole, FILE *tell, Err *err);

/* Checks report.yaml: keys, types, what is missing, and that each panel's run is in the list and draws that figure,
 * and that the runs of a chart measure what it shows; where list is NULL, its names may mean anything. */
bool study_check(const char *experiments, const RunList *list, Err *err);

#endif
