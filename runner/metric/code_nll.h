/* What a prior over codes pays for the codes of images: shared by the metrics code_nll and description_length. */
#ifndef RUNNER_METRIC_CODE_NLL_H
#define RUNNER_METRIC_CODE_NLL_H

#include "runner/metric/metric.h"

/* The mean of -log p(codes) over a split, in nats an image: the sum over cells. The model is a prior over codes. */
double code_nll_mean(const UseContext *use, const Split *split);

#endif
