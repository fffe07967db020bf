#include "nn/layer/layer.h"

typedef struct Options {
    SpecList body, shortcut;
} Options;

static const Field fields[] = {
    {.key = "body",
     .kind = FIELD_SPECS,
     .offset = offsetof(Options, body),
     .table = &layers_table,
     .help = "a list of layers, each behind the one before"},
    {.key = "shortcut",
     .kind = FIELD_SPECS,
     .offset = offsetof(Options, shortcut),
     .fallback = "[]",
     .table = &layers_table,
     .help = "the layers beside the body; none: the input itself"},
    {0},
};

static bool branch(const Build *b, const char *leaf, SpecList layers, const Value *in, int *node, Err *err)
{
    const Build below = {.graph = b->graph, .scope = b->scope, .path = build_path(b, leaf), .loc = b->loc};
    Value out;
    if (!layers_build(&below, layers, in, &out, err)) return false;
    *node = out.node;
    return true;
}

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    const Options *o = options;
    char body[96], shortcut[96];
    int input[2];
    if (!branch(b, "body", o->body, in, &input[0], err)) return false;
    if (!branch(b, "shortcut", o->shortcut, in, &input[1], err)) return false;
    const Shape left = graph_node(b->graph, input[0])->shape, right = graph_node(b->graph, input[1])->shape;
    if (!shape_equal(left, right))
        return err_config(err, b->loc, "residual \"%s\": its body gives %s and its shortcut %s; they must agree%s",
                          b->path, shape_text(left, body), shape_text(right, shortcut),
                          o->shortcut.n ? "" : " (give it a shortcut, such as a conv2d with kernel 1)");
    return build_op(b, &op_add, NULL, 2, input, &out->node, err);
}

const Layer layer_residual = {
    .row = {.name = "residual",
            .doc =
                "body(x) + shortcut(x). He et al., Deep Residual Learning for Image Recognition (2016), eq. 1 and 2.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{body: [conv2d: {filters: 2, kernel: 3}, relu]}"},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
