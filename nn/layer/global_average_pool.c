#include "nn/layer/pooling.h"
#include "nn/op/attributes.h"

static const ReshapeAttributes flat = {.rank = 1, .dim = {0}};

/* A window as large as the image. */
static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    (void)options;
    char text[96];
    Value pooled = {.node = -1};
    const Shape from = graph_node(b->graph, in->node)->shape;
    if (from.rank != 4)
        return err_config(err, b->loc, "global_average_pool \"%s\": wants images [n,height,width,channels], got %s",
                          b->path, shape_text(from, text));
    const PoolOptions whole = {.kernel = {(int64_t)from.dim[1], (int64_t)from.dim[2]}, .padding = {.mode = "valid"}};
    if (!pool_build(b, &op_average_pool, &whole, in, &pooled, err)) return false;
    return build_op(b, &op_reshape, &flat, 1, &pooled.node, &out->node, err);
}

const Layer layer_global_average_pool = {
    .row = {.name = "global_average_pool",
            .doc =
                "(N,H,W,C) to (N,C): the mean of each channel over the image. Lin et al., Network In Network (2014), "
                "section 3.2."},
    .build = build,
    .example_input = {4, {2, 3, 4, 2}},
};
