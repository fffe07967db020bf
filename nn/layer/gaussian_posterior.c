#include "nn/init/init.h"
#include "nn/layer/weights.h"
#include "nn/op/attributes.h"

typedef struct Options {
    int64_t dim;
    Spec init;
} Options;

static const Field fields[] = {
    {.key = "dim",
     .kind = FIELD_INT,
     .offset = offsetof(Options, dim),
     .min = 1,
     .max = LAYER_WIDTH_MAX,
     .help = "dimensions of the latent space"},
    FIELD_OF_INIT(Options),
    {0},
};

static bool half(const Build *b, const char *leaf, const Options *o, const Value *in, Value *out, Err *err)
{
    const Build below = {.graph = b->graph, .scope = b->scope, .path = build_path(b, leaf), .loc = b->loc};
    int node;
    if (!dense_build(&below, "gaussian_posterior", in, o->dim, true, o->init, &node, err)) return false;
    value_add_part(out, leaf, node);
    return true;
}

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    if (!half(b, "mean", o, in, out, err) || !half(b, "log_variance", o, in, out, err)) return false;
    SampleAttributes *attributes = arena_alloc(&b->graph->arena, 1, sizeof *attributes);
    attributes->stream = arena_printf(&b->graph->arena, "%s/noise", b->path);
    const int input[] = {value_part(out, "mean"), value_part(out, "log_variance")};
    return build_op(b, &op_gaussian_sample, attributes, 2, input, &out->node, err);
}

const Layer layer_gaussian_posterior = {
    .row = {.name = "gaussian_posterior",
            .doc =
                "A diagonal Gaussian over a latent space: a dense layer each for its mean and log-variance, of a flat "
                "input; its output is a sample z = mean + exp(log_variance / 2) x noise. Kingma and Welling, "
                "Auto-Encoding Variational Bayes (2014), eq. 10. Parts: mean, log_variance.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{dim: 3}"},
    .build = build,
    .example_input = {2, {2, 5}},
};
