#include "nn/layer/weights.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    return conv_build(b, &op_conv2d_transpose, true, options, in, out, err);
}

const Layer layer_conv2d_transpose = {
    .row = {.name = "conv2d_transpose",
            .doc =
                "The adjoint of a conv2d with the same options, plus a bias: grows images by the stride. Dumoulin and "
                "Visin, A guide to convolution arithmetic for deep learning (2016), chapter 4.",
            .fields = conv_fields,
            .size = sizeof(ConvOptions),
            .example = "{filters: 4, kernel: 3, stride: 2}"},
    .build = build,
    .example_input = {4, {2, 3, 4, 3}},
};
