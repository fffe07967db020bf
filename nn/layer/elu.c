#include "nn/layer/layer.h"
#include "nn/op/attributes.h"

typedef struct Options {
    double alpha;
} Options;

static const Field fields[] = {
    {.key = "alpha",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, alpha),
     .fallback = "1",
     .max = 1000,
     .above_min = true,
     .help = "very negative values come to -alpha"},
    {0},
};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    EluAttributes *attributes = arena_alloc(&b->graph->arena, 1, sizeof *attributes);
    attributes->alpha = ((const Options *)options)->alpha;
    return build_op(b, &op_elu, attributes, 1, &in->node, &out->node, err);
}

const Layer layer_elu = {
    .row = {.name = "elu",
            .doc = "x where positive, alpha (exp(x) - 1) elsewhere. Clevert et al., Fast and Accurate Deep Network "
                   "Learning by Exponential Linear Units (2016), eq. 15.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "alpha"},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
