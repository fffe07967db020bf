#include "nn/op/code_shape.h"

static bool shape(OpShape *op, Err *err)
{
    if (!code_shape_error(op, err)) return false;
    op->scratch = codes_error_scratch(op->in[0].dim[0], op->in[1].dim[0], op->in[1].dim[1]);
    return true;
}

static void forward(const OpRun *run)
{
    const CodesError error = code_shape_of(run);
    codes_error(&error, 1, run->out);
}

static void backward(const OpRun *run)
{
    const CodesError error = code_shape_of(run);
    if (run->in_grad[1]) codes_error_grad_codebook(&error, 1, run->out_grad, run->in_grad[1], run->scratch);
}

static const OpCase cases[] = {
    {.label = "a grid", .inputs = 3, .in = {{4, {3, 3, 2, 5}}, {2, {7, 5}}, {3, {3, 3, 2}}}, .whole = {[2] = 7}},
    {.label = "flat, two segments of the batch",
     .inputs = 3,
     .in = {{2, {35, 3}}, {2, {16, 3}}, {1, {35}}},
     .whole = {[2] = 16}},
};

const Op op_codebook_error = {
    .name = "codebook_error",
    .doc = "x (N,...,D), codebook (K,D), codes (N,...) -> (N): sum over an example of (x - e[code])^2, with a gradient "
           "for the codebook alone; van den Oord et al., 2017, the second term of eq. 3",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .stops = {[0] = true},
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
