#include "nn/layer/layer.h"
#include "nn/op/attributes.h"

static const ReshapeAttributes flat = {.rank = 1, .dim = {0}};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    (void)options;
    return build_op(b, &op_reshape, &flat, 1, &in->node, &out->node, err);
}

const Layer layer_flatten = {
    .row = {.name = "flatten",
            .doc = "(N,H,W,C) to (N,H W C), row by row with the channels innermost; copies nothing."},
    .build = build,
    .example_input = {4, {2, 3, 4, 2}},
};
