#include "nn/layer/layer.h"
#include "nn/op/attributes.h"

typedef struct Options {
    double slope;
} Options;

static const Field fields[] = {
    {.key = "slope",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, slope),
     .fallback = "0.01",
     .max = 1,
     .help = "what negative values are multiplied by"},
    {0},
};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    LeakyReluAttributes *attributes = arena_alloc(&b->graph->arena, 1, sizeof *attributes);
    attributes->slope = ((const Options *)options)->slope;
    return build_op(b, &op_leaky_relu, attributes, 1, &in->node, &out->node, err);
}

const Layer layer_leaky_relu = {
    .row = {.name = "leaky_relu",
            .doc = "x where positive, slope x elsewhere. Maas et al., Rectifier Nonlinearities Improve Neural Network "
                   "Acoustic Models (2013).",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "slope"},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
