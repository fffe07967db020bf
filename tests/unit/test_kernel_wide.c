/* Loops that are compiled for several instruction sets give the same bits with each of them, at sizes that end within a
 * vector, and the elementary functions those of fmath.h, whose error bounds test_base_fmath.c holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "nn/base/alloc.h"
#include "nn/base/fmath.h"
#include "nn/base/rng.h"
#include "nn/kernel/batch_norm.h"
#include "nn/kernel/codes.h"
#include "nn/kernel/elementwise.h"
#include "nn/kernel/losses.h"
#include "nn/kernel/numerics.h"
#include "nn/kernel/pooling.h"
#include "nn/kernel/reduce.h"
#include "nn/optim/optim.h"
#include "tests/support/options.h"

static const char *const isas[] = {"portable", "avx2", "avx512"};
enum { ISAS = sizeof isas / sizeof isas[0] };

/* rows x channels numbers of each input; `out`, of as many, is filled beforehand. */
typedef struct Data {
    size_t rows, channels, n;
    const real *x, *y, *z, *label; /* label: (rows) classes below channels, or none */
    real *out;
} Data;

typedef struct Loop {
    const char *name;
    void (*run)(const Data *d);
    real (*wanted)(real x); /* what y[i] is to be, for functions of one number */
} Loop;

static const real SLOPE = (real)0.3;

#define LOOP(name, call)                                                                                               \
    static void name(const Data *d)                                                                                    \
    {                                                                                                                  \
        call;                                                                                                          \
    }

LOOP(relu, elementwise_relu(d->n, d->x, d->out))
LOOP(relu_grad, elementwise_relu_grad(d->n, d->x, d->y, d->out))
LOOP(leaky_relu, elementwise_leaky_relu(d->n, SLOPE, d->x, d->out))
LOOP(leaky_relu_grad, elementwise_leaky_relu_grad(d->n, SLOPE, d->x, d->y, d->out))
LOOP(tanh_, elementwise_tanh(d->n, d->x, d->out))
LOOP(tanh_grad, elementwise_tanh_grad(d->n, d->x, d->y, d->out))
LOOP(sigmoid, elementwise_sigmoid(d->n, d->x, d->out))
LOOP(sigmoid_grad, elementwise_sigmoid_grad(d->n, d->x, d->y, d->out))
LOOP(softplus, elementwise_softplus(d->n, d->x, d->out))
LOOP(softplus_grad, elementwise_softplus_grad(d->n, d->x, d->y, d->out))
LOOP(elu, elementwise_elu(d->n, SLOPE, d->x, d->out))
LOOP(elu_grad, elementwise_elu_grad(d->n, SLOPE, d->x, d->y, d->out))
LOOP(sum, elementwise_sum(d->n, d->x, d->y, false, d->out))
LOOP(rectified_sum, elementwise_sum(d->n, d->x, d->y, true, d->out))
LOOP(set, elementwise_set(d->n, d->x, d->out))
LOOP(multiply, elementwise_multiply(d->n, d->x, d->y, d->out))
LOOP(multiply_grad, elementwise_multiply_grad(d->n, d->x, d->y, d->out))
LOOP(add, elementwise_add(d->n, d->x, d->out))
LOOP(gaussian, elementwise_gaussian(d->n, d->x, d->y, d->z, d->out))
LOOP(gaussian_grad, elementwise_gaussian_grad_log_variance(d->n, d->x, d->y, d->z, d->out))
LOOP(cross_entropy, losses_binary_cross_entropy(d->rows, d->channels, d->x, d->y, d->out))
LOOP(cross_entropy_grad, losses_binary_cross_entropy_grad(d->rows, d->channels, d->x, d->y, d->z, d->out))
LOOP(squared_error, losses_squared_error(d->rows, d->channels, d->x, d->y, d->out))
LOOP(squared_error_grad, losses_squared_error_grad(d->rows, d->channels, d->x, d->y, d->z, d->out))
LOOP(divergence, losses_kl_divergence(d->rows, d->channels, d->x, d->y, d->out))
LOOP(divergence_grad_mean, losses_kl_divergence_grad_mean(d->rows, d->channels, d->x, d->z, d->out))
LOOP(divergence_grad_variance, losses_kl_divergence_grad_log_variance(d->rows, d->channels, d->x, d->z, d->out))
LOOP(class_entropy, losses_cross_entropy(&(Classes){d->rows, 1, d->channels}, d->x, d->label, d->out))
LOOP(class_entropy_grad, losses_cross_entropy_grad(&(Classes){d->rows, 1, d->channels}, d->x, d->label, d->z, d->out))
LOOP(normalise, batch_norm_apply(d->rows, d->channels, d->x, d->y, d->z, d->y, false, d->out))
LOOP(normalise_rectified, batch_norm_apply(d->rows, d->channels, d->x, d->y, d->z, d->y, true, d->out))

static void normalise_grad_as(const Data *d, bool add, bool rectified)
{
    const Ending ending = {.add = add, .rectified = rectified ? d->y : NULL};
    batch_norm_grad_input(d->rows, d->channels, d->x, d->y, d->z, d->y, d->z, d->x, &ending, d->out);
}

LOOP(normalise_grad, normalise_grad_as(d, true, false))
LOOP(normalise_grad_set, normalise_grad_as(d, false, false))
LOOP(normalise_grad_rectified, normalise_grad_as(d, true, true))
LOOP(normalise_grad_rectified_set, normalise_grad_as(d, false, true))

static void row_sums(const Data *d)
{
    real *scratch = mem_zeroed(reduce_rows_scratch(d->rows, d->channels), sizeof *scratch);
    reduce_rows(d->rows, 1, d->channels, d->x, d->out, scratch);
    free(scratch);
}

/* Both sums as reals: a double that differs in its last bits only would not show, so its low half follows. */
static void statistics(const Data *d)
{
    real *scratch = mem_zeroed(batch_norm_scratch(d->rows, d->channels), sizeof *scratch);
    double *sum = mem_zeroed(d->channels, 2 * sizeof *sum);
    for (int pass = 0; pass < 2; pass++) {
        if (pass)
            batch_norm_grad_sums(d->rows, 1, d->channels, d->x, d->y, d->z, sum, sum + d->channels, scratch);
        else
            batch_norm_sums(d->rows, 1, d->channels, d->x, sum, sum + d->channels, scratch);
        for (size_t i = 0; i < d->n && i < 2 * d->channels; i++) {
            const double high = (double)(real)sum[i];
            d->out[i] += (real)(pass ? 3 * high : high) + (real)((sum[i] - high) * 0x1p20);
        }
    }
    free(sum);
    free(scratch);
}

/* A window of 2 x 1 that moves by one: rows - 1 of them, and one that sees one row alone. */
static ConvShape windows(const Data *d)
{
    return (ConvShape){1, d->rows, 1, d->channels, d->rows, 1, d->channels, 2, 1, 1, 1, 0, 0, 0};
}

/* Behind a relu and added, or neither. */
static void max_pools(const Data *d, bool both)
{
    const ConvShape s = windows(d);
    const Ending ending = {.add = both, .rectified = both ? d->x : NULL};
    real *tap = mem_zeroed(d->n, sizeof *tap), *dx = mem_zeroed(d->n, sizeof *dx);
    pooling_max(&s, d->x, both, d->out, tap);
    pooling_max_grad(&s, tap, d->y, &ending, dx);
    elementwise_add(d->n, dx, d->out);
    free(tap);
    free(dx);
}

LOOP(max_pool, max_pools(d, false))
LOOP(max_pool_rectified, max_pools(d, true))

static void average_pools(const Data *d)
{
    const ConvShape s = windows(d);
    real *tap = mem_zeroed(d->n, sizeof *tap);
    pooling_average_grad(&s, d->z, d->out);
    pooling_average(&s, d->out, tap);
    memcpy(d->out, tap, d->n * sizeof *tap);
    free(tap);
}

static void nearest(const Data *d)
{
    const size_t codes = d->rows < 40 ? d->rows : 40;
    real *scratch = mem_zeroed(codes_nearest_scratch(codes, d->channels), sizeof *scratch);
    real *index = mem_zeroed(d->rows, sizeof *index);
    codes_nearest(d->rows, codes, d->channels, d->x, d->y, index, scratch);
    const CodesError error = {d->rows, 1, codes, d->channels, d->x, d->y, index};
    codes_error_grad_input(&error, SLOPE, d->z, d->out);
    real *sum = mem_zeroed(d->rows, sizeof *sum);
    codes_error(&error, SLOPE, sum);
    for (size_t i = 0; i < d->rows; i++) d->out[i] += sum[i];
    free(sum);
    free(index);
    free(scratch);
}

static void optimizers(const Data *d)
{
    for (size_t i = 0; i < optimizers_table.n; i++) {
        const Optimizer *optimizer = (const Optimizer *)(const void *)optimizers_table.rows[i];
        real *slots[2] = {mem_zeroed(d->n, sizeof **slots), mem_zeroed(d->n, sizeof **slots)};
        Arena arena = {0};
        const void *options = options_of(&arena, &optimizer->row, optimizer->row.example);
        for (uint64_t step = 1; step <= 2; step++) optimizer->step(options, 0.01, step, d->n, d->out, d->x, slots);
        for (size_t k = 0; k < d->n; k++) d->out[k] += slots[0][k] + slots[1][k];
        arena_release(&arena);
        free(slots[0]);
        free(slots[1]);
    }
}

static real exp_of(real x)
{
    return r_exp(x * (real)0.5);
}

static real tanh_of(real x)
{
    return r_tanh(x);
}

static real sigmoid_of(real x)
{
    return r_sigmoid(x);
}

static real softplus_of(real x)
{
    return r_softplus(x);
}

/* exp(x / 2) through the sampling of a normal: 0 + exp(x / 2) 1. */
static void exponential(const Data *d)
{
    real *zeros = mem_zeroed(d->n, sizeof *zeros), *ones = mem_zeroed(d->n, sizeof *ones);
    for (size_t i = 0; i < d->n; i++) ones[i] = 1;
    elementwise_gaussian(d->n, zeros, d->x, ones, d->out);
    free(zeros);
    free(ones);
}

#define ROW(name)                                                                                                      \
    {                                                                                                                  \
#name, name, NULL                                                                                              \
    }

static const Loop loops[] = {
    {"tanh", tanh_, tanh_of},
    {"sigmoid", sigmoid, sigmoid_of},
    {"softplus", softplus, softplus_of},
    {"exponential", exponential, exp_of},
    ROW(relu),
    ROW(relu_grad),
    ROW(leaky_relu),
    ROW(leaky_relu_grad),
    ROW(tanh_grad),
    ROW(sigmoid_grad),
    ROW(softplus_grad),
    ROW(elu),
    ROW(elu_grad),
    ROW(sum),
    ROW(rectified_sum),
    ROW(set),
    ROW(multiply),
    ROW(multiply_grad),
    ROW(add),
    ROW(gaussian),
    ROW(gaussian_grad),
    ROW(cross_entropy),
    ROW(cross_entropy_grad),
    ROW(squared_error),
    ROW(squared_error_grad),
    ROW(divergence),
    ROW(divergence_grad_mean),
    ROW(divergence_grad_variance),
    ROW(class_entropy),
    ROW(class_entropy_grad),
    ROW(normalise),
    ROW(normalise_rectified),
    ROW(normalise_grad),
    ROW(normalise_grad_set),
    ROW(normalise_grad_rectified),
    ROW(normalise_grad_rectified_set),
    ROW(row_sums),
    ROW(statistics),
    ROW(max_pool),
    ROW(max_pool_rectified),
    ROW(average_pools),
    ROW(nearest),
    ROW(optimizers),
};
enum { LOOPS = sizeof loops / sizeof loops[0] };

/* The same bits; which of several NaNs comes through is the compiler's choice. */
static bool same(real a, real b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* Numbers in [-4, 4), the last followed by a sentinel. */
static real *numbers(size_t n, uint32_t stream)
{
    real *x = mem_zeroed(n + 1, sizeof *x);
    rng_uniform(rng_stream(5, "numbers"), stream, 0, n, x);
    for (size_t i = 0; i < n; i++) x[i] = x[i] * 8 - 4;
    x[n] = 77;
    return x;
}

/* Classes of rows: every one, and where there are some, one that is none. */
static real *labels(size_t rows, size_t channels)
{
    real *label = mem_zeroed(rows, sizeof *label);
    for (size_t i = 0; i < rows; i++) label[i] = (real)((i * 7 + 2) % (channels + (channels > 2)));
    return label;
}

static real *result(const Loop *loop, Data d)
{
    d.out = numbers(d.n, 3);
    loop->run(&d);
    assert_true(d.out[d.n] == 77);
    return d.out;
}

static void check(const Loop *loop, const Data *d)
{
    Err err = {0};
    assert_true(numerics_select_isa(isas[0], &err));
    real *wanted = result(loop, *d);
    for (size_t i = 0; loop->wanted && i < d->n; i++) {
        if (!same(wanted[i], loop->wanted(d->x[i])))
            fail_msg("%s of %a is %a, not %a", loop->name, (double)d->x[i], (double)wanted[i],
                     (double)loop->wanted(d->x[i]));
    }
    for (size_t isa = 1; isa < ISAS; isa++) {
        Err lacking = {0};
        if (!numerics_select_isa(isas[isa], &lacking)) continue;
        real *got = result(loop, *d);
        for (size_t i = 0; i < d->n; i++) {
            if (!same(got[i], wanted[i]))
                fail_msg("%s of (%zu,%zu), %s: element %zu is %a, not %a", loop->name, d->rows, d->channels, isas[isa],
                         i, (double)got[i], (double)wanted[i]);
        }
        free(got);
    }
    free(wanted);
    numerics_select_isa(NULL, &err);
}

static void odd_sizes(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 1},  {1, 15}, {33, 1},  {7, 16},   {40, 17},  {9, 31},
                                      {3, 64}, {35, 3}, {65, 80}, {70, 130}, {3, 9001}, {257, 257}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        Data d = {.rows = sizes[s][0], .channels = sizes[s][1], .n = sizes[s][0] * sizes[s][1]};
        real *x = numbers(d.n, 0), *y = numbers(d.n, 1), *z = numbers(d.n, 2);
        real *label = labels(d.rows, d.channels);
        d.x = x, d.y = y, d.z = z, d.label = label;
        for (size_t i = 0; i < LOOPS; i++) check(&loops[i], &d);
        free(x);
        free(y);
        free(z);
        free(label);
    }
}

/* Floats of every exponent and sign, evenly through the significands, infinities, denormals and NaNs among them. */
static void sweep(void **state)
{
    (void)state;
    enum { STEP = 2039, N = 2106437, PART = 65536 };
    real *x = mem_zeroed(N + 1, sizeof *x);
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t bits = i * STEP;
        memcpy(&x[i], &bits, sizeof bits);
    }
    for (size_t at = 0; at < N; at += PART) {
        const size_t n = N - at < PART ? N - at : PART;
        const real label = (real)(n / 3);
        const Data d = {
            .rows = 1, .channels = n, .n = n, .x = x + at, .y = x + N / 2 - at / 2, .z = x + at / 3, .label = &label};
        for (size_t i = 0; i < LOOPS; i++) {
            if (loops[i].wanted || at % (16 * PART) == 0) check(&loops[i], &d);
        }
    }
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(odd_sizes), cmocka_unit_test(sweep)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
