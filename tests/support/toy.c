#include "tests/support/toy.h"

#include "nn/init/init.h"

static bool add_shape(OpShape *op, Err *err)
{
    if (!shape_equal(op->in[0], op->in[1])) return op_refuse(op, err, "wants two equal shapes");
    op->out = op->in[0];
    return true;
}

static void add_forward(const OpRun *run)
{
    for (size_t i = 0; i < shape_count(run->out_shape); i++) run->out[i] = run->in[0][i] + run->in[1][i];
}

static void add_backward(const OpRun *run)
{
    for (size_t k = 0; k < 2; k++) {
        if (!run->in_grad[k]) continue;
        for (size_t i = 0; i < shape_count(run->out_shape); i++) run->in_grad[k][i] += run->out_grad[i];
    }
}

const Op toy_add = {
    .name = "toy_add", .doc = "a + b", .shape = add_shape, .forward = add_forward, .backward = add_backward};

static bool square_shape(OpShape *op, Err *err)
{
    (void)err;
    op->out = op->in[0];
    op->keep = op->scratch = shape_count(op->in[0]);
    return true;
}

static void square_forward(const OpRun *run)
{
    for (size_t i = 0; i < shape_count(run->out_shape); i++) {
        real x = run->in[0][i];
        run->scratch[i] = -1e6f;
        run->out[i] = x * x;
        run->keep[i] = 2 * x;
    }
}

static void square_backward(const OpRun *run)
{
    for (size_t i = 0; i < shape_count(run->out_shape); i++) {
        run->scratch[i] = 1e6f;
        if (run->in_grad[0]) run->in_grad[0][i] += run->keep[i] * run->out_grad[i];
    }
}

const Op toy_square = {
    .name = "toy_square", .doc = "x^2", .shape = square_shape, .forward = square_forward, .backward = square_backward};

static bool view_shape(OpShape *op, Err *err)
{
    (void)err;
    op->out = (Shape){2, {op->in[0].dim[0], shape_count_example(op->in[0])}};
    return true;
}

const Op toy_view = {.name = "toy_view", .doc = "x, flat", .shape = view_shape, .view = true};

static bool refuse_shape(OpShape *op, Err *err)
{
    return op_refuse(op, err, "wants nothing at all");
}

const Op toy_refuse = {.name = "toy_refuse", .doc = "none", .shape = refuse_shape};

int toy_op2(Graph *graph, const Op *op, int a, int b)
{
    int node;
    Err err = {0};
    const int input[] = {a, b};
    if (!graph_add(graph, op, NULL, b < 0 ? 1 : 2, input, "toy", (Loc){0}, &node, &err)) BUG("%s", err.text);
    return node;
}

int toy_op1(Graph *graph, const Op *op, int in)
{
    return toy_op2(graph, op, in, -1);
}

int toy_param(Graph *graph, const char *name, Shape shape, bool trainable)
{
    const ParamSpec spec = {.name = name,
                            .shape = shape,
                            .initialiser = initialiser_named("zeros"),
                            .fan_in = 1,
                            .fan_out = 1,
                            .trainable = trainable};
    return graph_param(graph, &spec, (Loc){0});
}
