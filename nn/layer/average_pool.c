#include "nn/layer/pooling.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    return pool_build(b, &op_average_pool, options, in, out, err);
}

const Layer layer_average_pool = {
    .row = {.name = "average_pool",
            .doc = "The mean of each window, a channel at a time, of the elements that lie in the image: padding "
                   "doesn't count.",
            .fields = pool_fields,
            .size = sizeof(PoolOptions),
            .shorthand = "kernel",
            .example = "{kernel: 3, stride: 2, padding: 1}"},
    .build = build,
    .example_input = {4, {2, 6, 5, 3}},
};
