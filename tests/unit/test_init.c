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

static void test_every_row_is_documented(void **state)
{
    (void)state;
    assert_true(initialisers_table.n >= 5);
    for (size_t i = 0; i < initialisers_table.n; i++) {
        const Row *row = initialisers_table.rows[i];
        assert_true(row->doc && *row->doc);
        assert_non_null(((const Initialiser *)row)->fill);
        for (const Field *field = row->fields; field && field->key; field++) assert_true(field->help && *field->help);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform_rows),
        cmocka_unit_test(test_he_normal),
        cmocka_unit_test(test_values_that_need_no_draw),
        cmocka_unit_test(test_streams_differ_and_repeat),
        cmocka_unit_test(test_biases),
        cmocka_unit_test(test_every_row_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
