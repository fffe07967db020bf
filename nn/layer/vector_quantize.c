#include "nn/init/init.h"
#include "nn/layer/weights.h"
#include "nn/op/attributes.h"

enum { CODES_MAX = 1 << 16 };

typedef struct Options {
    int64_t codes;
    double commitment;
    Spec init;
} Options;

static const Field fields[] = {
    {.key = "codes",
     .kind = FIELD_INT,
     .offset = offsetof(Options, codes),
     .min = 1,
     .max = CODES_MAX,
     .help = "vectors in the codebook; each has as many numbers as the input has channels"},
    {.key = "commitment",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, commitment),
     .fallback = "0.25",
     .max = 1000,
     .help = "beta of eq. 3: what the loss `commitment` is multiplied by, before the weight of its term"},
    {.key = "init",
     .kind = FIELD_SPEC,
     .offset = offsetof(Options, init),
     .fallback = "{data: {}}",
     .table = &codebook_initialisers_table,
     .help = "what the codebook starts from"},
    {0},
};

static bool part(const Build *b, const char *leaf, const Op *op, const void *attributes, size_t inputs,
                 const int *input, Value *out, Err *err)
{
    const Build below = {.graph = b->graph, .scope = b->scope, .path = build_path(b, leaf), .loc = b->loc};
    int node;
    if (!build_op(&below, op, attributes, inputs, input, &node, err)) return false;
    value_add_part(out, leaf, node);
    return true;
}

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    const Shape from = graph_node(b->graph, in->node)->shape;
    char text[96];
    if (from.rank < 2)
        return err_config(err, b->loc, "vector_quantize \"%s\": wants channels, got %s", b->path,
                          shape_text(from, text));
    const size_t codes = (size_t)o->codes, dim = from.dim[from.rank - 1];
    CommitmentAttributes *attributes = arena_alloc(&b->graph->arena, 1, sizeof *attributes);
    attributes->factor = o->commitment;
    int input[3] = {in->node, build_codebook(b, "codebook", codes, dim, o->init, in->node)};
    if (!part(b, "codes", &op_nearest_code, NULL, 2, input, out, err)) return false;
    input[2] = value_part(out, "codes");
    return part(b, "codebook_loss", &op_codebook_error, NULL, 3, input, out, err) &&
           part(b, "commitment_loss", &op_commitment_error, attributes, 3, input, out, err) &&
           build_op(b, &op_take_code, NULL, 3, input, &out->node, err);
}

const Layer layer_vector_quantize = {
    .row = {.name = "vector_quantize",
            .doc =
                "Each position's vector is replaced by the nearest one of a learned codebook (squared distance, the "
                "lowest code of equal ones); the gradient passes as if it had not been. The losses codebook and "
                "commitment belong to it. Van den Oord et al., Neural Discrete Representation Learning (2017), eq. 1 "
                "to 3. Parts: codes, codebook_loss, commitment_loss.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "codes",
            .example = "{codes: 8}"},
    .build = build,
    .example_input = {4, {2, 3, 3, 4}},
};
