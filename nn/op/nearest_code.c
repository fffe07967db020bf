#include "nn/kernel/codes.h"
#include "nn/op/code_shape.h"

static bool shape(OpShape *op, Err *err)
{
    if (!code_shape_check(op, err)) return false;
    op->out = (Shape){.rank = op->in[0].rank - 1};
    for (size_t i = 0; i < op->out.rank; i++) op->out.dim[i] = op->in[0].dim[i];
    op->scratch = codes_nearest_scratch(op->in[1].dim[0], op->in[1].dim[1]);
    return true;
}

static void forward(const OpRun *run)
{
    codes_nearest(shape_count(run->out_shape), run->in_shape[1].dim[0], run->in_shape[1].dim[1], run->in[0], run->in[1],
                  run->out, run->scratch);
}

/* A distance is a difference, a product and a sum for each dimension: counted as one multiply-add. */
static double multiply_adds(const OpShape *op)
{
    return (double)shape_count(op->in[0]) * (double)op->in[1].dim[0];
}

static const OpCase cases[] = {
    {.label = "a grid", .inputs = 2, .in = {{4, {3, 3, 2, 5}}, {2, {37, 5}}}},
    {.label = "flat, more positions than a task has", .inputs = 2, .in = {{2, {130, 3}}, {2, {16, 3}}}},
};

const Op op_nearest_code = {
    .name = "nearest_code",
    .doc =
        "x (N,...,D), codebook (K,D) -> (N,...): for each position the k of the least sum of (x - e[k])^2, the lowest "
        "of equal ones. Has no gradient",
    .shape = shape,
    .forward = forward,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .multiply_adds = multiply_adds,
};
