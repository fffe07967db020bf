#include "nn/op/code_shape.h"

static real factor(const OpRun *run)
{
    return (real)((const CommitmentAttributes *)run->attributes)->factor;
}

static void forward(const OpRun *run)
{
    const CodesError error = code_shape_of(run);
    codes_error(&error, factor(run), run->out);
}

static void backward(const OpRun *run)
{
    const CodesError error = code_shape_of(run);
    if (run->in_grad[0]) codes_error_grad_input(&error, factor(run), run->out_grad, run->in_grad[0]);
}

static const CommitmentAttributes quarter = {.factor = 0.25}, three = {.factor = 3};

static const OpCase cases[] = {
    {.label = "a grid, factor 1/4",
     .attributes = &quarter,
     .inputs = 3,
     .in = {{4, {3, 3, 2, 5}}, {2, {7, 5}}, {3, {3, 3, 2}}},
     .whole = {[2] = 7}},
    {.label = "flat, factor 3",
     .attributes = &three,
     .inputs = 3,
     .in = {{2, {35, 3}}, {2, {16, 3}}, {1, {35}}},
     .whole = {[2] = 16}},
};

const Op op_commitment_error = {
    .name = "commitment_error",
    .doc =
        "x (N,...,D), codebook (K,D), codes (N,...) -> (N): factor x the sum over an example of (x - e[code])^2, with "
        "a gradient for x alone; van den Oord et al., 2017, the third term of eq. 3",
    .shape = code_shape_error,
    .forward = forward,
    .backward = backward,
    .stops = {[1] = true},
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
