#include "nn/layer/weights.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    return conv_build(b, &op_conv2d, false, options, in, out, err);
}

const Layer layer_conv2d = {
    .row =
        {.name = "conv2d",
         .doc =
             "Convolution of images (N,H,W,C) with `filters` kernels: y[o] = b + sum over taps of x[o stride + tap - "
             "begin] w[tap]. LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998).",
         .fields = conv_fields,
         .size = sizeof(ConvOptions),
         .example = "{filters: 4, kernel: 3, stride: 2}"},
    .build = build,
    .example_input = {4, {2, 6, 5, 3}},
};
