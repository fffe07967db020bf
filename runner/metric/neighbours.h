/* The nearest of many vectors. */
#ifndef RUNNER_METRIC_NEIGHBOURS_H
#define RUNNER_METRIC_NEIGHBOURS_H

#include <stddef.h>
#include <stdint.h>

#include "nn/base/real.h"

/* nearest (n, k): for each vector of x (n, dim) the k nearest of y (m, dim), k <= m, by squared Euclidean distance (sum
 * over dimensions in order), nearest first, the lower index of equals first. */
void neighbours_find(size_t k, size_t dim, size_t n, const real *x, size_t m, const real *y, uint32_t *nearest);

/* The commonest label of the k, the lowest of equals. */
uint8_t neighbours_vote(size_t k, const uint32_t *nearest, const uint8_t *labels);

#endif
