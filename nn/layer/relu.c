#include "nn/layer/layer.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    (void)options;
    return build_op(b, &op_relu, NULL, 1, &in->node, &out->node, err);
}

const Layer layer_relu = {
    .row = {.name = "relu",
            .doc = "max(x, 0), element by element. Nair and Hinton, Rectified Linear Units Improve Restricted "
                   "Boltzmann Machines (2010)."},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
