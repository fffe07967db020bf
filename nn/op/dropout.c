#include <string.h>

#include "nn/base/rng.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/elementwise.h"
#include "nn/op/attributes.h"

static bool shape(OpShape *op, Err *err)
{
    op->keep = shape_count(op->in[0]); /* the mask: 0 or 1 / (1 - rate) */
    return op_shape_as_input(op, err);
}

/* Examples whose mask is drawn by one task. */
enum { EXAMPLES = 4 };

static void draw(const void *context, size_t begin, size_t end)
{
    const OpRun *run = context;
    const DropoutAttributes *attributes = run->attributes;
    const Rng rng = rng_stream(run->seed, attributes->stream);
    const size_t count = shape_count_example(run->out_shape);
    const real rate = (real)attributes->rate, kept = (real)(1 / (1 - attributes->rate));
    for (size_t i = begin; i < end; i++) {
        real *mask = run->keep + i * count;
        rng_uniform(rng, run->step, (uint32_t)i, count, mask);
        for (size_t k = 0; k < count; k++) mask[k] = mask[k] < rate ? 0 : kept;
    }
}

static void forward(const OpRun *run)
{
    const size_t n = shape_count(run->out_shape);
    if (!run->training) {
        memcpy(run->out, run->in[0], n * sizeof *run->out);
        return;
    }
    blocks_run(run->out_shape.dim[0], EXAMPLES, draw, run);
    elementwise_multiply(n, run->in[0], run->keep, run->out);
}

static void backward(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    elementwise_multiply_grad(shape_count(run->out_shape), run->keep, run->out_grad, run->in_grad[0]);
}

static const DropoutAttributes half = {.rate = 0.5, .stream = "mask"}, none = {.stream = "mask"};

static const OpCase cases[] = {
    {.label = "rate 0.5", .attributes = &half, .inputs = 1, .in = {{4, {9, 5, 3, 7}}}},
    {.label = "rate 0, flat", .attributes = &none, .inputs = 1, .in = {{2, {7, 13}}}},
};

const Op op_dropout = {
    .name = "dropout",
    .doc =
        "training: y = x m / (1 - rate), m being 0 with probability rate and else 1, drawn anew for each element and "
        "step; evaluation: y = x",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
