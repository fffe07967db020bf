#include "nn/init/init.h"
#include "nn/layer/masks.h"
#include "nn/op/attributes.h"

typedef struct Options {
    int64_t filters, kernel[2];
    const char *mask;
    bool bias;
    Spec init;
} Options;

static const Field fields[] = {
    FIELD_OF_FILTERS(Options),   FIELD_OF_MASKED_KERNEL(Options, "pixels"),
    FIELD_OF_MASK(Options, "B"), FIELD_OF_BIAS(Options),
    FIELD_OF_INIT(Options),      {0},
};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    const Shape from = graph_node(b->graph, in->node)->shape;
    ConvAttributes *attributes;
    char text[96];
    int input[3];
    if (from.rank != 4)
        return err_config(err, b->loc, "masked_conv2d \"%s\": wants images [n,height,width,channels], got %s", b->path,
                          shape_text(from, text));
    if (!masks_attributes(b, "masked_conv2d", o->mask, o->kernel, &attributes, err)) return false;
    const size_t filters = (size_t)o->filters, taps = attributes->taps, channels = from.dim[3];
    const size_t inputs = weights_build(b, in, (Shape){3, {taps, channels, filters}}, filters, o->bias, o->init,
                                        mem_mul(taps, channels), mem_mul(taps, filters), input);
    return build_op(b, &op_conv2d, attributes, inputs, input, &out->node, err);
}

const Layer layer_masked_conv2d = {
    .row = {.name = "masked_conv2d",
            .doc = "Convolution of stride 1 that sees no later place, line by line: the taps behind the mask are not "
                   "there at all. Van den Oord et al., Pixel Recurrent Neural Networks (2016), section 3.4.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{filters: 4, kernel: 3, mask: B}"},
    .build = build,
    .example_input = {4, {2, 5, 4, 3}},
};
