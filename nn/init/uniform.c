#include "nn/init/init.h"

static void fill(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values)
{
    (void)options, (void)fan_out;
    if (fan_in == 0) BUG("a codebook without codes");
    const real bound = (real)(1 / (double)fan_in);
    rng_uniform(rng, 0, 0, n, values);
    for (size_t i = 0; i < n; i++) values[i] = bound * (2 * values[i] - 1);
}

const Initialiser initialiser_uniform = {
    .row = {.name = "uniform",
            .doc =
                "Uniform in [-1/codes, 1/codes), whatever the encoder gives: most codes of a large codebook are then "
                "never the nearest one."},
    .fill = fill,
};
