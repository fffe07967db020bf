#include "nn/kernel/losses.h"
#include "nn/op/op.h"

static bool shape(OpShape *op, Err *err)
{
    return op_shape_loss(op, "a mean and a log variance", err);
}

static void forward(const OpRun *run)
{
    losses_kl_divergence(run->in_shape[0].dim[0], shape_count_example(run->in_shape[0]), run->in[0], run->in[1],
                         run->out);
}

static void backward(const OpRun *run)
{
    const size_t n = run->in_shape[0].dim[0], count = shape_count_example(run->in_shape[0]);
    if (run->in_grad[0]) losses_kl_divergence_grad_mean(n, count, run->in[0], run->out_grad, run->in_grad[0]);
    if (run->in_grad[1]) {
        losses_kl_divergence_grad_log_variance(n, count, run->in[1], run->out_grad, run->in_grad[1]);
    }
}

static const OpCase cases[] = {
    {.label = "8 latents", .inputs = 2, .in = {{2, {5, 8}}, {2, {5, 8}}}},
    {.label = "a grid, wide range", .inputs = 2, .in = {{4, {2, 3, 3, 5}}, {4, {2, 3, 3, 5}}}, .low = -3, .high = 3},
};

const Op op_kl_divergence = {
    .name = "kl_divergence",
    .doc = "(mean m, log variance l) -> (N): -1/2 sum over an example of 1 + l - m^2 - exp(l), the divergence of N(m, "
           "exp(l)) "
           "from N(0, 1); Kingma and Welling, 2014, eq. 10 and appendix B",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
