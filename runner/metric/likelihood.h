/* What nll and iw_bce_bound share: the importance-weighted bound of a VAE with Bernoulli pixels. */
#ifndef RUNNER_METRIC_LIKELIHOOD_H
#define RUNNER_METRIC_LIKELIHOOD_H

#include "runner/metric/metric.h"

typedef struct LikelihoodOptions {
    const char *split;
    int64_t k, images;
    IntList bounds;
} LikelihoodOptions;

extern const Field likelihood_fields[];

/* name: of the metric, for messages. */
bool likelihood_check(const UseContext *use, const Spec *spec, const char *name, Err *err);

/* Adds the rows NAME (k samples, on so many images spread evenly over the split), NAME_kK for each of the bounds (on
 * all images), and, where both are there, NAME_all: the bound of the largest K on all images plus the difference
 * between the two on the images of the first row. what: for the details, e.g. "binary pixels". */
bool likelihood_measure(const UseContext *use, const Spec *spec, const char *name, const char *what, MetricList *list,
                        Err *err);

#endif
