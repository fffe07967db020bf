/* Reductions bit for bit against their naive twins, and elementwise loops and losses against their formulas, over sizes
 * that end within a block, at any number of threads. */
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
#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "nn/kernel/elementwise.h"
#include "nn/kernel/losses.h"
#include "nn/kernel/naive/naive.h"
#include "nn/kernel/reduce.h"

static const size_t threads[] = {1, 2, 3, 8};
enum { THREADS = sizeof threads / sizeof threads[0] };

/* n numbers in [-2, 2), the last of them followed by a sentinel. */
static real *numbers(size_t n, uint32_t stream)
{
    real *x = mem_zeroed(n + 1, sizeof *x);
    rng_uniform(rng_stream(3, "numbers"), stream, 0, n, x);
    for (size_t i = 0; i < n; i++) x[i] = x[i] * 4 - 2;
    x[n] = 77;
    return x;
}

static void rows(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{1, 1, 1},   {31, 3, 5},   {32, 1, 16}, {33, 2, 17}, {33, 3, 32},
                                      {35, 2, 48}, {65, 49, 32}, {128, 9, 1}, {97, 1, 50}, {3, 784, 15}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s][0], positions = sizes[s][1], channels = sizes[s][2];
        const size_t scratch_n = reduce_rows_scratch(n, channels);
        for (size_t t = 0; t < THREADS; t++) {
            pool_start(threads[t]);
            real *x = numbers(n * positions * channels, 0), *scratch = numbers(scratch_n, 1);
            real *sum = numbers(channels, 2), *wanted = numbers(channels, 2);
            reduce_rows(n, positions, channels, x, sum, scratch);
            naive_sum_rows(n, positions, channels, x, wanted);
            assert_memory_equal(sum, wanted, (channels + 1) * sizeof *sum);
            assert_true(scratch[scratch_n] == 77);
            free(x);
            free(scratch);
            free(sum);
            free(wanted);
        }
    }
    pool_stop();
}

/* 2^24 + 1 - 2^24: a sum in float would lose the 1. */
static void sums_in_double(void **state)
{
    (void)state;
    const real x[3] = {16777216, 1, -16777216};
    real sum[1] = {0}, image[1] = {0};
    _Alignas(double) real scratch[2];
    reduce_rows(1, 3, 1, x, sum, scratch);
    naive_sum_examples(1, 3, x, image);
    assert_true(sum[0] == 1 && image[0] == 1);
}

/* Beside 2^54 four ones are lost one by one, but kept as a sum of their own: those that share a segment with it (16 to
 * 19) are lost, those of the next segment (32 to 35) are not. */
static void segments_of_32(void **state)
{
    (void)state;
    real x[65] = {[0] = 0x1p54, [64] = -0x1p54}, sum[1] = {0}, wanted[1] = {0};
    _Alignas(double) real scratch[6];
    for (size_t i = 0; i < 4; i++) x[16 + i] = x[32 + i] = 1;
    reduce_rows(65, 1, 1, x, sum, scratch);
    naive_sum_rows(65, 1, 1, x, wanted);
    assert_true(sum[0] == 4 && wanted[0] == 4);
}

WIDE_INLINE void copy_terms(const void *context, size_t begin, size_t count, real *terms)
{
    memcpy(terms, (const real *)context + begin, count * sizeof *terms);
}

WIDE(copy_loop)(const void *context, size_t begin, size_t end)
{
    reduce_terms(context, begin, end, copy_terms);
}

static void examples(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 1}, {7, 255}, {5, 256}, {9, 257}, {130, 784}, {3, 9000}, {5000, 2}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s][0], count = sizes[s][1];
        for (size_t t = 0; t < THREADS; t++) {
            pool_start(threads[t]);
            real *x = numbers(n * count, 0), *sum = numbers(n, 1), *wanted = numbers(n, 2);
            reduce_examples(n, count, &copy_loop, x, sum);
            naive_sum_examples(n, count, x, wanted);
            assert_memory_equal(sum, wanted, (n + 1) * sizeof *sum);
            free(x);
            free(sum);
            free(wanted);
        }
    }
    pool_stop();
}

static void near(real got, double wanted, const char *what, size_t i)
{
    if (!(fabs((double)got - wanted) <= 2e-6 * (1 + fabs(wanted)))) {
        fail_msg("%s: element %zu is %.9g, not %.9g", what, i, (double)got, wanted);
    }
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* f: what is added to (grad) or put into the destination, by the formula, in double. */
#define CHECK(call, adds, formula)                                                                                     \
    do {                                                                                                               \
        real *to = numbers(n, 9), *before = numbers(n, 9);                                                             \
        call;                                                                                                          \
        for (size_t i = 0; i < n; i++) {                                                                               \
            const double a = (double)x[i], b = (double)y[i], c = (double)z[i];                                         \
            near(to[i], (formula) + 0 * (a + b + c) + ((adds) ? (double)before[i] : 0), #call, i);                     \
        }                                                                                                              \
        assert_true(to[n] == 77);                                                                                      \
        free(to);                                                                                                      \
        free(before);                                                                                                  \
    } while (0)

static void maps(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 5, 16384, 16385, 50001};
    pool_start(2);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s];
        real *x = numbers(n, 0), *y = numbers(n, 1), *z = numbers(n, 2);
        const real slope = (real)0.25;
        CHECK(elementwise_relu(n, x, to), false, a > 0 ? a : 0);
        CHECK(elementwise_relu_grad(n, x, y, to), true, a > 0 ? b : 0);
        CHECK(elementwise_leaky_relu(n, slope, x, to), false, a > 0 ? a : 0.25 * a);
        CHECK(elementwise_leaky_relu_grad(n, slope, x, y, to), true, a > 0 ? b : 0.25 * b);
        CHECK(elementwise_tanh(n, x, to), false, tanh(a));
        CHECK(elementwise_tanh_grad(n, x, y, to), true, b * (1 - a * a));
        CHECK(elementwise_sigmoid(n, x, to), false, sigmoid(a));
        CHECK(elementwise_sigmoid_grad(n, x, y, to), true, b * a * (1 - a));
        CHECK(elementwise_softplus(n, x, to), false, log1p(exp(a)));
        CHECK(elementwise_softplus_grad(n, x, y, to), true, b * sigmoid(a));
        CHECK(elementwise_elu(n, slope, x, to), false, a > 0 ? a : 0.25 * (exp(a) - 1));
        CHECK(elementwise_elu_grad(n, slope, x, y, to), true, a > 0 ? b : b * 0.25 * exp(a));
        CHECK(elementwise_sum(n, x, y, false, to), false, a + b);
        CHECK(elementwise_sum(n, x, y, true, to), false, a + b > 0 ? a + b : 0);
        CHECK(elementwise_set(n, x, to), false, a);
        CHECK(elementwise_multiply(n, x, y, to), false, a * b);
        CHECK(elementwise_multiply_grad(n, x, y, to), true, a * b);
        CHECK(elementwise_add(n, x, to), true, a);
        CHECK(elementwise_gaussian(n, x, y, z, to), false, a + exp(b / 2) * c);
        CHECK(elementwise_gaussian_grad_log_variance(n, x, y, z, to), true, c * b * exp(a / 2) / 2);
        free(x);
        free(y);
        free(z);
    }
    pool_stop();
}

/* Gradients of losses when an example ends within a block and a block within an example. */
static void loss_gradients(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{1, 1}, {7000, 3}, {3, 20011}, {43, 784}};
    pool_start(3);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t rows_n = sizes[s][0], m = sizes[s][1], n = rows_n * m;
        real *x = numbers(n, 0), *y = numbers(n, 1), *z = numbers(n, 2), *g = numbers(rows_n, 3);
        CHECK(losses_binary_cross_entropy_grad(rows_n, m, x, y, g, to), true, (double)g[i / m] * (sigmoid(a) - b));
        CHECK(losses_squared_error_grad(rows_n, m, x, y, g, to), true, (double)g[i / m] * 2 * (a - b));
        CHECK(losses_kl_divergence_grad_mean(rows_n, m, x, g, to), true, (double)g[i / m] * a);
        CHECK(losses_kl_divergence_grad_log_variance(rows_n, m, x, g, to), true, (double)g[i / m] * (exp(a) - 1) / 2);
        free(x);
        free(y);
        free(z);
        free(g);
    }
    pool_stop();
}

/* Values by hand; and logits so large that a naive formula overflows. */
static void loss_values(void **state)
{
    (void)state;
    const real logits[4] = {0, 2, -200, 200}, target[4] = {1, (real)0.25, 0, 0};
    const real mean[2] = {1, 0}, log_variance[2] = {0, 1};
    real sum[2];
    losses_binary_cross_entropy(2, 2, logits, target, sum);
    near(sum[0], 0.69314718055994531 + 2.1269280110429727 - 0.5, "cross entropy", 0);
    near(sum[1], 200, "cross entropy of large logits", 1);
    losses_squared_error(2, 1, logits, target, sum);
    near(sum[0], 1, "squared error", 0);
    near(sum[1], 1.75 * 1.75, "squared error", 1);
    losses_kl_divergence(2, 1, mean, log_variance, sum);
    near(sum[0], 0.5, "KL of a shifted normal", 0);
    near(sum[1], 0.35914091422952255, "KL of a wide normal", 1);
}

/* By hand: softmax of (0, log 3) is (1/4, 3/4); and logits that overflow an exponential. */
static void cross_entropy(void **state)
{
    (void)state;
    const real three = (real)1.0986122886681098;
    const real logits[8] = {0, three, 0, three, 1000, 0, 0, -1000}, label[4] = {0, 1, 1, 0}, dsum[4] = {1, 2, 1, 1};
    const double wanted[4] = {1.3862943611198906, 0.28768207245178093, 1000, 0};
    const double wanted_grad[8] = {-0.75, 0.75, 0.5, -0.5, 1, -1, 0, 0};
    real sum[4], grad[8];
    for (size_t i = 0; i < 8; i++) grad[i] = 5;
    losses_cross_entropy(&(Classes){4, 1, 2}, logits, label, sum);
    losses_cross_entropy_grad(&(Classes){4, 1, 2}, logits, label, dsum, grad);
    for (size_t i = 0; i < 4; i++) near(sum[i], wanted[i], "cross entropy", i);
    for (size_t i = 0; i < 8; i++) near(grad[i], 5 + wanted_grad[i], "gradient of cross entropy", i);
    const real none[3] = {2, -1, NAN};
    losses_cross_entropy(&(Classes){3, 1, 2}, logits, none, sum);
    for (size_t i = 0; i < 3; i++) assert_true(isnan(sum[i]));
}

static void nan_is_not_hidden(void **state)
{
    (void)state;
    const real bad[1] = {NAN}, one[1] = {1};
    real y[1] = {0};
    elementwise_relu(1, bad, y);
    assert_true(isnan(y[0]));
    elementwise_leaky_relu(1, 1, bad, y);
    assert_true(isnan(y[0]));
    elementwise_elu(1, 1, bad, y);
    assert_true(isnan(y[0]));
    losses_binary_cross_entropy(1, 1, bad, one, y);
    assert_true(isnan(y[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows),        cmocka_unit_test(sums_in_double), cmocka_unit_test(segments_of_32),
        cmocka_unit_test(examples),    cmocka_unit_test(maps),           cmocka_unit_test(loss_gradients),
        cmocka_unit_test(loss_values), cmocka_unit_test(cross_entropy),  cmocka_unit_test(nan_is_not_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
