/* Eigenvalues by Jacobi rotations: hand cases, and what must hold of any symmetric matrix. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/rng.h"
#include "nn/kernel/eigen.h"

enum { N_MAX = 40 };

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-14 * (1 + fabs(wanted)))) fail_msg("%.17g is not %.17g", got, wanted);
}

static void check_row(size_t n, const double *a, double value, const double *vector, double scale)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++) sum += a[i * n + k] * vector[k];
        if (!(fabs(sum - value * vector[i]) <= 1e-13 * scale)) fail_msg("A v is not lambda v: %g", sum);
    }
    size_t largest = 0;
    for (size_t k = 1; k < n; k++)
        if (fabs(vector[k]) > fabs(vector[largest])) largest = k;
    assert_true(vector[largest] > 0);
}

/* The values alone are those that came with vectors. */
static void check_alone(size_t n, const double *a, const double *values, double scale)
{
    double copy[N_MAX * N_MAX], alone[N_MAX];
    memcpy(copy, a, n * n * sizeof *a);
    eigen_values_symmetric(n, copy, alone);
    for (size_t i = 0; i < n; i++)
        if (!(fabs(alone[i] - values[i]) <= 1e-14 * scale)) fail_msg("%.17g is not %.17g", alone[i], values[i]);
}

/* A v = lambda v, orthonormal rows, falling values, the trace, the sign rule. */
static void check(size_t n, const double *a)
{
    double copy[N_MAX * N_MAX], values[N_MAX], vectors[N_MAX * N_MAX], scale = 0, trace = 0, sum = 0;
    memcpy(copy, a, n * n * sizeof *a);
    for (size_t i = 0; i < n * n; i++) scale += fabs(a[i]);
    eigen_symmetric(n, copy, values, vectors);
    check_alone(n, a, values, scale);
    for (size_t i = 0; i < n; i++) {
        check_row(n, a, values[i], vectors + i * n, scale);
        if (i) assert_true(values[i - 1] >= values[i]);
        trace += a[i * n + i];
        sum += values[i];
        for (size_t k = 0; k < n; k++) {
            double dot = 0;
            for (size_t j = 0; j < n; j++) dot += vectors[i * n + j] * vectors[k * n + j];
            near(1 + dot, 1 + (i == k));
        }
    }
    assert_true(fabs(trace - sum) <= 1e-13 * scale);
}

static void of_two(void **state)
{
    (void)state;
    double values[2], vectors[4];
    eigen_symmetric(2, (double[]){2, 1, 1, 2}, values, vectors);
    near(values[0], 3);
    near(values[1], 1);
    near(vectors[0], sqrt(0.5));
    near(vectors[1], sqrt(0.5));
    near(fabs(vectors[2]), sqrt(0.5));
    near(vectors[2] + vectors[3], 0);

    eigen_symmetric(2, (double[]){-2, 2, 2, 1}, values, vectors);
    near(values[0], 2);
    near(values[1], -3);
    near(vectors[0], 1 / sqrt(5));
    near(vectors[1], 2 / sqrt(5));
    near(vectors[2], 2 / sqrt(5));
    near(vectors[3], -1 / sqrt(5));
}

/* The discrete Laplacian: 2 - 2 cos(k pi / (n + 1)). */
static void of_a_known_spectrum(void **state)
{
    (void)state;
    enum { N = 12 };
    double a[N * N] = {0}, copy[N * N], values[N], vectors[N * N];
    for (size_t i = 0; i < N; i++) {
        a[i * N + i] = 2;
        if (i) a[i * N + i - 1] = a[(i - 1) * N + i] = -1;
    }
    memcpy(copy, a, sizeof a);
    eigen_symmetric(N, copy, values, vectors);
    for (size_t i = 0; i < N; i++) near(values[i], 2 - 2 * cos((double)(N - i) * acos(-1) / (N + 1)));
    check(N, a);
    for (size_t i = 0; i < N * N; i++) copy[i] = ldexp(a[i], 1000); /* its squares leave the range of numbers */
    eigen_values_symmetric(N, copy, values);
    for (size_t i = 0; i < N; i++) near(ldexp(values[i], -1000), 2 - 2 * cos((double)(N - i) * acos(-1) / (N + 1)));
}

static void of_one(void **state)
{
    (void)state;
    double value, vector;
    eigen_symmetric(1, (double[]){-7}, &value, &vector);
    assert_true(value == -7 && vector == 1);
    eigen_values_symmetric(1, (double[]){-7}, &value);
    assert_true(value == -7);
}

static void of_zeros_and_of_a_diagonal(void **state)
{
    (void)state;
    double values[3], vectors[9], zero[9] = {0};
    eigen_symmetric(3, zero, values, vectors);
    for (size_t i = 0; i < 9; i++) assert_true(vectors[i] == (i % 4 == 0) && values[i / 3] == 0);
    check_alone(3, zero, zero, 1);
    check_alone(3, (double[]){1, 0, 0, 0, -2, 0, 0, 0, 5}, (double[]){5, 1, -2}, 0);
    eigen_symmetric(3, (double[]){1, 0, 0, 0, -2, 0, 0, 0, 5}, values, vectors);
    assert_true(values[0] == 5 && values[1] == 1 && values[2] == -2);
    assert_true(vectors[2] == 1 && vectors[3] == 1 && vectors[7] == 1);
}

/* All ones: n, and n - 1 times 0. */
static void of_repeated_values(void **state)
{
    (void)state;
    double a[25], copy[25], values[5], vectors[25];
    for (size_t i = 0; i < 25; i++) copy[i] = a[i] = 1;
    eigen_symmetric(5, copy, values, vectors);
    near(values[0], 5);
    for (size_t i = 1; i < 5; i++) near(1 + values[i], 1);
    for (size_t i = 0; i < 5; i++) near(vectors[i], 1 / sqrt(5));
    check(5, a);
    for (size_t i = 0; i < 25; i++) a[i] += i % 6 == 0 ? 3 : 0;
    check(5, a);
}

static void of_random_matrices(void **state)
{
    (void)state;
    for (uint32_t trial = 0; trial < 30; trial++) {
        const size_t n = 1 + trial * 39 / 29;
        real draws[N_MAX * N_MAX];
        double a[N_MAX * N_MAX];
        rng_normal(rng_stream(5, "eigen"), 0, trial, n * n, draws);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n; k++) a[i * n + k] = (double)draws[i * n + k] + (double)draws[k * n + i];
        check(n, a);
        /* of rank 2 at most, and graded over 12 powers of ten */
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n; k++)
                a[i * n + k] =
                    (double)draws[i] * (double)draws[k] + (double)draws[n - 1 - i] * (double)draws[n - 1 - k];
        check(n, a);
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < n; k++) a[i * n + k] *= pow(10, -12.0 * (double)(i + k) / (double)(2 * n));
        check(n, a);
    }
}

static void the_same_bits_twice_and_scaled(void **state)
{
    (void)state;
    enum { N = 9 };
    real draws[N * N];
    double a[N * N], b[N * N], values[2][N], vectors[2][N * N];
    rng_normal(rng_stream(6, "eigen"), 0, 0, (size_t)N * N, draws);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++) {
            a[i * N + k] = (double)draws[i * N + k] + (double)draws[k * N + i];
            b[i * N + k] = ldexp(a[i * N + k], -200);
        }
    eigen_symmetric(N, a, values[0], vectors[0]);
    eigen_symmetric(N, b, values[1], vectors[1]);
    assert_memory_equal(vectors[0], vectors[1], sizeof vectors[0]);
    for (size_t i = 0; i < N; i++) assert_true(ldexp(values[0][i], -200) == values[1][i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two),
        cmocka_unit_test(of_a_known_spectrum),
        cmocka_unit_test(of_one),
        cmocka_unit_test(of_zeros_and_of_a_diagonal),
        cmocka_unit_test(of_repeated_values),
        cmocka_unit_test(of_random_matrices),
        cmocka_unit_test(the_same_bits_twice_and_scaled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
