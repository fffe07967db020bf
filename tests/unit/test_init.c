#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/alloc.h"
#include "nn/init/init.h"
#include "tests/support/options.h"

enum { COUNT = 100000, FAN_IN = 50, FAN_OUT = 70 };

typedef struct Moments {
    double mean, variance, least, most;
} Moments;

static real *filled(Arena *arena, const char *text, const char *stream)
{
    Spec spec = spec_of(arena, &initialisers_table, text);
    real *values = arena_alloc(arena, COUNT, sizeof *values);
    for (size_t i = 0; i < COUNT; i++) values[i] = 99;
    ((const Initialiser *)spec.row)->fill(spec.options, rng_stream(1, stream), FAN_IN, FAN_OUT, COUNT, values);
    return values;
}

static Moments moments(const real *values)
{
    Moments m = {.least = INFINITY, .most = -INFINITY};
    for (size_t i = 0; i < COUNT; i++) {
        double x = (double)values[i];
        m.mean += x / COUNT;
        m.variance += x * x / COUNT;
        m.least = fmin(m.least, x);
        m.most = fmax(m.most, x);
    }
    m.variance -= m.mean * m.mean;
    return m;
}

/* Of COUNT draws the mean is within 5 standard errors; the variance's own spread is below 1%. */
static void check_moments(Moments m, double variance)
{
    assert_true(fabs(m.mean) < 5 * sqrt(variance / COUNT));
    assert_true(fabs(m.variance / variance - 1) < 0.03);
}

static void check_uniform(const char *text, double bound)
{
    Arena arena = {0};
    Moments m = moments(filled(&arena, text, "init/w"));
    check_moments(m, bound * bound / 3);
    assert_true(m.least >= -bound * (1 + 1e-6) && m.least < -0.999 * bound);
    assert_true(m.most <= bound * (1 + 1e-6) && m.most > 0.999 * bound);
    arena_release(&arena);
}

static void test_uniform_rows(void **state)
{
    (void)state;
    check_uniform("fan_in_uniform", 1 / sqrt(FAN_IN));
    check_uniform("glorot_uniform", sqrt(6.0 / (FAN_IN + FAN_OUT)));
}

static void test_he_normal(void **state)
{
    (void)state;
    Arena arena = {0};
    Moments m = moments(filled(&arena, "he_normal", "init/w"));
    check_moments(m, 2.0 / FAN_IN);
    assert_true(m.most > 3.5 * sqrt(2.0 / FAN_IN));
    arena_release(&arena);
}

static void test_values_that_need_no_draw(void **state)
{
    (void)state;
    Arena arena = {0};
    const real *zeros = filled(&arena, "zeros", "w"), *halves = filled(&arena, "constant: 0.5", "w");
    for (size_t i = 0; i < COUNT; i++) assert_true(zeros[i] == 0 && halves[i] == (real)0.5);
    arena_release(&arena);
}

static void test_streams_differ_and_repeat(void **state)
{
    (void)state;
    Arena arena = {0};
    const char *rows[] = {"fan_in_uniform", "glorot_uniform", "he_normal"};
    for (size_t r = 0; r < 3; r++) {
        const real *a = filled(&arena, rows[r], "init/a"), *b = filled(&arena, rows[r], "init/b");
        size_t same = 0;
        for (size_t i = 0; i < COUNT; i++) same += a[i] == b[i];
        assert_true(same < COUNT / 1000);
        assert_memory_equal(a, filled(&arena, rows[r], "init/a"), COUNT * sizeof *a);
    }
    arena_release(&arena);
}

static void test_biases(void **state)
{
    (void)state;
    Spec uniform = initialiser_named("fan_in_uniform");
    assert_ptr_equal(initialiser_of_bias(uniform).row, uniform.row);
    assert_string_equal(initialiser_of_bias(initialiser_named("he_normal")).row->name, "zeros");
    assert_string_equal(initialiser_of_bias(initialiser_named("glorot_uniform")).row->name, "zeros");
}

static void test_a_codebook_that_is_uniform(void **state)
{
    (void)state;
    enum { CODES = 50, DIM = 2000 };
    static real values[CODES * DIM], same[CODES * DIM];
    initialiser_uniform.fill(NULL, rng_stream(1, "init/codebook"), CODES, DIM, CODES * DIM, values);
    Moments m = moments(values);
    check_moments(m, 1.0 / CODES / CODES / 3);
    assert_true(m.least >= -1.0 / CODES - 1e-8 && m.least < -0.999 / CODES);
    /* what stands in where there is no data */
    initialiser_data.fill(NULL, rng_stream(1, "init/codebook"), CODES, DIM, CODES * DIM, same);
    assert_memory_equal(values, same, sizeof values);
}

enum { POSITIONS = 12, KINDS = 5, DATA_DIM = 3 };

/* Five vectors among twelve positions; [5 k + 1, 2, 3] at the positions p with p % 5 = k. */
static void make_vectors(real *x)
{
    for (size_t p = 0; p < POSITIONS; p++)
        for (size_t d = 0; d < DATA_DIM; d++) x[p * DATA_DIM + d] = (real)(d ? d + 1 : 5 * (p % KINDS) + 1);
}

static void count_kinds(const real *rows, size_t n, size_t count[KINDS])
{
    memset(count, 0, KINDS * sizeof *count);
    for (size_t i = 0; i < n; i++) {
        const size_t kind = (size_t)(rows[i * DATA_DIM] - 1) / 5;
        assert_true(kind < KINDS && rows[i * DATA_DIM] == (real)(5 * kind + 1));
        for (size_t d = 1; d < DATA_DIM; d++) assert_true(rows[i * DATA_DIM + d] == (real)(d + 1));
        count[kind]++;
    }
}

/* First all the different vectors, then every position that was left over, then round again. */
static void test_a_codebook_from_data(void **state)
{
    (void)state;
    const Rng rng = rng_stream(1, "init/codebook");
    real x[POSITIONS * DATA_DIM], rows[30 * DATA_DIM], other[30 * DATA_DIM];
    size_t count[KINDS];
    make_vectors(x);
    for (size_t n = 1; n <= 30; n++) {
        initialiser_data.fill_from(NULL, rng, POSITIONS, DATA_DIM, x, n, rows);
        count_kinds(rows, n < KINDS ? n : KINDS, count);
        for (size_t k = 0; k < KINDS; k++) assert_true(count[k] <= 1);
        if (n < POSITIONS) continue;
        count_kinds(rows, POSITIONS, count);
        for (size_t k = 0; k < KINDS; k++) assert_int_equal(count[k], k < POSITIONS % KINDS ? 3 : 2);
        for (size_t i = POSITIONS; i < n; i++)
            assert_memory_equal(rows + i * DATA_DIM, rows + (i - POSITIONS) % KINDS * DATA_DIM,
                                DATA_DIM * sizeof *rows);
    }
    initialiser_data.fill_from(NULL, rng, POSITIONS, DATA_DIM, x, 30, other);
    assert_memory_equal(rows, other, sizeof rows);
    initialiser_data.fill_from(NULL, rng_stream(2, "init/codebook"), POSITIONS, DATA_DIM, x, 30, other);
    assert_memory_not_equal(rows, other, sizeof rows);
}

static void check_documented(const Table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        const Row *row = table->rows[i];
        assert_true(row->doc && *row->doc);
        assert_non_null(((const Initialiser *)row)->fill);
        for (const Field *field = row->fields; field && field->key; field++) assert_true(field->help && *field->help);
    }
}

static void test_every_row_is_documented(void **state)
{
    (void)state;
    assert_true(initialisers_table.n >= 5 && codebook_initialisers_table.n >= 2);
    check_documented(&initialisers_table);
    check_documented(&codebook_initialisers_table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform_rows),
        cmocka_unit_test(test_he_normal),
        cmocka_unit_test(test_values_that_need_no_draw),
        cmocka_unit_test(test_streams_differ_and_repeat),
        cmocka_unit_test(test_biases),
        cmocka_unit_test(test_a_codebook_that_is_uniform),
        cmocka_unit_test(test_a_codebook_from_data),
        cmocka_unit_test(test_every_row_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
