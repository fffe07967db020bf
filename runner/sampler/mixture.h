/* A mixture of Gaussians with full covariances, fitted by expectation-maximisation (Dempster, Laird and Rubin, 1977;
 * Bishop, Pattern Recognition and Machine Learning, 2006, section 9.2) in double. The bits depend on the numbers and
 * the stream alone, not on threads. */
#ifndef RUNNER_SAMPLER_MIXTURE_H
#define RUNNER_SAMPLER_MIXTURE_H

#include "nn/base/rng.h"
#include "runner/model/use_context.h"

typedef struct Mixture {
    size_t components, dim;
    double *weight;        /* (components), sum 1 */
    double *mean;          /* (components, dim) */
    double *factor;        /* (components, dim, dim): lower triangle L, the covariance is L L^T */
    double log_likelihood; /* nats, mean over the data, under the parameters of the last step but one */
    size_t iterations;
} Mixture;

/* Fits x (n, dim), n >= 1. Starts from k-means (Lloyd) on centres chosen as k-means++ does (Arthur and Vassilvitskii,
 * 2007) with draws of rng; ends after `iterations` steps, or when a step raises the mean log-likelihood by less than
 * 1e-5 nats. 1e-6 of the mean variance is added to the diagonal of each covariance, so that a dimension that doesn't
 * vary does no harm. Tells `use`, unless NULL, of each step; false: it was stopped, and nothing is to be released. */
bool mixture_fit(Mixture *mixture, size_t components, size_t n, size_t dim, const real *x, Rng rng, size_t iterations,
                 const UseContext *use, Err *err);
void mixture_release(Mixture *mixture); /* safe on a zeroed one */

/* A draw: the component that a uniform number picks, and mean + L noise (dim) for it. */
void mixture_draw(const Mixture *mixture, double uniform, const real *noise, real *z);

#endif
