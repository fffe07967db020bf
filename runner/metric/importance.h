/* The importance-weighted bound of log p(x): L_k = log (1/k) sum_i p(x|z_i) p(z_i) / q(z_i|x), z_i ~ q(z|x) = N(mean,
 * exp(log_variance)), which rises with k to log p(x) (Burda, Grosse and Salakhutdinov, Importance Weighted
 * Autoencoders, 2016, eq. 8), in log space. Rows are (image, sample) in this order; whoever holds the decoder gives
 * log p(x|z) for them. */
#ifndef RUNNER_METRIC_IMPORTANCE_H
#define RUNNER_METRIC_IMPORTANCE_H

#include "nn/base/rng.h"

typedef struct Importance {
    /* Given: */
    size_t images, dim, samples;     /* samples of each image */
    const real *mean, *log_variance; /* (images, dim) */
    const uint32_t *number;          /* (images): which example of the stream an image is */
    size_t counts;                   /* L_k for each of these k, each at most `samples` */
    const size_t *count;
    Rng noise; /* sample s of image i: step s, example number[i] */
    /* Found: */
    double *bound;    /* (counts, images): L_k in nats */
    double *ratio;    /* (batch): log p(z) - log q(z|x) of the rows drawn last */
    double most, sum; /* of the image under way: exp(most) sum is the sum of its weights */
} Importance;

/* Allocates what is found; batch: the most rows of a draw. */
void importance_init(Importance *importance, size_t batch);
void importance_release(Importance *importance);

/* Latents z (n, dim) of rows [first, first + n). */
void importance_draw(Importance *importance, size_t first, size_t n, real *z);
/* Takes log p(x|z) (n) of the rows drawn last; rows come in order, from 0 on. */
void importance_add(Importance *importance, size_t first, size_t n, const double *log_likelihood);

#endif
