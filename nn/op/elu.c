#include "nn/kernel/elementwise.h"
#include "nn/op/attributes.h"

static real alpha(const OpRun *run)
{
    return (real)((const EluAttributes *)run->attributes)->alpha;
}

static void forward(const OpRun *run)
{
    elementwise_elu(shape_count(run->out_shape), alpha(run), run->in[0], run->out);
}

static void backward(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    elementwise_elu_grad(shape_count(run->out_shape), alpha(run), run->in[0], run->out_grad, run->in_grad[0]);
}

static const EluAttributes one = {.alpha = 1}, half = {.alpha = 0.5};

static const OpCase cases[] = {
    {.label = "alpha 1", .attributes = &one, .inputs = 1, .in = {{4, {3, 5, 3, 7}}}, .away_from = 0.01},
    {.label = "alpha 0.5, flat",
     .attributes = &half,
     .inputs = 1,
     .in = {{2, {7, 13}}},
     .low = -4,
     .high = 2,
     .away_from = 0.01},
};

const Op op_elu = {
    .name = "elu",
    .doc = "y = x where x > 0, else alpha (exp(x) - 1)",
    .shape = op_shape_as_input,
    .forward = forward,
    .backward = backward,
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
