#include "nn/kernel/pooling.h"

#include "nn/op/conv_geometry.h"

static void forward(const OpRun *run)
{
    const ConvShape s = conv_geometry_pool(run->attributes, run->in_shape[0], run->out_shape);
    pooling_average(&s, run->in[0], run->out);
}

static void backward(const OpRun *run)
{
    const ConvShape s = conv_geometry_pool(run->attributes, run->in_shape[0], run->out_shape);
    if (run->in_grad[0]) pooling_average_grad(&s, run->out_grad, run->in_grad[0]);
}

static const PoolAttributes half = {.kernel = {2, 2}, .window = {.stride = {2, 2}, .padding = {.mode = "valid"}}};
static const PoolAttributes padded = {.kernel = {3, 2},
                                      .window = {.stride = {2, 1}, .padding = {.top = 2, .bottom = 1, .right = 1}}};
static const PoolAttributes whole = {.kernel = {4, 3}, .window = {.stride = {4, 3}, .padding = {.mode = "valid"}}};

static const OpCase cases[] = {
    {.label = "2x2", .attributes = &half, .inputs = 1, .in = {{4, {2, 4, 5, 3}}}},
    {.label = "3x2, uneven padding", .attributes = &padded, .inputs = 1, .in = {{4, {3, 5, 4, 2}}}},
    {.label = "the whole image, 17 channels", .attributes = &whole, .inputs = 1, .in = {{4, {2, 4, 3, 17}}}},
};

const Op op_average_pool = {
    .name = "average_pool",
    .doc = "x (N,H,W,C) -> (N,OH,OW,C): the mean of the elements of each window that lie in the image",
    .shape = conv_geometry_check_pool,
    .forward = forward,
    .backward = backward,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
