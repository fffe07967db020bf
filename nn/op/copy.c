#include <string.h>

#include "nn/kernel/elementwise.h"
#include "nn/op/op.h"

static void forward(const OpRun *run)
{
    memcpy(run->out, run->in[0], shape_count(run->out_shape) * sizeof *run->out);
}

static void backward(const OpRun *run)
{
    if (run->in_grad[0]) elementwise_add(shape_count(run->out_shape), run->out_grad, run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "a grid", .inputs = 1, .in = {{4, {3, 3, 2, 5}}}},
    {.label = "a codebook", .inputs = 1, .in = {{2, {37, 5}}}},
};

const Op op_copy = {
    .name = "copy",
    .doc = "x -> x, in a place of its own: a parameter as it was before the pass changed it",
    .shape = op_shape_as_input,
    .forward = forward,
    .backward = backward,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
