#include "nn/kernel/elementwise.h"

#include "nn/base/fmath.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/wide.h"

/* The arrays of one call. The loops take them out as restrict pointers, so that they become vector code. */
typedef struct Arrays {
    const real *in[3];
    real *out;
    real slope;
} Arrays;

static const real HALF = (real)0.5;

WIDE(relu_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->in[0];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

void elementwise_relu(size_t n, const real *x, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &relu_loop, &(Arrays){.in = {x}, .out = y});
}

WIDE(relu_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->in[0];
    const real *restrict dy = v->in[1];
    real *restrict dx = v->out;
    for (size_t i = begin; i < end; i++) {
        const real g = dy[i]; /* loaded without a condition, so that the loop becomes vector code */
        dx[i] += x[i] <= 0 ? 0 : g;
    }
}

void elementwise_relu_grad(size_t n, const real *x, const real *dy, real *dx)
{
    wide_run(n, BLOCK_ELEMENTS, &relu_grad_loop, &(Arrays){.in = {x, dy}, .out = dx});
}

WIDE(leaky_relu_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real slope = v->slope;
    const real *restrict x = v->in[0];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] = x[i] <= 0 ? slope * x[i] : x[i];
}

void elementwise_leaky_relu(size_t n, real slope, const real *x, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &leaky_relu_loop, &(Arrays){.in = {x}, .out = y, .slope = slope});
}

WIDE(leaky_relu_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real slope = v->slope;
    const real *restrict x = v->in[0];
    const real *restrict dy = v->in[1];
    real *restrict dx = v->out;
    for (size_t i = begin; i < end; i++) dx[i] += x[i] <= 0 ? slope * dy[i] : dy[i];
}

void elementwise_leaky_relu_grad(size_t n, real slope, const real *x, const real *dy, real *dx)
{
    wide_run(n, BLOCK_ELEMENTS, &leaky_relu_grad_loop, &(Arrays){.in = {x, dy}, .out = dx, .slope = slope});
}

WIDE(tanh_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->in[0];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] = r_tanh(x[i]);
}

void elementwise_tanh(size_t n, const real *x, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &tanh_loop, &(Arrays){.in = {x}, .out = y});
}

WIDE(tanh_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict y = v->in[0];
    const real *restrict dy = v->in[1];
    real *restrict dx = v->out;
    for (size_t i = begin; i < end; i++) dx[i] += dy[i] * (1 - y[i] * y[i]);
}

void elementwise_tanh_grad(size_t n, const real *y, const real *dy, real *dx)
{
    wide_run(n, BLOCK_ELEMENTS, &tanh_grad_loop, &(Arrays){.in = {y, dy}, .out = dx});
}

WIDE(sigmoid_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->in[0];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] = r_sigmoid(x[i]);
}

void elementwise_sigmoid(size_t n, const real *x, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &sigmoid_loop, &(Arrays){.in = {x}, .out = y});
}

WIDE(sigmoid_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict y = v->in[0];
    const real *restrict dy = v->in[1];
    real *restrict dx = v->out;
    for (size_t i = begin; i < end; i++) dx[i] += dy[i] * y[i] * (1 - y[i]);
}

void elementwise_sigmoid_grad(size_t n, const real *y, const real *dy, real *dx)
{
    wide_run(n, BLOCK_ELEMENTS, &sigmoid_grad_loop, &(Arrays){.in = {y, dy}, .out = dx});
}

WIDE(softplus_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->in[0];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] = r_softplus(x[i]);
}

void elementwise_softplus(size_t n, const real *x, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &softplus_loop, &(Arrays){.in = {x}, .out = y});
}

WIDE(softplus_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->in[0];
    const real *restrict dy = v->in[1];
    real *restrict dx = v->out;
    for (size_t i = begin; i < end; i++) dx[i] += dy[i] * r_sigmoid(x[i]);
}

void elementwise_softplus_grad(size_t n, const real *x, const real *dy, real *dx)
{
    wide_run(n, BLOCK_ELEMENTS, &softplus_grad_loop, &(Arrays){.in = {x, dy}, .out = dx});
}

WIDE(elu_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real alpha = v->slope;
    const real *restrict x = v->in[0];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) {
        const real below = alpha * (r_exp(x[i]) - 1);
        y[i] = x[i] > 0 ? x[i] : below;
    }
}

void elementwise_elu(size_t n, real alpha, const real *x, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &elu_loop, &(Arrays){.in = {x}, .out = y, .slope = alpha});
}

WIDE(elu_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real alpha = v->slope;
    const real *restrict x = v->in[0];
    const real *restrict dy = v->in[1];
    real *restrict dx = v->out;
    for (size_t i = begin; i < end; i++) {
        const real g = dy[i], below = alpha * r_exp(x[i]);
        dx[i] += x[i] > 0 ? g : g * below;
    }
}

void elementwise_elu_grad(size_t n, real alpha, const real *x, const real *dy, real *dx)
{
    wide_run(n, BLOCK_ELEMENTS, &elu_grad_loop, &(Arrays){.in = {x, dy}, .out = dx, .slope = alpha});
}

WIDE(sum_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict a = v->in[0];
    const real *restrict b = v->in[1];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] = a[i] + b[i];
}

WIDE(rectified_sum_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict a = v->in[0], *restrict b = v->in[1];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) {
        const real sum = a[i] + b[i];
        y[i] = sum < 0 ? 0 : sum;
    }
}

void elementwise_sum(size_t n, const real *a, const real *b, bool rectify, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, rectify ? &rectified_sum_loop : &sum_loop, &(Arrays){.in = {a, b}, .out = y});
}

WIDE(multiply_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict a = v->in[0];
    const real *restrict b = v->in[1];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] = a[i] * b[i];
}

void elementwise_multiply(size_t n, const real *a, const real *b, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &multiply_loop, &(Arrays){.in = {a, b}, .out = y});
}

WIDE(multiply_grad_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict b = v->in[0];
    const real *restrict dy = v->in[1];
    real *restrict da = v->out;
    for (size_t i = begin; i < end; i++) da[i] += dy[i] * b[i];
}

void elementwise_multiply_grad(size_t n, const real *b, const real *dy, real *da)
{
    wide_run(n, BLOCK_ELEMENTS, &multiply_grad_loop, &(Arrays){.in = {b, dy}, .out = da});
}

WIDE(add_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->in[0];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] += x[i];
}

void elementwise_add(size_t n, const real *x, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &add_loop, &(Arrays){.in = {x}, .out = y});
}

WIDE(set_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict x = v->in[0];
    real *restrict y = v->out;
    for (size_t i = begin; i < end; i++) y[i] = 0 + x[i];
}

void elementwise_set(size_t n, const real *x, real *y)
{
    wide_run(n, BLOCK_ELEMENTS, &set_loop, &(Arrays){.in = {x}, .out = y});
}

WIDE(gaussian_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict mean = v->in[0];
    const real *restrict log_variance = v->in[1];
    const real *restrict noise = v->in[2];
    real *restrict z = v->out;
    for (size_t i = begin; i < end; i++) z[i] = mean[i] + r_exp(log_variance[i] * HALF) * noise[i];
}

void elementwise_gaussian(size_t n, const real *mean, const real *log_variance, const real *noise, real *z)
{
    wide_run(n, BLOCK_ELEMENTS, &gaussian_loop, &(Arrays){.in = {mean, log_variance, noise}, .out = z});
}

WIDE(gaussian_grad_log_variance_loop)(const void *context, size_t begin, size_t end)
{
    const Arrays *v = context;
    const real *restrict log_variance = v->in[0];
    const real *restrict noise = v->in[1];
    const real *restrict dz = v->in[2];
    real *restrict dlog_variance = v->out;
    for (size_t i = begin; i < end; i++) dlog_variance[i] += dz[i] * noise[i] * r_exp(log_variance[i] * HALF) * HALF;
}

void elementwise_gaussian_grad_log_variance(size_t n, const real *log_variance, const real *noise, const real *dz,
                                            real *dlog_variance)
{
    wide_run(n, BLOCK_ELEMENTS, &gaussian_grad_log_variance_loop,
             &(Arrays){.in = {log_variance, noise, dz}, .out = dlog_variance});
}
