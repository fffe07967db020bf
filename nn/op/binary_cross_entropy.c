#include "nn/kernel/losses.h"
#include "nn/op/op.h"

static bool shape(OpShape *op, Err *err)
{
    return op_shape_loss(op, "logits and a target", err);
}

static void forward(const OpRun *run)
{
    losses_binary_cross_entropy(run->in_shape[0].dim[0], shape_count_example(run->in_shape[0]), run->in[0], run->in[1],
                                run->out);
}

static void backward(const OpRun *run)
{
    const size_t n = run->in_shape[0].dim[0], count = shape_count_example(run->in_shape[0]);
    if (!run->in_grad[0]) return;
    losses_binary_cross_entropy_grad(n, count, run->in[0], run->in[1], run->out_grad, run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "images", .inputs = 2, .in = {{4, {3, 5, 7, 1}}, {4, {3, 5, 7, 1}}}, .high = 1},
    {.label = "more terms than a chunk, wide range",
     .inputs = 2,
     .in = {{2, {2, 301}}, {2, {2, 301}}},
     .low = -6,
     .high = 6},
};

const Op op_binary_cross_entropy = {
    .name = "binary_cross_entropy",
    .doc = "(logits x, target t) -> (N): sum over an example of max(x, 0) - x t + log(1 + exp(-|x|)), which is the "
           "negative "
           "log-likelihood of t under a Bernoulli distribution with p = sigmoid(x). No gradient for the target",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .stops = {[1] = true},
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
