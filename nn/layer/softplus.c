#include "nn/layer/layer.h"

static bool build(const Build *b, const void *options, const Value *in, Value *out, Err *err)
{
    (void)options;
    return build_op(b, &op_softplus, NULL, 1, &in->node, &out->node, err);
}

const Layer layer_softplus = {
    .row = {.name = "softplus",
            .doc = "log(1 + exp(x)), element by element: positive. Dugas et al., Incorporating Second-Order Functional "
                   "Knowledge for Better Option Pricing (2000)."},
    .build = build,
    .example_input = {4, {2, 3, 3, 2}},
};
