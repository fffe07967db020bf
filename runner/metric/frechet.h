/* The distance of two Gaussians fitted to features of images. */
#ifndef RUNNER_METRIC_FRECHET_H
#define RUNNER_METRIC_FRECHET_H

#include <stddef.h>

#include "nn/base/real.h"

typedef struct Gaussian {
    size_t size;
    double *mean;       /* (size) */
    double *covariance; /* (size, size), by n - 1 */
} Gaussian;

/* Fits to features (n, size), n > 1: sums in double over segments of 32 images, by the pool's threads. */
void gaussian_fit(Gaussian *gaussian, size_t n, size_t size, const real *features);
void gaussian_release(Gaussian *gaussian); /* safe on a zeroed one */

/* |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), of equal sizes: the square of the Frechet distance (Dowson and Landau,
 * 1982), which Heusel et al. (GANs Trained by a Two Time-Scale Update Rule, 2017, eq. 6) call FID when the features are
 * those of an Inception network. With C1 = L L^T, the eigenvalues of C1 C2 are those of the symmetric L^T C2 L, so the
 * trace of the root is the sum of their roots. */
double gaussian_distance(const Gaussian *a, const Gaussian *b);

#endif
