#include <math.h>

#include "nn/init/init.h"

static void fill(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values)
{
    (void)options;
    if (fan_in == 0 || fan_out == 0) BUG("glorot_uniform without a fan-in and a fan-out");
    real bound = (real)sqrt(6 / ((double)fan_in + (double)fan_out));
    rng_uniform(rng, 0, 0, n, values);
    for (size_t i = 0; i < n; i++) values[i] = bound * (2 * values[i] - 1);
}

const Initialiser initialiser_glorot_uniform = {
    .row = {.name = "glorot_uniform",
            .doc = "Uniform in [-b, b) with b = sqrt(6 / (fan_in + fan_out)); biases are zeros. Glorot and Bengio, "
                   "Understanding the difficulty of training deep feedforward neural networks (2010), eq. 16."},
    .fill = fill,
};
