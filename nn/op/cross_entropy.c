#include "nn/kernel/losses.h"
#include "nn/op/op.h"

static bool shape(OpShape *op, Err *err)
{
    char a[96], b[96];
    const Shape logits = op->in[0], label = op->in[1];
    Shape cells = {.rank = logits.rank - 1};
    if (label.rank == 1 && logits.rank != 2)
        return op_refuse(op, err, "wants logits [n,classes], got %s; end the section with \"dense\"",
                         shape_text(logits, a));
    for (size_t i = 0; i < cells.rank; i++) cells.dim[i] = logits.dim[i];
    if (!shape_equal(cells, label))
        return op_refuse(op, err, "wants a class number for each of %s, got %s", shape_text(cells, a),
                         shape_text(label, b));
    op->out = (Shape){1, {label.dim[0]}};
    return true;
}

static Classes classes_of(const OpRun *run)
{
    const Shape logits = run->in_shape[0];
    const size_t classes = logits.dim[logits.rank - 1];
    return (Classes){logits.dim[0], shape_count_example(logits) / classes, classes};
}

static void forward(const OpRun *run)
{
    const Classes classes = classes_of(run);
    losses_cross_entropy(&classes, run->in[0], run->in[1], run->out);
}

static void backward(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    const Classes classes = classes_of(run);
    losses_cross_entropy_grad(&classes, run->in[0], run->in[1], run->out_grad, run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "10 classes", .inputs = 2, .in = {{2, {7, 10}}, {1, {7}}}, .whole = {[1] = 10}},
    {.label = "3 classes, wide range",
     .inputs = 2,
     .in = {{2, {5, 3}}, {1, {5}}},
     .low = -6,
     .high = 6,
     .whole = {[1] = 3}},
    {.label = "a grid of cells", .inputs = 2, .in = {{4, {3, 2, 3, 37}}, {3, {3, 2, 3}}}, .whole = {[1] = 37}},
};

const Op op_cross_entropy = {
    .name = "cross_entropy",
    .doc =
        "logits x (N,...,K), labels (N,...), whole numbers below K -> (N): log(sum of exp(x)) - x[label], summed over "
        "an example's cells. No gradient for the labels",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .stops = {[1] = true},
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
