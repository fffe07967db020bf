#include "nn/kernel/elementwise.h"
#include "nn/kernel/rectify.h"
#include "nn/op/op.h"

static void forward(const OpRun *run)
{
    elementwise_relu(shape_count(run->out_shape), run->in[0], run->out);
}

static void backward(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    const size_t n = shape_count(run->out_shape);
    if (run->fresh[0])
        rectify_grad(n, run->in[0], run->out_grad, run->in_grad[0]);
    else
        elementwise_relu_grad(n, run->in[0], run->out_grad, run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "image", .inputs = 1, .in = {{4, {3, 5, 3, 7}}}, .away_from = 0.01},
    {.label = "flat", .inputs = 1, .in = {{2, {7, 13}}}, .away_from = 0.01},
};

const Op op_relu = {
    .name = "relu",
    .doc = "y = max(x, 0)",
    .shape = op_shape_as_input,
    .forward = forward,
    .backward = backward,
    .sets = true,
    .relu = true,
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
