#include "nn/op/gradients.h"

static bool shape(OpShape *op, Err *err)
{
    char text[96];
    const Shape x = op->in[0], w = op->in[1];
    if (x.rank != 2) {
        return op_refuse(op, err, "wants a flat input, got %s; put \"flatten\" before it", shape_text(x, text));
    }
    if (w.rank != 2 || w.dim[0] != x.dim[1]) {
        return op_refuse(op, err, "wants a weight of [%zu,units], got %s", x.dim[1], shape_text(w, text));
    }
    if (op->inputs == 3 && (op->in[2].rank != 1 || op->in[2].dim[0] != w.dim[1])) {
        return op_refuse(op, err, "wants a bias of [%zu], got %s", w.dim[1], shape_text(op->in[2], text));
    }
    op->out = (Shape){.rank = 2, .dim = {x.dim[0], w.dim[1]}};
    op->scratch = gradients_scratch(op, op->numerics->dense_scratch(x.dim[0], x.dim[1], w.dim[1]));
    return true;
}

static void forward(const OpRun *run)
{
    const Ending ending = {.bias = run->inputs == 3 ? run->in[2] : NULL, .rectify = run->rectify};
    run->numerics->dense(run->out_shape.dim[0], run->in_shape[0].dim[1], run->out_shape.dim[1], run->in[0], run->in[1],
                         &ending, run->out, run->scratch);
}

static void grad_input(const OpRun *run)
{
    const size_t n = run->out_shape.dim[0], in = run->in_shape[0].dim[1], out = run->out_shape.dim[1];
    const Ending ending = gradients_ending(run);
    run->numerics->dense_grad_input(n, in, out, run->out_grad, run->in[1], &ending, run->in_grad[0], run->scratch);
}

static void grad_weight(const OpRun *run)
{
    const size_t n = run->out_shape.dim[0], in = run->in_shape[0].dim[1], out = run->out_shape.dim[1];
    run->numerics->dense_grad_weight(n, in, out, run->in[0], run->out_grad, !run->fresh[1], run->in_grad[1],
                                     run->scratch);
}

static void backward(const OpRun *run)
{
    const size_t n = run->out_shape.dim[0], in = run->in_shape[0].dim[1], out = run->out_shape.dim[1];
    gradients_run(run, grad_input, grad_weight, run->numerics->dense_scratch(n, in, out));
}

static double multiply_adds(const OpShape *op)
{
    return (double)op->in[0].dim[0] * (double)op->in[0].dim[1] * (double)op->out.dim[1];
}

static const OpCase cases[] = {
    {.label = "odd sizes", .inputs = 3, .in = {{2, {5, 7}}, {2, {7, 3}}, {1, {3}}}},
    {.label = "two segments of the batch, without bias", .inputs = 2, .in = {{2, {35, 3}}, {2, {3, 2}}}},
    {.label = "two segments of the batch", .inputs = 3, .in = {{2, {35, 3}}, {2, {3, 19}}, {1, {19}}}},
};

const Op op_dense = {
    .name = "dense",
    .doc = "x (N,K), weight (K,M), bias (M), which may be absent -> (N,M): y = x w + b",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .sets = true,
    .takes_relu = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .multiply_adds = multiply_adds,
};
