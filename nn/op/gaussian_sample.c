#include "nn/base/rng.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/elementwise.h"
#include "nn/op/attributes.h"

static bool shape(OpShape *op, Err *err)
{
    if (!op_same_shape(op, "a mean and a log variance", err)) return false;
    op->out = op->in[0];
    op->keep = shape_count(op->out); /* the noise */
    return true;
}

/* Examples whose noise is drawn by one task. */
enum { EXAMPLES = 16 };

static void draw(const void *context, size_t begin, size_t end)
{
    const OpRun *run = context;
    const SampleAttributes *attributes = run->attributes;
    const Rng rng = rng_stream(run->seed, attributes->stream);
    const size_t count = shape_count_example(run->out_shape);
    for (size_t i = begin; i < end; i++) rng_normal(rng, run->step, (uint32_t)i, count, run->keep + i * count);
}

static void forward(const OpRun *run)
{
    blocks_run(run->out_shape.dim[0], EXAMPLES, draw, run);
    elementwise_gaussian(shape_count(run->out_shape), run->in[0], run->in[1], run->keep, run->out);
}

static void backward(const OpRun *run)
{
    const size_t n = shape_count(run->out_shape);
    if (run->in_grad[0]) elementwise_add(n, run->out_grad, run->in_grad[0]);
    if (run->in_grad[1]) {
        elementwise_gaussian_grad_log_variance(n, run->in[1], run->keep, run->out_grad, run->in_grad[1]);
    }
}

static const SampleAttributes noise = {.stream = "noise"};

static const OpCase cases[] = {
    {.label = "8 latents", .attributes = &noise, .inputs = 2, .in = {{2, {5, 8}}, {2, {5, 8}}}},
    {.label = "3 latents, more examples than a task draws",
     .attributes = &noise,
     .inputs = 2,
     .in = {{2, {37, 3}}, {2, {37, 3}}},
     .low = -2,
     .high = 2},
};

const Op op_gaussian_sample = {
    .name = "gaussian_sample",
    .doc = "(mean m, log variance l) -> m + exp(l / 2) noise, noise being standard normal, drawn anew each step; the "
           "reparameterisation of Kingma and Welling, 2014",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
