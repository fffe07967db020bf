#include <math.h>

#include "nn/init/init.h"

static void fill(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values)
{
    (void)options, (void)fan_out;
    if (fan_in == 0) BUG("he_normal without a fan-in");
    real deviation = (real)sqrt(2 / (double)fan_in);
    rng_normal(rng, 0, 0, n, values);
    for (size_t i = 0; i < n; i++) values[i] *= deviation;
}

const Initialiser initialiser_he_normal = {
    .row = {.name = "he_normal",
            .doc =
                "Normal with mean 0 and variance 2 / fan_in, not truncated; biases are zeros. He et al., Delving Deep "
                "into Rectifiers (2015), eq. 10."},
    .fill = fill,
};
