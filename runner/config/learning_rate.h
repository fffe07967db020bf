/* Inside of runner/config. */
#ifndef RUNNER_CONFIG_LEARNING_RATE_H
#define RUNNER_CONFIG_LEARNING_RATE_H

#include "runner/config/experiment.h"
#include "runner/config/report.h"

/* Reports a schedule that kills the learning rate: zero, or below 1e-12 of its largest value, over a whole epoch. How
 * many steps an epoch has isn't known yet; schedules are smooth enough for a hundred. */
void check_learning_rate(const TrainOptions *train, Report *report);

#endif
