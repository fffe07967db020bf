#include <string.h>

#include "nn/init/init.h"
#include "nn/kernel/codes_average.h"
#include "nn/layer/weights.h"
#include "nn/op/attributes.h"

typedef struct Options {
    int64_t codes;
    double commitment;
    Spec init;
    const char *update;
    double decay;
    int64_t restart;
} Options;

static const Field fields[] = {
    {.key = "codes",
     .kind = FIELD_INT,
     .offset = offsetof(Options, codes),
     .min = 1,
     .max = LAYER_CODES_MAX,
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
    {.key = "update",
     .kind = FIELD_CHOICE,
     .offset = offsetof(Options, update),
     .fallback = "gradient",
     .choices = "gradient|moving_average",
     .help = "what moves the codebook: the gradient of the loss codebook, or, without that loss, decaying means of the "
             "vectors that each code stands for (van den Oord et al. 2017, appendix A.1)"},
    {.key = "decay",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, decay),
     .fallback = "0.99",
     .min = 0,
     .max = 0.9999999,
     .help = "gamma of the moving averages: what the past weighs at each step"},
    {.key = "restart",
     .kind = FIELD_INT,
     .offset = offsetof(Options, restart),
     .fallback = "0",
     .min = 0,
     .max = 1000000,
     .unit = "steps",
     .help = "a code that no cell has taken for so many steps becomes a vector of the batch, chosen by a stream of its "
             "own, and what an optimizer keeps of it stays; 0: never"},
    {0},
};

static bool is_averaged(const Options *o)
{
    return strcmp(o->update, "moving_average") == 0;
}

static bool part(const Build *b, const char *leaf, const Op *op, const void *attributes, size_t inputs,
                 const int *input, Value *out, Err *err)
{
    const Build below = {.graph = b->graph, .scope = b->scope, .path = build_path(b, leaf), .loc = b->loc};
    int node;
    if (!build_op(&below, op, attributes, inputs, input, &node, err)) return false;
    value_add_part(out, leaf, node);
    return true;
}

/* The codebook changes while the pass runs: all else sees a copy of it from before. */
static bool build_moved(const Build *b, const Options *o, int x, int codebook, Value *out, Err *err)
{
    Arena *arena = &b->graph->arena;
    const Shape shape = graph_node(b->graph, codebook)->shape, kept = {2, {shape.dim[0], shape.dim[1] + CODES_KEPT}};
    const RestartAttributes restart = {(size_t)o->restart, arena_printf(arena, "restart/%s", b->path)};
    const Spec zeros = initialiser_named("zeros");
    int input[] = {out->node, x, value_part(out, "codes"), codebook, 0};
    if (is_averaged(o)) {
        AverageCodesAttributes *attributes = arena_alloc(arena, 1, sizeof *attributes);
        *attributes = (AverageCodesAttributes){o->decay, restart};
        input[4] = build_buffer(b, "kept", kept, zeros);
        return build_op(b, &op_average_codes, attributes, 5, input, &out->node, err);
    }
    RestartAttributes *attributes = arena_alloc(arena, 1, sizeof *attributes);
    *attributes = restart;
    input[4] = build_buffer(b, "unused", (Shape){1, {shape.dim[0]}}, zeros);
    return build_op(b, &op_restart_codes, attributes, 5, input, &out->node, err);
}

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    const Shape from = graph_node(b->graph, in->node)->shape;
    const bool averaged = is_averaged(o), moved = averaged || o->restart > 0;
    char text[96];
    if (from.rank < 2)
        return err_config(err, b->loc, "vector_quantize \"%s\": wants channels, got %s", b->path,
                          shape_text(from, text));
    CommitmentAttributes *attributes = arena_alloc(&b->graph->arena, 1, sizeof *attributes);
    attributes->factor = o->commitment;
    const int codebook =
        build_codebook(b, "codebook", (size_t)o->codes, from.dim[from.rank - 1], o->init, in->node, !averaged);
    int input[3] = {in->node, codebook};
    if (moved && !build_op(b, &op_copy, NULL, 1, &codebook, &input[1], err)) return false;
    if (!part(b, "codes", &op_nearest_code, NULL, 2, input, out, err)) return false;
    input[2] = value_part(out, "codes");
    if (!averaged && !part(b, "codebook_loss", &op_codebook_error, NULL, 3, input, out, err)) return false;
    if (!part(b, "commitment_loss", &op_commitment_error, attributes, 3, input, out, err)) return false;
    if (!build_op(b, &op_take_code, NULL, 3, input, &out->node, err)) return false;
    return !moved || build_moved(b, o, in->node, codebook, out, err);
}

const Layer layer_vector_quantize = {
    .row = {.name = "vector_quantize",
            .doc =
                "Each position's vector is replaced by the nearest one of a learned codebook (squared distance, the "
                "lowest code of equal ones); the gradient passes as if it had not been. The losses codebook and "
                "commitment belong to it. Van den Oord et al., Neural Discrete Representation Learning (2017), eq. 1 "
                "to 3. Parts: codes, commitment_loss, and codebook_loss where the codebook moves by its gradient.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "codes",
            .example = "{codes: 8}"},
    .build = build,
    .example_input = {4, {2, 3, 3, 4}},
};
