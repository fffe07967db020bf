#include "nn/kernel/pooling.h"

#include "nn/op/conv_geometry.h"

static bool shape(OpShape *op, Err *err)
{
    if (!conv_geometry_check_pool(op, err)) return false;
    op->keep = shape_count(op->out); /* the place of the greatest in its window */
    return true;
}

static void forward(const OpRun *run)
{
    const ConvShape s = conv_geometry_pool(run->attributes, run->in_shape[0], run->out_shape);
    pooling_max(&s, run->in[0], run->rectify, run->out, run->keep);
}

static void backward(const OpRun *run)
{
    const ConvShape s = conv_geometry_pool(run->attributes, run->in_shape[0], run->out_shape);
    const Ending ending = {.add = !run->fresh[0], .rectified = run->rectified ? run->in[0] : NULL};
    if (run->in_grad[0]) pooling_max_grad(&s, run->keep, run->out_grad, &ending, run->in_grad[0]);
}

static const PoolAttributes half = {.kernel = {2, 2}, .window = {.stride = {2, 2}, .padding = {.mode = "valid"}}};
static const PoolAttributes stem = {
    .kernel = {3, 3}, .window = {.stride = {2, 2}, .padding = {.top = 1, .bottom = 1, .left = 1, .right = 1}}};
static const PoolAttributes uneven = {.kernel = {2, 3}, .window = {.stride = {1, 2}, .padding = {.mode = "same"}}};

/* No two elements of a window are so near that the steps of a numeric derivative change their order; the ranges are
 * wide for that. */
static const OpCase cases[] = {
    {.label = "2x2", .attributes = &half, .inputs = 1, .in = {{4, {2, 4, 5, 3}}}, .low = -100, .high = 100},
    {.label = "3x3, stride 2, padding 1",
     .attributes = &stem,
     .inputs = 1,
     .in = {{4, {3, 7, 6, 2}}},
     .low = -100,
     .high = 100},
    {.label = "same, overlapping, 2x3",
     .attributes = &uneven,
     .inputs = 1,
     .in = {{4, {2, 5, 5, 1}}},
     .low = -100,
     .high = 100},
};

const Op op_max_pool = {
    .name = "max_pool",
    .doc = "x (N,H,W,C) -> (N,OH,OW,C): the greatest of each window, the padding left out; the gradient goes to the "
           "first of equal ones",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .sets = true,
    .takes_relu = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
