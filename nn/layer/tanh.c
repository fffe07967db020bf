#include "nn/layer/layer.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    (void)options;
    return build_op(b, &op_tanh, NULL, 1, &in->node, &out->node, err);
}

const Layer layer_tanh = {
    .row = {.name = "tanh", .doc = "Hyperbolic tangent, element by element: (-1, 1)."},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
