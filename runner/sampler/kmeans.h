/* K-means: where a mixture starts from. */
#ifndef RUNNER_SAMPLER_KMEANS_H
#define RUNNER_SAMPLER_KMEANS_H

#include "nn/base/rng.h"

/* Centres (k, dim) of x (n, dim) and the number of the nearest one for each vector, nearest (n), the first of equals.
 * The first centre is a random vector, each further one a vector drawn in proportion to its squared distance from the
 * nearest centre so far (Arthur and Vassilvitskii, k-means++, 2007, section 2.2); then at most 20 of Lloyd's steps. A
 * centre that loses all of its vectors stays where it is. Draws of rng: example 0. */
void kmeans(size_t k, size_t n, size_t dim, const real *x, Rng rng, double *centre, int *nearest);

#endif
