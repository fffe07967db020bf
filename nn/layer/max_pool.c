#include "nn/layer/pooling.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    return pool_build(b, &op_max_pool, options, in, out, err);
}

const Layer layer_max_pool = {
    .row = {.name = "max_pool",
            .doc = "The greatest element of each window, a channel at a time; the gradient goes to the first of equal "
                   "ones. Padding is never the greatest.",
            .fields = pool_fields,
            .size = sizeof(PoolOptions),
            .shorthand = "kernel",
            .example = "{kernel: 3, stride: 2, padding: 1}"},
    .build = build,
    .example_input = {4, {2, 6, 5, 3}},
};
