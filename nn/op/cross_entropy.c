#include "nn/kernel/losses.h"
#include "nn/op/op.h"

static bool shape(OpShape *op, Err *err)
{
    char a[96], b[96];
    const Shape logits = op->in[0], label = op->in[1];
    if (logits.rank != 2)
        return op_refuse(op, err, "wants logits [n,classes], got %s; end the section with \"dense\"",
                         shape_text(logits, a));
    if (label.rank != 1 || label.dim[0] != logits.dim[0])
        return op_refuse(op, err, "wants a class number for each example, [%zu], got %s", logits.dim[0],
                         shape_text(label, b));
    op->out = label;
    return true;
}

static void forward(const OpRun *run)
{
    losses_cross_entropy(run->in_shape[0].dim[0], run->in_shape[0].dim[1], run->in[0], run->in[1], run->out);
}

static void backward(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    losses_cross_entropy_grad(run->in_shape[0].dim[0], run->in_shape[0].dim[1], run->in[0], run->in[1], run->out_grad,
                              run->in_grad[0]);
}

static const OpCase cases[] = {
    {.label = "10 classes", .inputs = 2, .in = {{2, {7, 10}}, {1, {7}}}, .whole = {[1] = 10}},
    {.label = "3 classes, wide range",
     .inputs = 2,
     .in = {{2, {5, 3}}, {1, {5}}},
     .low = -6,
     .high = 6,
     .whole = {[1] = 3}},
};

const Op op_cross_entropy = {
    .name = "cross_entropy",
    .doc =
        "logits x (N,K), labels (N), whole numbers below K -> (N): log(sum of exp(x)) - x[label]. No gradient for the "
        "labels",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
