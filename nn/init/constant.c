#include "nn/init/init.h"

typedef struct Options {
    double value;
} Options;

static const Field fields[] = {
    {.key = "value",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, value),
     .min = -1e6,
     .max = 1e6,
     .help = "what every weight starts as"},
    {0},
};

static void fill(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values)
{
    (void)rng, (void)fan_in, (void)fan_out;
    const Options *o = options;
    for (size_t i = 0; i < n; i++) values[i] = (real)o->value;
}

const Initialiser initialiser_constant = {
    .row = {.name = "constant",
            .doc = "The same value everywhere; biases are zeros.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "value",
            .example = "{value: 0.5}"},
    .fill = fill,
};
