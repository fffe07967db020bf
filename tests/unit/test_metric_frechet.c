/* The Frechet distance of Gaussians whose distance is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "runner/metric/frechet.h"

static void near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * (1 + fabs(wanted)))) fail_msg("%.17g is not %.17g", got, wanted);
}

static void fitting_points_by_hand(void **state)
{
    (void)state;
    Gaussian gaussian;
    gaussian_fit(&gaussian, 3, 2, (real[]){0, 1, 2, 1, 4, 7});
    near(gaussian.mean[0], 2, 0);
    near(gaussian.mean[1], 3, 0);
    near(gaussian.covariance[0], 4, 0);
    near(gaussian.covariance[1], 6, 0);
    near(gaussian.covariance[2], 6, 0);
    near(gaussian.covariance[3], 12, 0);
    gaussian_release(&gaussian);
}

/* Of two dimensions tr (AB)^(1/2) = sqrt(tr AB + 2 sqrt(det A det B)): the eigenvalues p and q of the root have
 * (p + q)^2 = p^2 + q^2 + 2 p q. */
static double by_hand(const Gaussian *a, const Gaussian *b)
{
    const double *p = a->covariance, *q = b->covariance;
    const double trace = p[0] * q[0] + p[1] * q[2] + p[2] * q[1] + p[3] * q[3];
    const double determinants = (p[0] * p[3] - p[1] * p[2]) * (q[0] * q[3] - q[1] * q[2]);
    return pow(a->mean[0] - b->mean[0], 2) + pow(a->mean[1] - b->mean[1], 2) + p[0] + p[3] + q[0] + q[3] -
           2 * sqrt(trace + 2 * sqrt(determinants));
}

static void of_two_dimensions(void **state)
{
    (void)state;
    double means[] = {1, -2, 4, 2}, same[] = {3, 1, 1, 2}, other[] = {2, -1, -1, 5}, flat[] = {4, 2, 2, 1};
    const Gaussian a = {2, means, same}, b = {2, means + 2, same}, c = {2, means, other}, d = {2, means + 2, flat};
    near(gaussian_distance(&a, &a), 0, 1e-14);
    near(gaussian_distance(&a, &b), 25, 1e-14); /* |(3, 4)|^2 */
    near(gaussian_distance(&a, &c), by_hand(&a, &c), 1e-14);
    near(gaussian_distance(&c, &b), by_hand(&c, &b), 1e-14);
    near(gaussian_distance(&a, &d), by_hand(&a, &d), 1e-7); /* roots of what should be 0 */
    near(gaussian_distance(&d, &a), by_hand(&d, &a), 1e-7);
}

/* Of diagonal covariances the sum of (s - t)^2, dead dimensions among them. */
static void of_diagonals(void **state)
{
    (void)state;
    enum { N = 70 };
    static double mean[N], s[N * N], t[N * N];
    double wanted = 0;
    for (size_t i = 0; i < N; i++) {
        s[i * N + i] = i % 5 == 0 ? 0 : (double)i;
        t[i * N + i] = i % 7 == 0 ? 0 : 50.0 / (double)i;
        wanted += pow(sqrt(s[i * N + i]) - sqrt(t[i * N + i]), 2);
    }
    const Gaussian a = {N, mean, s}, b = {N, mean, t};
    near(gaussian_distance(&a, &b), wanted, 1e-12);
    near(gaussian_distance(&b, &a), wanted, 1e-12);
}

/* Samples of N(0, I) against 2 N(0, I) + 1 in three dimensions: 3 + 3 (2 - 1)^2. */
static void of_samples(void **state)
{
    (void)state;
    enum { N = 20000 };
    real *x = mem_zeroed((size_t)N * 3, sizeof *x), *y = mem_zeroed((size_t)N * 3, sizeof *y);
    Gaussian a, b;
    for (uint32_t i = 0; i < N; i++) {
        rng_normal(rng_stream(1, "a"), 0, i, 3, x + (size_t)i * 3);
        rng_normal(rng_stream(1, "b"), 0, i, 3, y + (size_t)i * 3);
    }
    for (size_t i = 0; i < (size_t)N * 3; i++) y[i] = 2 * y[i] + 1;
    gaussian_fit(&a, N, 3, x);
    gaussian_fit(&b, N, 3, y);
    near(gaussian_distance(&a, &b), 6, 0.03);
    gaussian_release(&a);
    gaussian_release(&b);
    free(x);
    free(y);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    enum { N = 75, SIZE = 70 };
    static real x[N * SIZE];
    Gaussian alone, many;
    rng_normal(rng_stream(1, "x"), 0, 0, (size_t)N * SIZE, x);
    gaussian_fit(&alone, N, SIZE, x);
    pool_start(3);
    gaussian_fit(&many, N, SIZE, x);
    pool_stop();
    assert_memory_equal(alone.mean, many.mean, SIZE * sizeof(double));
    assert_memory_equal(alone.covariance, many.covariance, (size_t)SIZE * SIZE * sizeof(double));
    gaussian_release(&alone);
    gaussian_release(&many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fitting_points_by_hand), cmocka_unit_test(of_two_dimensions),
        cmocka_unit_test(of_diagonals),           cmocka_unit_test(of_samples),
        cmocka_unit_test(threads_change_no_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
