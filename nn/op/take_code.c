#include "nn/kernel/elementwise.h"
#include "nn/op/code_shape.h"

static bool shape(OpShape *op, Err *err)
{
    return code_shape_check(op, err) && op_shape_as_input(op, err);
}

static void forward(const OpRun *run)
{
    codes_take(shape_count(run->in_shape[2]), run->in_shape[1].dim[1], run->in[1], run->in[2], run->out);
}

static void backward(const OpRun *run)
{
    if (run->in_grad[0]) elementwise_add(shape_count(run->out_shape), run->out_grad, run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "a grid",
     .inputs = 3,
     .in = {{4, {3, 3, 2, 5}}, {2, {7, 5}}, {3, {3, 3, 2}}},
     .whole = {[2] = 7},
     .straight_through = true},
    {.label = "flat",
     .inputs = 3,
     .in = {{2, {35, 3}}, {2, {16, 3}}, {1, {35}}},
     .whole = {[2] = 16},
     .straight_through = true},
};

const Op op_take_code = {
    .name = "take_code",
    .doc =
        "x (N,...,D), codebook (K,D), codes (N,...) -> e[code], exactly; the gradient goes to x as if the output were "
        "x (straight through), none to the codebook. Van den Oord et al., 2017, section 3.1",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .stops = {[1] = true},
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
