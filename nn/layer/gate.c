#include "nn/layer/layer.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    (void)options;
    return build_op(b, &op_gate, NULL, 1, &in->node, &out->node, err);
}

const Layer layer_gate = {
    .row = {.name = "gate",
            .doc = "The first half of the channels through tanh, times the second half through sigmoid: half as many "
                   "channels. Van den Oord et al., Conditional Image Generation with PixelCNN Decoders (2016), eq. 2."},
    .build = build,
    .example_input = {4, {2, 3, 3, 4}},
};
