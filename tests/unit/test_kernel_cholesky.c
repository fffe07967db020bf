/* L L^T gives the matrix back, of full rank or not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/rng.h"
#include "nn/kernel/cholesky.h"

enum { N_MAX = 40 };

static void check(size_t n, const double *a, size_t rank)
{
    double factor[N_MAX * N_MAX], scale = 0;
    for (size_t i = 0; i < n; i++) scale = fmax(scale, a[i * n + i]);
    const size_t got = cholesky_pivoted(n, a, factor);
    if (got != rank) fail_msg("rank %zu is not %zu", got, rank);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            double sum = 0;
            for (size_t j = 0; j < n; j++) sum += factor[i * n + j] * factor[k * n + j];
            if (!(fabs(sum - a[i * n + k]) <= 1e-14 * scale))
                fail_msg("%zu, %zu: %.17g is not %.17g", i, k, sum, a[i * n + k]);
        }
        for (size_t k = rank; k < n; k++) assert_true(factor[i * n + k] == 0);
    }
}

static void of_known_matrices(void **state)
{
    (void)state;
    double factor[4];
    assert_int_equal(cholesky_pivoted(2, (double[]){4, 2, 2, 5}, factor), 2); /* the larger diagonal element first */
    assert_true(factor[2] == sqrt(5) && factor[3] == 0 && factor[0] == 2 / sqrt(5));
    check(2, (double[]){4, 2, 2, 5}, 2);
    check(2, (double[]){1, 2, 2, 4}, 1);
    check(3, (double[9]){0}, 0);
    check(3, (double[]){0, 0, 0, 0, 9, 0, 0, 0, 1}, 2);
}

/* X X^T of X (n, rank), some of its rows 0, as the features of units that never fire. */
static void of_random_matrices(void **state)
{
    (void)state;
    for (uint32_t trial = 0; trial < 30; trial++) {
        const size_t n = 3 + trial * 37 / 29, rank = trial % 3 == 0 ? n - 1 : 1 + trial % (n - 1);
        real draws[N_MAX * N_MAX];
        double a[N_MAX * N_MAX];
        rng_normal(rng_stream(7, "cholesky"), 0, trial, n * rank, draws);
        for (size_t k = 0; k < rank; k++) draws[(trial % n) * rank + k] = 0;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                a[i * n + j] = 0;
                for (size_t k = 0; k < rank; k++)
                    a[i * n + j] += (double)draws[i * rank + k] * (double)draws[j * rank + k];
            }
        check(n, a, rank);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_known_matrices),
        cmocka_unit_test(of_random_matrices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
