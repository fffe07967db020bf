/* Batch normalisation, pooling and vector quantisation bit for bit against their naive twins, over sizes that end
 * within a block, at any number of threads; and by hand where the twin has no other judge. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "nn/kernel/batch_norm.h"
#include "nn/kernel/naive/naive.h"
#include "nn/kernel/pooling.h"

static const size_t threads[] = {1, 2, 3, 8};
enum { THREADS = sizeof threads / sizeof threads[0] };

/* n numbers in [-2, 2), followed by a sentinel. */
static real *numbers(size_t n, uint32_t stream)
{
    real *x = mem_zeroed(n + 1, sizeof *x);
    rng_uniform(rng_stream(3, "numbers"), stream, 0, n, x);
    for (size_t i = 0; i < n; i++) x[i] = x[i] * 4 - 2;
    x[n] = 77;
    return x;
}

/* Compares n numbers and the sentinel behind them, and frees both. */
static void same(real *got, real *wanted, size_t n, const char *what)
{
    for (size_t i = 0; i <= n; i++) {
        if (memcmp(&got[i], &wanted[i], sizeof *got) != 0)
            fail_msg("%s: number %zu of %zu is %.9g, not %.9g", what, i, n, (double)got[i], (double)wanted[i]);
    }
    free(got);
    free(wanted);
}

/* The four ways in which a gradient may be asked for, without a bias: its destination and the naive twin's. */
enum { ENDINGS = 4 };

static Ending nth_ending(size_t e, const real *rectified)
{
    return (Ending){.add = e % 2 == 0, .rectified = e < 2 ? NULL : rectified};
}

static void begin_sums(const Ending *ending, size_t n, real *wanted)
{
    for (size_t i = 0; i < n && !ending->add; i++) wanted[i] = 0;
}

static void end_sums(const Ending *ending, size_t n, real *wanted)
{
    for (size_t i = 0; i < n && ending->rectified; i++) wanted[i] = ending->rectified[i] <= 0 ? 0 : 0 + wanted[i];
}

static void rectify(size_t n, real *y)
{
    for (size_t i = 0; i < n; i++) y[i] = y[i] < 0 ? 0 : y[i];
}

static void check_batch_norm(size_t n, size_t positions, size_t channels)
{
    const size_t rows = n * positions, count = rows * channels;
    real *x = numbers(count, 0), *dy = numbers(count, 1), *scratch = numbers(batch_norm_scratch(n, channels), 2);
    real *mean = numbers(channels, 3), *factor = numbers(channels, 4), *a = numbers(channels, 5);
    double *got = mem_zeroed(2 * channels, sizeof *got), *wanted = mem_zeroed(2 * channels, sizeof *wanted);
    batch_norm_sums(n, positions, channels, x, got, got + channels, scratch);
    naive_batch_norm_sums(n, positions, channels, x, NULL, NULL, wanted, wanted + channels);
    assert_memory_equal(got, wanted, 2 * channels * sizeof *got);
    batch_norm_grad_sums(n, positions, channels, x, mean, dy, got, got + channels, scratch);
    naive_batch_norm_sums(n, positions, channels, x, mean, dy, wanted, wanted + channels);
    assert_memory_equal(got, wanted, 2 * channels * sizeof *got);
    assert_true(scratch[batch_norm_scratch(n, channels)] == 77);

    for (int behind = 0; behind < 2; behind++) {
        real *y = numbers(count, 6), *y_wanted = numbers(count, 6);
        batch_norm_apply(rows, channels, x, mean, factor, a, behind, y);
        naive_batch_norm_apply(rows, channels, x, mean, factor, a, y_wanted);
        if (behind) rectify(count, y_wanted);
        same(y, y_wanted, count, "batch_norm_apply");
    }
    for (size_t e = 0; e < ENDINGS; e++) {
        const Ending ending = nth_ending(e, x);
        real *dx = numbers(count, 6), *dx_wanted = numbers(count, 6);
        batch_norm_grad_input(rows, channels, x, dy, mean, factor, a, factor, &ending, dx);
        begin_sums(&ending, count, dx_wanted);
        naive_batch_norm_grad_input(rows, channels, x, dy, mean, factor, a, factor, dx_wanted);
        end_sums(&ending, count, dx_wanted);
        same(dx, dx_wanted, count, "batch_norm_grad_input");
    }
    void *all[] = {x, dy, scratch, mean, factor, a, got, wanted};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

static void batch_norm(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{1, 1, 1}, {31, 3, 5}, {32, 2, 16}, {33, 2, 17}, {65, 49, 32}, {3, 784, 15}};
    for (size_t t = 0; t < THREADS; t++) {
        pool_start(threads[t]);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            check_batch_norm(sizes[s][0], sizes[s][1], sizes[s][2]);
    }
    pool_stop();
}

/* A channel of 5 +- 1e-4: the squares lie 1e8 times above the variance, which is kept. */
static void sums_keep_a_small_variance(void **state)
{
    (void)state;
    const real x[4] = {(real)5.0001, (real)4.9999, (real)5.0001, (real)4.9999};
    _Alignas(double) real scratch[4];
    double first, second;
    batch_norm_sums(4, 1, 1, x, &first, &second, scratch);
    const double half = ((double)x[0] - (double)x[1]) / 2, variance = second / 4 - first / 4 * (first / 4);
    assert_true(fabs(variance / (half * half) - 1) < 1e-5);
}

static const ConvShape windows[] = {
    /* n ih iw cin oh ow cout kh kw sh sw top left taps */
    {3, 6, 7, 5, 3, 3, 5, 2, 2, 2, 2, 0, 0, 0},     {2, 7, 6, 3, 4, 3, 3, 3, 3, 2, 2, 1, 1, 0},
    {5, 4, 5, 17, 1, 1, 17, 4, 5, 4, 5, 0, 0, 0},   {2, 5, 5, 16, 7, 5, 16, 3, 2, 1, 1, 2, 0, 0},
    {9, 14, 14, 33, 7, 7, 33, 3, 3, 2, 2, 1, 1, 0}, {1, 9, 8, 1, 2, 2, 1, 2, 3, 5, 4, 0, 0, 0},
};

static void check_pooling(const ConvShape *s)
{
    const size_t images = s->n * s->ih * s->iw * s->cin, grids = s->n * s->oh * s->ow * s->cin;
    real *x = numbers(images, 0), *dy = numbers(grids, 1), *tap = numbers(grids, 2), *tap_wanted = numbers(grids, 2);
    for (size_t i = 0; i < images; i++) x[i] = (real)floor((double)(x[i] * 2)); /* many equal ones */
    real *y, *y_wanted, *dx, *dx_wanted;
    for (int before = 0; before < 2; before++) {
        y = numbers(grids, 3), y_wanted = numbers(grids, 3);
        pooling_max(s, x, before, y, tap);
        naive_pooling_max(s, x, y_wanted, tap_wanted);
        if (before) rectify(grids, y_wanted);
        same(y, y_wanted, grids, "pooling_max");
    }
    for (size_t e = 0; e < ENDINGS; e++) {
        const Ending ending = nth_ending(e, x);
        dx = numbers(images, 4), dx_wanted = numbers(images, 4);
        pooling_max_grad(s, tap, dy, &ending, dx);
        begin_sums(&ending, images, dx_wanted);
        naive_pooling_max_grad(s, tap_wanted, dy, dx_wanted);
        end_sums(&ending, images, dx_wanted);
        same(dx, dx_wanted, images, "pooling_max_grad");
    }
    same(tap, tap_wanted, grids, "the taps of pooling_max");
    free(x);
    x = numbers(images, 7);
    y = numbers(grids, 5), y_wanted = numbers(grids, 5);
    pooling_average(s, x, y);
    naive_pooling_average(s, x, y_wanted);
    same(y, y_wanted, grids, "pooling_average");
    dx = numbers(images, 6), dx_wanted = numbers(images, 6);
    pooling_average_grad(s, dy, dx);
    naive_pooling_average_grad(s, dy, dx_wanted);
    same(dx, dx_wanted, images, "pooling_average_grad");
    free(x);
    free(dy);
}

static void pooling(void **state)
{
    (void)state;
    for (size_t t = 0; t < THREADS; t++) {
        pool_start(threads[t]);
        for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) check_pooling(&windows[i]);
    }
    pool_stop();
}

/* 3x3 with padding 1 and stride 2 over a 3x3 image: windows of four, with equal ones, a NaN, and all below zero. */
static void pooling_by_hand(void **state)
{
    (void)state;
    const ConvShape s = {1, 3, 3, 1, 2, 2, 1, 3, 3, 2, 2, 1, 1, 0};
    const real x[9] = {-4, -1, -1, -2, -1, -7, -8, NAN, -9};
    const real dy[4] = {1, 10, 100, 1000};
    real y[4], tap[4], dx[9] = {0};
    pooling_max(&s, x, false, y, tap);
    assert_true(y[0] == -1 && y[1] == -1 && isnan(y[2]) && isnan(y[3]));
    assert_true(tap[0] == 5 && tap[1] == 3 && tap[2] == 5 && tap[3] == 3);
    pooling_max_grad(&s, tap, dy, &(Ending){.add = true}, dx);
    assert_true(dx[1] == 11 && dx[7] == 1100 && dx[4] == 0);
    const real z[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    pooling_average(&s, z, y);
    assert_true(y[0] == 3 && y[1] == 4 && y[2] == 6 && y[3] == 7);
    memset(dx, 0, sizeof dx);
    pooling_average_grad(&s, dy, dx);
    assert_true(dx[0] == (real)0.25 && dx[1] == (real)2.75 && dx[4] == (real)277.75 && dx[8] == 250);
}

static void check_codes(size_t n, size_t cells, size_t codes, size_t dim)
{
    const size_t positions = n * cells, count = positions * dim, book = codes * dim;
    real *x = numbers(count, 0), *codebook = numbers(book, 1), *dsum = numbers(n, 2);
    for (size_t i = 0; i < count; i++) x[i] = (real)floor((double)(x[i] * 4)); /* so that distances are often equal */
    for (size_t i = 0; i < book; i++) codebook[i] = (real)floor((double)(codebook[i] * 4));
    real *index = numbers(positions, 3), *wanted = numbers(positions, 3);
    real *search = numbers(codes_nearest_scratch(codes, dim), 4);
    codes_nearest(positions, codes, dim, x, codebook, index, search);
    naive_codes_nearest(positions, codes, dim, x, codebook, wanted);
    assert_true(search[codes_nearest_scratch(codes, dim)] == 77);
    free(search);
    free(x), x = numbers(count, 5);
    const CodesError error = {n, cells, codes, dim, x, codebook, index};
    const real factor = (real)0.3;
    real *sum = numbers(n, 6), *sum_wanted = numbers(n, 6), *taken = numbers(count, 6);
    codes_error(&error, factor, sum);
    naive_codes_error(&error, factor, sum_wanted);
    same(sum, sum_wanted, n, "codes_error");
    real *dx = numbers(count, 7), *dx_wanted = numbers(count, 7);
    codes_error_grad_input(&error, factor, dsum, dx);
    naive_codes_error_grad_input(&error, factor, dsum, dx_wanted);
    same(dx, dx_wanted, count, "codes_error_grad_input");
    real *de = numbers(book, 8), *de_wanted = numbers(book, 8),
         *scratch = numbers(codes_error_scratch(n, codes, dim), 9);
    codes_error_grad_codebook(&error, factor, dsum, de, scratch);
    naive_codes_error_grad_codebook(&error, factor, dsum, de_wanted);
    same(de, de_wanted, book, "codes_error_grad_codebook");
    assert_true(scratch[codes_error_scratch(n, codes, dim)] == 77);
    codes_take(positions, dim, codebook, index, taken);
    for (size_t i = 0; i < count; i++) assert_true(taken[i] == codebook[(size_t)index[i / dim] * dim + i % dim]);
    same(index, wanted, positions, "codes_nearest");
    void *all[] = {x, codebook, dsum, taken, scratch};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

static void codes(void **state)
{
    (void)state;
    static const size_t sizes[][4] = {{1, 1, 1, 1},  {9, 3, 7, 4},   {6, 5, 8, 3},   {7, 2, 9, 1},
                                      {5, 7, 15, 2}, {33, 3, 16, 3}, {65, 2, 17, 5}, {3, 49, 128, 16}};
    for (size_t t = 0; t < THREADS; t++) {
        pool_start(threads[t]);
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            check_codes(sizes[s][0], sizes[s][1], sizes[s][2], sizes[s][3]);
    }
    pool_stop();
}

/* Code 20 is like code 3 and code 1 like code 0: the lowest of equal ones, within a block and across blocks. A NaN and
 * what is infinitely far from everything have a code too. */
static void lowest_code_of_equal_ones(void **state)
{
    (void)state;
    real codebook[21], index[5], scratch[32];
    for (size_t i = 0; i < 21; i++) codebook[i] = (real)(10 + i);
    codebook[1] = codebook[0], codebook[20] = codebook[3];
    const real x[5] = {10, 13, 15, NAN, INFINITY};
    codes_nearest(5, 21, 1, x, codebook, index, scratch);
    assert_true(index[0] == 0 && index[1] == 3 && index[2] == 5 && index[3] == 0 && index[4] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_norm), cmocka_unit_test(sums_keep_a_small_variance),
        cmocka_unit_test(pooling),    cmocka_unit_test(pooling_by_hand),
        cmocka_unit_test(codes),      cmocka_unit_test(lowest_code_of_equal_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
