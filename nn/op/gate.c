#include "nn/kernel/gate.h"

#include "nn/op/op.h"

static size_t channels_of(Shape x)
{
    return x.dim[x.rank - 1] / 2;
}

static bool shape(OpShape *op, Err *err)
{
    char text[96];
    const Shape x = op->in[0];
    if (x.rank < 2 || x.dim[x.rank - 1] % 2 != 0)
        return op_refuse(op, err, "wants an even number of channels, got %s: the first half is gated by the second",
                         shape_text(x, text));
    op->out = x;
    op->out.dim[x.rank - 1] /= 2;
    op->keep = shape_count(x);
    return true;
}

static void forward(const OpRun *run)
{
    const size_t channels = channels_of(run->in_shape[0]);
    gate(shape_count(run->out_shape) / channels, channels, run->in[0], run->keep, run->out);
}

static void backward(const OpRun *run)
{
    const size_t channels = channels_of(run->in_shape[0]);
    if (!run->in_grad[0]) return;
    gate_grad(shape_count(run->out_shape) / channels, channels, run->keep, run->out_grad, run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "images", .inputs = 1, .in = {{4, {3, 3, 2, 38}}}, .low = -3, .high = 3},
    {.label = "flat, two channels", .inputs = 1, .in = {{2, {13, 2}}}, .low = -3, .high = 3},
};

const Op op_gate = {
    .name = "gate",
    .doc = "x (N,...,2C) -> (N,...,C): tanh(x[..., :C]) sigmoid(x[..., C:])",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
