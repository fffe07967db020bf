#include "nn/kernel/batch_norm.h"

#include <math.h>

#include "nn/op/attributes.h"

/* Inputs: x, scale, shift, running mean, running variance. keep: the batch's mean and 1 / sqrt(variance + epsilon).
 * scratch: two doubles and three reals a channel, then what the sums need. */
enum { X, SCALE, SHIFT, MEAN, VARIANCE, INPUTS };

typedef struct Layout {
    size_t n, positions, channels, rows;
    real *mean, *deviation; /* in keep */
    double *first, *second; /* in scratch, as all that follow */
    real *a, *b, *sums;
} Layout;

static size_t channels_of(Shape x)
{
    return x.dim[x.rank - 1];
}

/* Elements of two doubles and three reals a channel; a fourth keeps what follows aligned for double. */
static size_t head_of(size_t channels)
{
    return mem_mul(channels, 2 * sizeof(double) / sizeof(real) + 4);
}

static bool shape(OpShape *op, Err *err)
{
    char text[96], wanted[96];
    const Shape x = op->in[X];
    if (x.rank < 2) return op_refuse(op, err, "wants channels, got %s", shape_text(x, text));
    const Shape channel = {1, {channels_of(x)}};
    for (size_t i = SCALE; i < INPUTS; i++) {
        if (!shape_equal(op->in[i], channel))
            return op_refuse(op, err, "wants parameters of %s, got %s", shape_text(channel, wanted),
                             shape_text(op->in[i], text));
    }
    if (op->training && shape_count(x) == channels_of(x))
        return op_refuse(op, err,
                         "a batch with one value a channel, %s, has no variance to train on; use a larger batch "
                         "(the last one of an epoch may be smaller than `batch`)",
                         shape_text(x, text));
    op->keep = mem_mul(2, channels_of(x));
    op->scratch = mem_add(head_of(channels_of(x)), batch_norm_scratch(x.dim[0], channels_of(x)));
    return op_shape_as_input(op, err);
}

static Layout layout_of(const OpRun *run)
{
    Layout l = {.n = run->out_shape.dim[0], .channels = channels_of(run->out_shape)};
    l.rows = shape_count(run->out_shape) / l.channels;
    l.positions = l.rows / l.n;
    l.mean = run->keep;
    l.deviation = run->keep + l.channels;
    l.first = (double *)(void *)run->scratch;
    l.second = l.first + l.channels;
    l.a = (real *)(void *)(l.second + l.channels);
    l.b = l.a + l.channels;
    l.sums = run->scratch + head_of(l.channels);
    return l;
}

/* running += momentum (batch - running), with the unbiased variance. */
static void update_running(const OpRun *run, size_t channel, double mean, double variance, size_t count)
{
    const double momentum = ((const BatchNormAttributes *)run->attributes)->momentum;
    const double unbiased = count > 1 ? variance * (double)count / (double)(count - 1) : variance;
    real *running_mean = run->state[MEAN] + channel, *running_variance = run->state[VARIANCE] + channel;
    *running_mean = (real)((1 - momentum) * (double)*running_mean + momentum * mean);
    *running_variance = (real)((1 - momentum) * (double)*running_variance + momentum * unbiased);
}

static void forward(const OpRun *run)
{
    const Layout l = layout_of(run);
    const double epsilon = ((const BatchNormAttributes *)run->attributes)->epsilon;
    if (run->training) batch_norm_sums(l.n, l.positions, l.channels, run->in[X], l.first, l.second, l.sums);
    for (size_t c = 0; c < l.channels; c++) {
        double mean = (double)run->in[MEAN][c], variance = (double)run->in[VARIANCE][c];
        if (run->training) {
            mean = l.first[c] / (double)l.rows;
            variance = l.second[c] / (double)l.rows - mean * mean;
            if (variance < 0) variance = 0; /* by rounding; a NaN stays */
            if (run->state[MEAN] && run->state[VARIANCE]) update_running(run, c, mean, variance, l.rows);
        }
        l.mean[c] = (real)mean;
        l.deviation[c] = (real)(1 / sqrt(variance + epsilon));
        l.a[c] = run->in[SCALE][c] * l.deviation[c];
    }
    batch_norm_apply(l.rows, l.channels, run->in[X], l.mean, l.a, run->in[SHIFT], run->rectify, run->out);
}

static void add_to(const OpRun *run, size_t input, size_t channel, real value)
{
    real *grad = run->in_grad[input];
    if (grad) grad[channel] = (run->fresh[input] ? 0 : grad[channel]) + value;
}

/* With h = (x - mean) / sqrt(variance + epsilon) and averages over the batch:
 * dx += scale / sqrt(variance + epsilon) (dy - mean(dy) - h mean(dy h)). */
static void backward(const OpRun *run)
{
    const Layout l = layout_of(run);
    batch_norm_grad_sums(l.n, l.positions, l.channels, run->in[X], l.mean, run->out_grad, l.first, l.second, l.sums);
    for (size_t c = 0; c < l.channels; c++) {
        const double deviation = (double)l.deviation[c], product = l.second[c] * deviation;
        add_to(run, SCALE, c, (real)product);
        add_to(run, SHIFT, c, (real)l.first[c]);
        l.a[c] = (real)(l.first[c] / (double)l.rows);
        l.b[c] = (real)(product * deviation / (double)l.rows);
    }
    if (!run->in_grad[X]) return;
    real *factor = l.b + l.channels;
    for (size_t c = 0; c < l.channels; c++) factor[c] = run->in[SCALE][c] * l.deviation[c];
    const Ending ending = {.add = !run->fresh[X], .rectified = run->rectified ? run->in[X] : NULL};
    batch_norm_grad_input(l.rows, l.channels, run->in[X], run->out_grad, l.mean, factor, l.a, l.b, &ending,
                          run->in_grad[X]);
}

static const BatchNormAttributes usual = {.momentum = 0.1, .epsilon = 1e-5}, rough = {.momentum = 0.5, .epsilon = 0.1};
static const BatchNormAttributes wide = {.momentum = 0.1, .epsilon = 2}; /* more than any running variance lacks */

static const OpCase cases[] = {
    {.label = "images",
     .attributes = &usual,
     .inputs = INPUTS,
     .in = {{4, {4, 3, 2, 3}}, {1, {3}}, {1, {3}}, {1, {3}}, {1, {3}}},
     .low = 0.25,
     .high = 2,
     .state = {[MEAN] = true, [VARIANCE] = true}},
    {.label = "images on both sides of zero",
     .attributes = &wide,
     .inputs = INPUTS,
     .in = {{4, {5, 2, 3, 5}}, {1, {5}}, {1, {5}}, {1, {5}}, {1, {5}}},
     .state = {[MEAN] = true, [VARIANCE] = true}},
    {.label = "flat, two segments of the batch, a block of channels and three",
     .attributes = &rough,
     .inputs = INPUTS,
     .in = {{2, {35, 19}}, {1, {19}}, {1, {19}}, {1, {19}}, {1, {19}}},
     .low = 0.5,
     .high = 3,
     .state = {[MEAN] = true, [VARIANCE] = true}},
};

const Op op_batch_norm = {
    .name = "batch_norm",
    .doc =
        "x (N,...,C), scale (C), shift (C), running mean (C) and variance (C) -> y = scale (x - m) / sqrt(v + "
        "epsilon) + shift. Training: m and v are the batch's mean and variance of each channel, and the running ones "
        "move towards them (v unbiased); evaluation: the running ones. Ioffe and Szegedy, 2015, algorithms 1 and 2",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .stops = {[MEAN] = true, [VARIANCE] = true},
    .sets = true,
    .takes_relu = true,
    .pointwise = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
