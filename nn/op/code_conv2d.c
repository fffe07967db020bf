#include "nn/kernel/code_conv.h"
#include "nn/kernel/reduce.h"
#include "nn/op/conv_geometry.h"
#include "nn/op/gradients.h"

static bool shape(OpShape *op, Err *err)
{
    const ConvAttributes *attributes = op->attributes;
    const size_t taps = attributes->taps;
    const Shape x = op->in[0], w = op->in[1];
    char text[96];
    if (x.rank != 3)
        return op_refuse(op, err, "wants codes [n,height,width], got %s; its input is `code`", shape_text(x, text));
    if (w.rank != 3 || w.dim[0] != taps)
        return op_refuse(op, err, "wants a weight of [%zu,codes,filters], got %s", taps, shape_text(w, text));
    if (op->inputs == 3 && (op->in[2].rank != 1 || op->in[2].dim[0] != w.dim[2]))
        return op_refuse(op, err, "wants a bias of [%zu], got %s", w.dim[2], shape_text(op->in[2], text));
    op->out = (Shape){4, {x.dim[0], x.dim[1], x.dim[2], w.dim[2]}};
    op->scratch = op->inputs == 3 ? reduce_rows_scratch(op->out.dim[0], op->out.dim[3]) : 0;
    return true;
}

/* The codes as the one-hot images that they stand for. */
static ConvShape geometry(const OpRun *run)
{
    const Shape x = run->in_shape[0];
    const Shape image = {4, {x.dim[0], x.dim[1], x.dim[2], run->in_shape[1].dim[1]}};
    return conv_geometry(run->attributes, image, run->in_shape[1], run->out_shape);
}

static void forward(const OpRun *run)
{
    const ConvShape s = geometry(run);
    code_conv(&s, run->in[0], run->in[1], run->inputs == 3 ? run->in[2] : NULL, run->out);
}

static void backward(const OpRun *run)
{
    const ConvShape s = geometry(run);
    if (run->in_grad[1]) code_conv_grad_weight(&s, run->in[0], run->out_grad, run->in_grad[1]);
    gradients_bias(run);
}

static bool causal(OpShape *op)
{
    const Shape x = op->in[0], image = {4, {x.dim[0], x.dim[1], x.dim[2], op->in[1].dim[1]}};
    const ConvShape s = conv_geometry(op->attributes, image, op->in[1], op->out);
    op->scratch = 0;
    return conv_geometry_causal(op->attributes, &s);
}

static void forward_place(const OpRun *run, const OpPlace *place)
{
    ConvShape s = geometry(run);
    s.ih = s.oh = place->height;
    s.iw = s.ow = place->width;
    const real *code = run->in[0] - (place->row * place->width + place->column) * s.n;
    code_conv_place(&s, place->row, place->column, code, run->in[1], run->inputs == 3 ? run->in[2] : NULL, run->out);
}

/* One addition for each product that is not left out: counted as one multiply-add. */
static double multiply_adds(const OpShape *op)
{
    const Shape x = op->in[0];
    const Shape image = {4, {x.dim[0], x.dim[1], x.dim[2], 1}};
    const ConvShape s = conv_geometry(op->attributes, image, op->in[1], op->out);
    return conv_geometry_multiply_adds(&s);
}

static const ConvAttributes a7 = {.stride = {1, 1}, .padding = {.mode = "same"}, .kernel = {7, 7}, .taps = 24};
static const ConvAttributes b35 = {.stride = {1, 1}, .padding = {.mode = "same"}, .kernel = {3, 5}, .taps = 8};
static const ConvAttributes all3 = {.stride = {1, 1}, .padding = {.mode = "same"}, .kernel = {3, 3}, .taps = 9};

static const OpCase cases[] = {
    {.label = "mask A, 7x7",
     .attributes = &a7,
     .inputs = 3,
     .in = {{3, {3, 4, 5}}, {3, {24, 6, 37}}, {1, {37}}},
     .whole = {[0] = 6}},
    {.label = "mask B, 3x5, two segments of the batch",
     .attributes = &b35,
     .inputs = 3,
     .in = {{3, {35, 3, 2}}, {3, {8, 3, 5}}, {1, {5}}},
     .whole = {[0] = 3}},
    {.label = "no mask, no bias",
     .attributes = &all3,
     .inputs = 2,
     .in = {{3, {2, 3, 4}}, {3, {9, 5, 33}}},
     .whole = {[0] = 5}},
};

const Op op_code_conv2d = {
    .name = "code_conv2d",
    .doc =
        "codes (N,H,W), whole numbers below K, weight (T,K,F) of the first T taps in raster order, bias (F), which may "
        "be absent -> (N,H,W,F): y[o] = b + the sum over taps k in the image of w[k, code at o + k - begin], which is "
        "conv2d of the codes as one-hot images. No gradient for the codes",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .causal = causal,
    .forward_place = forward_place,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .multiply_adds = multiply_adds,
};
