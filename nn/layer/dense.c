#include "nn/init/init.h"
#include "nn/layer/weights.h"

typedef struct Options {
    int64_t units;
    bool bias;
    Spec init;
} Options;

static const Field fields[] = {
    {.key = "units",
     .kind = FIELD_INT,
     .offset = offsetof(Options, units),
     .min = 1,
     .max = LAYER_WIDTH_MAX,
     .help = "width of the output"},
    FIELD_OF_BIAS(Options),
    FIELD_OF_INIT(Options),
    {0},
};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    return dense_build(b, "dense", in, o->units, o->bias, o->init, &out->node, err);
}

const Layer layer_dense = {
    .row = {.name = "dense",
            .doc = "Fully connected: y = x W + b, of a flat input.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{units: 8}"},
    .build = build,
    .example_input = {2, {2, 5}},
};
