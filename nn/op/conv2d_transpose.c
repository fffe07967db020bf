#include "nn/op/conv_geometry.h"
#include "nn/op/gradients.h"

static bool shape(OpShape *op, Err *err)
{
    return conv_geometry_check(op, true, err);
}

/* Of the convolution that this is the adjoint of: its input is this output. */
static ConvShape geometry(const OpRun *run)
{
    return conv_geometry(run->attributes, run->out_shape, run->in_shape[1], run->in_shape[0]);
}

static void forward(const OpRun *run)
{
    const ConvShape s = geometry(run);
    const Ending ending = {.bias = run->inputs == 3 ? run->in[2] : NULL, .rectify = run->rectify};
    run->numerics->conv2d_grad_input(&s, run->in[0], run->in[1], &ending, run->out, run->scratch);
}

static void grad_input(const OpRun *run)
{
    const ConvShape s = geometry(run);
    const Ending ending = gradients_ending(run);
    run->numerics->conv2d(&s, run->out_grad, run->in[1], &ending, run->in_grad[0], run->scratch);
}

static void grad_weight(const OpRun *run)
{
    const ConvShape s = geometry(run);
    run->numerics->conv2d_grad_weight(&s, run->out_grad, run->in[0], !run->fresh[1], run->in_grad[1], run->scratch);
}

static void backward(const OpRun *run)
{
    const ConvShape s = geometry(run);
    gradients_run(run, grad_input, grad_weight, run->numerics->conv2d_scratch(&s));
}

static double multiply_adds(const OpShape *op)
{
    const ConvShape s = conv_geometry(op->attributes, op->out, op->in[1], op->in[0]);
    return conv_geometry_multiply_adds(&s);
}

static const ConvAttributes same2 = {.stride = {2, 2}, .padding = {.mode = "same"}};
static const ConvAttributes same32 = {.stride = {3, 2}, .padding = {.mode = "same"}};
static const ConvAttributes valid1 = {.stride = {1, 1}, .padding = {.mode = "valid"}};
static const ConvAttributes uneven23 = {.stride = {2, 3}, .padding = {.top = 1, .bottom = 2, .left = 3}};

static const OpCase cases[] = {
    {.label = "same, stride 2",
     .attributes = &same2,
     .inputs = 3,
     .in = {{4, {2, 4, 3, 3}}, {4, {3, 3, 2, 3}}, {1, {2}}}},
    {.label = "same, stride 3x2, kernel smaller than the stride",
     .attributes = &same32,
     .inputs = 2,
     .in = {{4, {2, 2, 3, 3}}, {4, {2, 5, 4, 3}}}},
    {.label = "valid, stride 1, one channel out",
     .attributes = &valid1,
     .inputs = 3,
     .in = {{4, {3, 3, 4, 5}}, {4, {3, 2, 1, 5}}, {1, {1}}}},
    {.label = "uneven padding, stride 2x3",
     .attributes = &uneven23,
     .inputs = 3,
     .in = {{4, {2, 3, 3, 1}}, {4, {4, 5, 3, 1}}, {1, {3}}}},
};

const Op op_conv2d_transpose = {
    .name = "conv2d_transpose",
    .doc = "x (N,H,W,Cin), weight (KH,KW,Cout,Cin), bias (Cout), which may be absent -> (N,OH,OW,Cout), the adjoint of "
           "conv2d: "
           "y[i,f] = b[f] + the sum over taps k and outputs o with o stride + k - begin = i of x[o,c] w[k,f,c]",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .sets = true,
    .takes_relu = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .multiply_adds = multiply_adds,
};
