#include "nn/kernel/losses.h"
#include "nn/op/op.h"

static bool shape(OpShape *op, Err *err)
{
    return op_shape_loss(op, "a prediction and a target", err);
}

static void forward(const OpRun *run)
{
    losses_squared_error(run->in_shape[0].dim[0], shape_count_example(run->in_shape[0]), run->in[0], run->in[1],
                         run->out);
}

static void backward(const OpRun *run)
{
    const size_t n = run->in_shape[0].dim[0], count = shape_count_example(run->in_shape[0]);
    if (!run->in_grad[0]) return;
    losses_squared_error_grad(n, count, run->in[0], run->in[1], run->out_grad, run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "images", .inputs = 2, .in = {{4, {3, 5, 7, 2}}, {4, {3, 5, 7, 2}}}},
    {.label = "one term an example", .inputs = 2, .in = {{2, {37, 1}}, {2, {37, 1}}}},
};

const Op op_squared_error = {
    .name = "squared_error",
    .doc = "(prediction p, target t) -> (N): sum over an example of (p - t)^2, without a factor of 1/2. No gradient "
           "for the "
           "target",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .stops = {[1] = true},
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
