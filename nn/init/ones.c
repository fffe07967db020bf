#include "nn/init/init.h"

static void fill(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values)
{
    (void)options, (void)rng, (void)fan_in, (void)fan_out;
    for (size_t i = 0; i < n; i++) values[i] = 1;
}

const Initialiser initialiser_ones = {
    .row = {.name = "ones", .doc = "All ones; biases are zeros."},
    .fill = fill,
};
