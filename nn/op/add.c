#include "nn/kernel/elementwise.h"
#include "nn/op/op.h"

static bool shape(OpShape *op, Err *err)
{
    if (!op_same_shape(op, "two values", err)) return false;
    op->out = op->in[0];
    return true;
}

static void forward(const OpRun *run)
{
    elementwise_sum(shape_count(run->out_shape), run->in[0], run->in[1], run->out);
}

static void backward(const OpRun *run)
{
    for (size_t i = 0; i < 2; i++) {
        if (run->in_grad[i]) elementwise_add(shape_count(run->out_shape), run->out_grad, run->in_grad[i]);
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
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
