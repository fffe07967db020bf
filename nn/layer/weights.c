#include "nn/layer/weights.h"

#include "nn/init/init.h"
#include "nn/op/attributes.h"

size_t weights_build(const Build *build, const Value *in, Shape weight, size_t width, bool bias, Spec init,
                     size_t fan_in, size_t fan_out, int input[3])
{
    input[0] = in->node;
    input[1] = build_param(build, "weight", weight, init, fan_in, fan_out);
    if (!bias) return 2;
    const Shape shape = {1, {width}};
    input[2] = build_param(build, "bias", shape, initialiser_of_bias(init), fan_in, fan_out);
    return 3;
}

bool dense_build(const Build *build, const char *what, const Value *in, int64_t units, bool bias, Spec init, int *node,
                 Err *err)
{
    char text[96];
    int input[3];
    const Shape from = graph_node(build->graph, in->node)->shape;
    if (from.rank != 2)
        return err_config(err, build->loc, "%s \"%s\": wants a flat input, got %s; put \"flatten\" before it", what,
                          build->path, shape_text(from, text));
    const size_t width = (size_t)units;
    const Shape weight = {2, {from.dim[1], width}};
    size_t inputs = weights_build(build, in, weight, width, bias, init, from.dim[1], width, input);
    return build_op(build, &op_dense, NULL, inputs, input, node, err);
}

const Field conv_fields[] = {
    {.key = "filters",
     .kind = FIELD_INT,
     .offset = offsetof(ConvOptions, filters),
     .min = 1,
     .max = LAYER_WIDTH_MAX,
     .help = "channels of the output"},
    {.key = "kernel",
     .kind = FIELD_PAIR,
     .offset = offsetof(ConvOptions, kernel),
     .min = 1,
     .max = LAYER_KERNEL_MAX,
     .unit = "pixels",
     .help = "height and width of the kernel"},
    {.key = "stride",
     .kind = FIELD_PAIR,
     .offset = offsetof(ConvOptions, stride),
     .fallback = "1",
     .min = 1,
     .max = LAYER_KERNEL_MAX,
     .unit = "pixels",
     .help = "step down and across; conv2d shrinks the image by it, conv2d_transpose grows it"},
    {.key = "padding",
     .kind = FIELD_PADDING,
     .offset = offsetof(ConvOptions, padding),
     .fallback = "same",
     .max = LAYER_KERNEL_MAX,
     .unit = "pixels",
     .help = "same: out = ceil(in / stride), for conv2d_transpose in x stride; valid: none; or numbers of pixels"},
    FIELD_OF_BIAS(ConvOptions),
    FIELD_OF_INIT(ConvOptions),
    {0},
};

/* fan_in of conv2d is what one output sums over. Of conv2d_transpose it is KH KW Cout, as PyTorch reckons it (from
 * dimension 1 of a weight (Cin, Cout, KH, KW)), so that both start alike. */
bool conv_build(const Build *build, const Op *op, bool transpose, const ConvOptions *options, const Value *in,
                Value *out, Err *err)
{
    char text[96];
    int input[3];
    const Shape from = graph_node(build->graph, in->node)->shape;
    if (from.rank != 4)
        return err_config(err, build->loc,
                          "%s \"%s\": wants images [n,height,width,channels], got %s; put \"reshape\" before it",
                          op->name, build->path, shape_text(from, text));
    const size_t kh = (size_t)options->kernel[0], kw = (size_t)options->kernel[1];
    const size_t filters = (size_t)options->filters, channels = from.dim[3], taps = mem_mul(kh, kw);
    const Shape weight = {4, {kh, kw, transpose ? filters : channels, transpose ? channels : filters}};
    size_t inputs = weights_build(build, in, weight, filters, options->bias, options->init,
                                  mem_mul(taps, transpose ? filters : channels),
                                  mem_mul(taps, transpose ? channels : filters), input);
    ConvAttributes *attributes = arena_alloc(&build->graph->arena, 1, sizeof *attributes);
    attributes->stride[0] = options->stride[0];
    attributes->stride[1] = options->stride[1];
    attributes->padding = options->padding;
    return build_op(build, op, attributes, inputs, input, &out->node, err);
}
