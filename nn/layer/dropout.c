#include "nn/layer/layer.h"
#include "nn/op/attributes.h"

typedef struct Options {
    double rate;
} Options;

static const Field fields[] = {
    {.key = "rate",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, rate),
     .fallback = "0.5",
     .max = 0.999999,
     .help = "the share of the elements that is set to 0 in training"},
    {0},
};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    DropoutAttributes *attributes = arena_alloc(&b->graph->arena, 1, sizeof *attributes);
    attributes->rate = ((const Options *)options)->rate;
    attributes->stream = arena_printf(&b->graph->arena, "%s/dropout", b->path);
    return build_op(b, &op_dropout, attributes, 1, &in->node, &out->node, err);
}

const Layer layer_dropout = {
    .row = {.name = "dropout",
            .doc = "In training each element is set to 0 with probability `rate`, and the others are divided by 1 - "
                   "rate; in evaluation nothing happens. Srivastava et al., Dropout: A Simple Way to Prevent Neural "
                   "Networks from Overfitting (2014), section 10 (inverted).",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "rate"},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
