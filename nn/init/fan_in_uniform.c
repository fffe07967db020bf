#include <math.h>

#include "nn/init/init.h"

static void fill(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values)
{
    (void)options, (void)fan_out;
    if (fan_in == 0) BUG("fan_in_uniform without a fan-in");
    real bound = (real)(1 / sqrt((double)fan_in));
    rng_uniform(rng, 0, 0, n, values);
    for (size_t i = 0; i < n; i++) values[i] = bound * (2 * values[i] - 1);
}

const Initialiser initialiser_fan_in_uniform = {
    .row = {.name = "fan_in_uniform",
            .doc = "Uniform in [-1/sqrt(fan_in), 1/sqrt(fan_in)) for weights and biases alike: what PyTorch does by "
                   "default (LeCun et al., Efficient BackProp, 1998, in spirit)."},
    .fill = fill,
    .bias = true,
};
