#include "nn/op/conv_geometry.h"
#include "nn/op/gradients.h"

static bool shape(OpShape *op, Err *err)
{
    return conv_geometry_check(op, false, err);
}

static ConvShape geometry(const OpRun *run)
{
    return conv_geometry(run->attributes, run->in_shape[0], run->in_shape[1], run->out_shape);
}

static void forward(const OpRun *run)
{
    const ConvShape s = geometry(run);
    const Ending ending = {.bias = run->inputs == 3 ? run->in[2] : NULL, .rectify = run->rectify};
    run->numerics->conv2d(&s, run->in[0], run->in[1], &ending, run->out, run->scratch);
}

static void grad_input(const OpRun *run)
{
    const ConvShape s = geometry(run);
    const Ending ending = gradients_ending(run);
    run->numerics->conv2d_grad_input(&s, run->out_grad, run->in[1], &ending, run->in_grad[0], run->scratch);
}

static void grad_weight(const OpRun *run)
{
    const ConvShape s = geometry(run);
    run->numerics->conv2d_grad_weight(&s, run->in[0], run->out_grad, !run->fresh[1], run->in_grad[1], run->scratch);
}

static void backward(const OpRun *run)
{
    const ConvShape s = geometry(run);
    gradients_run(run, grad_input, grad_weight, run->numerics->conv2d_scratch(&s));
}

/* One place as an image of one pixel. */
static ConvShape pixel(const ConvShape *s)
{
    return (ConvShape){.n = s->n,
                       .ih = 1,
                       .iw = 1,
                       .cin = s->cin,
                       .oh = 1,
                       .ow = 1,
                       .cout = s->cout,
                       .kh = 1,
                       .kw = 1,
                       .sh = 1,
                       .sw = 1};
}

static bool causal(OpShape *op)
{
    const ConvShape s = conv_geometry(op->attributes, op->in[0], op->in[1], op->out), one = pixel(&s);
    op->scratch = op->numerics->conv2d_scratch(&one);
    return conv_geometry_causal(op->attributes, &s);
}

/* Whether the place sees the grid through the tap, and how many places before it. */
static bool sees(const ConvShape *s, const OpPlace *place, size_t tap, size_t *back)
{
    const size_t row = place->row + tap / s->kw, column = place->column + tap % s->kw;
    if (row < s->top || column < s->left || column - s->left >= place->width) return false;
    *back = (place->row + s->top - row) * place->width + place->column + s->left - column;
    return true;
}

/* Tap by tap, each a 1x1 convolution of another place that goes on with the chains of the one before; the last one that
 * is seen adds the bias. */
static void forward_place(const OpRun *run, const OpPlace *place)
{
    const ConvShape s = geometry(run), one = pixel(&s);
    const real *bias = run->inputs == 3 ? run->in[2] : NULL;
    Ending ending = {.add = false};
    size_t left = 0, back;
    for (size_t tap = 0; tap < conv_taps(&s); tap++) left += sees(&s, place, tap, &back);
    for (size_t i = 0; i < s.n * s.cout && left == 0; i++) run->out[i] = 0 + (bias ? bias[i % s.cout] : 0);
    for (size_t tap = 0; tap < conv_taps(&s); tap++) {
        if (!sees(&s, place, tap, &back)) continue;
        ending.bias = --left == 0 ? bias : NULL;
        run->numerics->conv2d(&one, run->in[0] - back * s.n * s.cin, run->in[1] + tap * s.cin * s.cout, &ending,
                              run->out, run->scratch);
        ending.add = true;
    }
}

static double multiply_adds(const OpShape *op)
{
    const ConvShape s = conv_geometry(op->attributes, op->in[0], op->in[1], op->out);
    return conv_geometry_multiply_adds(&s);
}

static const ConvAttributes same2 = {.stride = {2, 2}, .padding = {.mode = "same"}};
static const ConvAttributes same32 = {.stride = {3, 2}, .padding = {.mode = "same"}};
static const ConvAttributes valid1 = {.stride = {1, 1}, .padding = {.mode = "valid"}};
static const ConvAttributes uneven23 = {.stride = {2, 3}, .padding = {.top = 1, .bottom = 2, .left = 3}};

static const ConvAttributes a35 = {.stride = {1, 1}, .padding = {.mode = "same"}, .kernel = {3, 5}, .taps = 7};
static const ConvAttributes b3 = {.stride = {1, 1}, .padding = {.mode = "same"}, .kernel = {3, 3}, .taps = 5};

static const OpCase cases[] = {
    {.label = "same, stride 2",
     .attributes = &same2,
     .inputs = 3,
     .in = {{4, {2, 7, 6, 3}}, {4, {3, 3, 3, 4}}, {1, {4}}}},
    {.label = "same, stride 3x2, kernel 2x5, without bias",
     .attributes = &same32,
     .inputs = 2,
     .in = {{4, {2, 7, 5, 2}}, {4, {2, 5, 2, 3}}}},
    {.label = "valid, stride 1, one channel in and out",
     .attributes = &valid1,
     .inputs = 3,
     .in = {{4, {3, 5, 4, 1}}, {4, {3, 2, 1, 1}}, {1, {1}}}},
    {.label = "uneven padding, stride 2x3",
     .attributes = &uneven23,
     .inputs = 3,
     .in = {{4, {2, 6, 7, 2}}, {4, {4, 5, 2, 3}}, {1, {3}}}},
    {.label = "mask A, 3x5", .attributes = &a35, .inputs = 3, .in = {{4, {2, 4, 5, 3}}, {3, {7, 3, 5}}, {1, {5}}}},
    {.label = "mask B, 3x3, without bias, two segments of the batch",
     .attributes = &b3,
     .inputs = 2,
     .in = {{4, {35, 3, 2, 2}}, {3, {5, 2, 3}}}},
    {.label = "1x1, two segments of the batch",
     .attributes = &valid1,
     .inputs = 3,
     .in = {{4, {35, 2, 3, 2}}, {4, {1, 1, 2, 3}}, {1, {3}}}},
};

const Op op_conv2d = {
    .name = "conv2d",
    .doc = "x (N,H,W,Cin), weight (KH,KW,Cin,Cout), bias (Cout), which may be absent -> (N,OH,OW,Cout): "
           "y[o,f] = b[f] + the sum over taps k and channels c of x[o stride + k - begin, c] w[k,c,f], in the image "
           "alone; with a "
           "mask the first taps in raster order, weight (taps,Cin,Cout)",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .sets = true,
    .takes_relu = true,
    .causal = causal,
    .forward_place = forward_place,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
    .multiply_adds = multiply_adds,
};
