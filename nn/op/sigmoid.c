#include "nn/kernel/elementwise.h"
#include "nn/op/op.h"

static void forward(const OpRun *run)
{
    elementwise_sigmoid(shape_count(run->out_shape), run->in[0], run->out);
}

static void backward(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    elementwise_sigmoid_grad(shape_count(run->out_shape), run->out, run->out_grad, run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "image", .inputs = 1, .in = {{4, {2, 3, 5, 3}}}},
    {.label = "flat, wide range", .inputs = 1, .in = {{2, {7, 13}}}, .low = -6, .high = 6},
};

const Op op_sigmoid = {
    .name = "sigmoid",
    .doc = "y = 1 / (1 + exp(-x))",
    .shape = op_shape_as_input,
    .forward = forward,
    .backward = backward,
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
