#include "nn/init/init.h"
#include "nn/layer/layer.h"
#include "nn/op/attributes.h"

typedef struct Options {
    double momentum, epsilon;
} Options;

static const Field fields[] = {
    {.key = "momentum",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, momentum),
     .fallback = "0.1",
     .max = 1,
     .help = "what each batch weighs in the running mean and variance"},
    {.key = "epsilon",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, epsilon),
     .fallback = "1e-5",
     .min = 1e-12,
     .max = 1,
     .help = "added to the variance"},
    {0},
};

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    const Shape from = graph_node(b->graph, in->node)->shape;
    char text[96];
    if (from.rank < 2)
        return err_config(err, b->loc, "batch_norm \"%s\": wants channels, got %s", b->path, shape_text(from, text));
    const Shape channel = {1, {from.dim[from.rank - 1]}};
    BatchNormAttributes *attributes = arena_alloc(&b->graph->arena, 1, sizeof *attributes);
    attributes->momentum = o->momentum;
    attributes->epsilon = o->epsilon;
    const int input[] = {in->node, build_param(b, "scale", channel, initialiser_named("ones"), 1, 1),
                         build_param(b, "shift", channel, initialiser_named("zeros"), 1, 1),
                         build_buffer(b, "running_mean", channel, initialiser_named("zeros")),
                         build_buffer(b, "running_variance", channel, initialiser_named("ones"))};
    return build_op(b, &op_batch_norm, attributes, 5, input, &out->node, err);
}

const Layer layer_batch_norm = {
    .row = {.name = "batch_norm",
            .doc =
                "Each channel with mean 0 and variance 1 over the batch and its positions, then scaled and shifted by "
                "learned numbers: y = scale (x - mean) / sqrt(variance + epsilon) + shift. Evaluation takes the "
                "running mean and (unbiased) variance of training, running = (1 - momentum) running + momentum "
                "batch. Ioffe and Szegedy, Batch Normalization (2015), algorithms 1 and 2.",
            .fields = fields,
            .size = sizeof(Options)},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
