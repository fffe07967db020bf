#include "nn/init/init.h"
#include "nn/layer/masks.h"
#include "nn/op/attributes.h"

typedef struct Options {
    int64_t codes, filters, kernel[2];
    const char *mask;
    bool bias;
    Spec init;
} Options;

static const Field fields[] = {
    {.key = "codes",
     .kind = FIELD_INT,
     .offset = offsetof(Options, codes),
     .min = 1,
     .max = LAYER_CODES_MAX,
     .help = "how many codes there are: the input holds whole numbers below it"},
    FIELD_OF_FILTERS(Options),
    FIELD_OF_MASKED_KERNEL(Options, "cells"),
    FIELD_OF_MASK(Options, "A"),
    FIELD_OF_BIAS(Options),
    FIELD_OF_INIT(Options),
    {0},
};

/* One tap of all that an output sums is one row of the weight: its fan_in is the number of taps. */
static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    ConvAttributes *attributes;
    int input[3];
    if (!masks_attributes(b, "code_conv2d", o->mask, o->kernel, &attributes, err)) return false;
    const size_t filters = (size_t)o->filters, taps = attributes->taps;
    const size_t inputs = weights_build(b, in, (Shape){3, {taps, (size_t)o->codes, filters}}, filters, o->bias, o->init,
                                        taps, mem_mul(taps, filters), input);
    return build_op(b, &op_code_conv2d, attributes, inputs, input, &out->node, err);
}

const Layer layer_code_conv2d = {
    .row = {.name = "code_conv2d",
            .doc = "Masked convolution of codes (N,H,W), taken as one-hot images: each tap adds the row of its weight "
                   "that belongs to the code it sees. The first layer of a prior over codes. Van den Oord et al., "
                   "Pixel Recurrent Neural Networks (2016), section 3.4.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{codes: 6, filters: 4, kernel: 3}"},
    .build = build,
    .example_input = {3, {2, 5, 4}},
    .example_codes = 6,
};
