#include "nn/layer/layer.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    (void)options;
    return build_op(b, &op_sigmoid, NULL, 1, &in->node, &out->node, err);
}

const Layer layer_sigmoid = {
    .row = {.name = "sigmoid",
            .doc =
                "1 / (1 + exp(-x)), element by element: (0, 1). Losses that take logits want what stands before it."},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
