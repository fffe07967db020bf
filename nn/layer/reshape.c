#include "nn/layer/weights.h"
#include "nn/op/attributes.h"

typedef struct Options {
    IntList shape;
} Options;

static const Field fields[] = {
    {.key = "shape",
     .kind = FIELD_INTS,
     .offset = offsetof(Options, shape),
     .min = 1,
     .max = LAYER_WIDTH_MAX,
     .help = "the new shape without the batch, e.g. [7, 7, 64] for images of 7 x 7 with 64 channels"},
    {0},
};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    ReshapeAttributes *attributes = arena_alloc(&b->graph->arena, 1, sizeof *attributes);
    const size_t most = sizeof attributes->dim / sizeof attributes->dim[0];
    if (o->shape.n < 1 || o->shape.n > most)
        return err_config(err, b->loc, "reshape \"%s\": wants 1 to %zu sizes, got %zu", b->path, most, o->shape.n);
    attributes->rank = o->shape.n;
    for (size_t i = 0; i < o->shape.n; i++) attributes->dim[i] = (size_t)o->shape.items[i];
    return build_op(b, &op_reshape, attributes, 1, &in->node, &out->node, err);
}

const Layer layer_reshape = {
    .row = {.name = "reshape",
            .doc = "The same numbers in another shape, row by row with the last size innermost; copies nothing.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "shape",
            .example = "[3, 2, 2]"},
    .build = build,
    .example_input = {2, {2, 12}},
};
