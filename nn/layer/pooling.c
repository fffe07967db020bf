#include "nn/layer/pooling.h"

#include "nn/layer/weights.h"
#include "nn/op/attributes.h"

const Field pool_fields[] = {
    {.key = "kernel",
     .kind = FIELD_PAIR,
     .offset = offsetof(PoolOptions, kernel),
     .min = 1,
     .max = LAYER_KERNEL_MAX,
     .unit = "pixels",
     .help = "height and width of the window"},
    {.key = "stride",
     .kind = FIELD_PAIR,
     .offset = offsetof(PoolOptions, stride),
     .fallback = FIELD_ABSENT,
     .min = 1,
     .max = LAYER_KERNEL_MAX,
     .unit = "pixels",
     .help = "step down and across; the kernel's size where it is left out"},
    {.key = "padding",
     .kind = FIELD_PADDING,
     .offset = offsetof(PoolOptions, padding),
     .fallback = "valid",
     .max = LAYER_KERNEL_MAX,
     .unit = "pixels",
     .help = "same: out = ceil(in / stride); valid: none; or numbers of pixels, below the kernel's"},
    {0},
};

bool pool_build(const Build *build, const Op *op, const PoolOptions *options, const Value *in, Value *out, Err *err)
{
    PoolAttributes *attributes = arena_alloc(&build->graph->arena, 1, sizeof *attributes);
    for (size_t i = 0; i < 2; i++) {
        attributes->kernel[i] = options->kernel[i];
        attributes->window.stride[i] = options->stride[i] ? options->stride[i] : options->kernel[i];
    }
    attributes->window.padding = options->padding;
    return build_op(build, op, attributes, 1, &in->node, &out->node, err);
}
