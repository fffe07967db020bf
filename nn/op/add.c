#include "nn/kernel/elementwise.h"
#include "nn/kernel/rectify.h"
#include "nn/op/op.h"

static bool shape(OpShape *op, Err *err)
{
    if (!op_same_shape(op, "two values", err)) return false;
    op->out = op->in[0];
    return true;
}

static void forward(const OpRun *run)
{
    elementwise_sum(shape_count(run->out_shape), run->in[0], run->in[1], run->rectify, run->out);
}

static void backward(const OpRun *run)
{
    const size_t n = shape_count(run->out_shape);
    for (size_t i = 0; i < 2; i++) {
        if (!run->in_grad[i]) continue;
        if (i == 0 && run->rectified)
            rectify_grad(n, run->in[0], run->out_grad, run->in_grad[0]);
        else if (run->fresh[i])
            elementwise_set(n, run->out_grad, run->in_grad[i]);
        else
            elementwise_add(n, run->out_grad, run->in_grad[i]);
    }
}

static const OpCase cases[] = {
    {.label = "images", .inputs = 2, .in = {{4, {3, 5, 3, 2}}, {4, {3, 5, 3, 2}}}},
    {.label = "flat", .inputs = 2, .in = {{2, {7, 13}}, {2, {7, 13}}}},
};

const Op op_add = {
    .name = "add",
    .doc = "(a, b), of one shape -> a + b",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .sets = true,
    .takes_relu = true,
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
