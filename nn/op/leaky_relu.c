#include "nn/kernel/elementwise.h"
#include "nn/op/attributes.h"

static real slope(const OpRun *run)
{
    return (real)((const LeakyReluAttributes *)run->attributes)->slope;
}

static void forward(const OpRun *run)
{
    elementwise_leaky_relu(shape_count(run->out_shape), slope(run), run->in[0], run->out);
}

static void backward(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    elementwise_leaky_relu_grad(shape_count(run->out_shape), slope(run), run->in[0], run->out_grad, run->in_grad[0]);
}

static const LeakyReluAttributes gentle = {.slope = 0.1}, steep = {.slope = 0.3};

static const OpCase cases[] = {
    {.label = "slope 0.1", .attributes = &gentle, .inputs = 1, .in = {{4, {3, 5, 3, 7}}}, .away_from = 0.01},
    {.label = "slope 0.3, flat", .attributes = &steep, .inputs = 1, .in = {{2, {7, 13}}}, .away_from = 0.01},
};

const Op op_leaky_relu = {
    .name = "leaky_relu",
    .doc = "y = x where x > 0, else slope x",
    .shape = op_shape_as_input,
    .forward = forward,
    .backward = backward,
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
