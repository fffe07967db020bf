#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/optim/optim.h"
#include "tests/support/options.h"

/* More than one task, and an odd end. */
enum { COUNT = OPTIM_BLOCK + 4099, STEPS = 20 };

typedef struct State {
    Arena arena;
    Spec spec;
    const Optimizer *optimizer;
    real *value, *grad, *slot[2];
} State;

static void begin(State *state, const char *text)
{
    *state = (State){0};
    state->spec = spec_of(&state->arena, &optimizers_table, text);
    state->optimizer = (const Optimizer *)state->spec.row;
    state->value = mem_zeroed(COUNT, sizeof(real));
    state->grad = mem_zeroed(COUNT, sizeof(real));
    for (size_t i = 0; i < 2; i++) state->slot[i] = mem_zeroed(COUNT, sizeof(real));
    for (size_t i = 0; i < COUNT; i++) state->value[i] = (real)sin((double)i);
}

static void end(State *state)
{
    free(state->value);
    free(state->grad);
    free(state->slot[0]);
    free(state->slot[1]);
    arena_release(&state->arena);
}

static double gradient(size_t i, int step)
{
    return i % 7 == 3 ? 0 : cos(0.37 * (double)i + 1.3 * step) * pow(10, (double)(i % 9) - 4);
}

static void run(State *state, int step, double rate)
{
    for (size_t i = 0; i < COUNT; i++) state->grad[i] = (real)gradient(i, step);
    state->optimizer->step(state->spec.options, rate, (uint64_t)step, COUNT, state->value, state->grad, state->slot);
}

/* Algorithm 1 of the paper, line by line, in double. */
static double adam_reference(size_t i)
{
    double value = (double)(real)sin((double)i), m = 0, v = 0;
    for (int t = 1; t <= STEPS; t++) {
        double g = (double)(real)gradient(i, t), rate = 0.01 / t;
        m = 0.8 * m + (1 - 0.8) * g;
        v = 0.95 * v + (1 - 0.95) * g * g;
        value -= rate * (m / (1 - pow(0.8, t))) / (sqrt(v / (1 - pow(0.95, t))) + 1e-6);
    }
    return value;
}

static void test_adam_against_a_scalar_reference(void **unused)
{
    (void)unused;
    State state;
    begin(&state, "adam: {lr: 5, beta1: 0.8, beta2: 0.95, epsilon: 1e-6}");
    for (int t = 1; t <= STEPS; t++) run(&state, t, 0.01 / t);
    for (size_t i = 0; i < COUNT; i++) assert_true(fabs((double)state.value[i] - adam_reference(i)) < 1e-6);
    end(&state);
}

/* The first step moves by the rate against the gradient's sign; without a gradient nothing moves. The second step with
 * gradients 1 and 3: m = (0.9 x 0.1 + 0.3) / 0.19, v = (0.999 x 0.001 + 0.009) / 0.001999. */
static void test_adam_by_hand(void **unused)
{
    (void)unused;
    State state;
    begin(&state, "adam");
    assert_true(state.optimizer->rate(state.spec.options) == 0.001);
    assert_int_equal(state.optimizer->slots, 2);
    real value[3] = {1, 1, 1};
    state.optimizer->step(state.spec.options, 0.1, 1, 3, value, (const real[]){1, -20, 0}, state.slot);
    assert_true(fabs((double)value[0] - 0.9) < 1e-6 && fabs((double)value[1] - 1.1) < 1e-6 && value[2] == 1);
    state.optimizer->step(state.spec.options, 0.1, 2, 1, value, (const real[]){3}, state.slot);
    double m = 0.39 / 0.19, v = 0.009999 / 0.001999;
    assert_true(fabs((double)value[0] - (0.9 - 0.1 * m / sqrt(v))) < 1e-6);
    end(&state);
}

static void test_dead_units_hold_no_denormals(void **unused)
{
    (void)unused;
    State state;
    begin(&state, "adam");
    real value = 0, m = (real)-1.05e-30, v = (real)1.0005e-30;
    real *const slots[] = {&m, &v};
    state.optimizer->step(state.spec.options, 0.1, 5, 1, &value, (const real[]){0}, slots);
    assert_true(m == 0 && v == 0);
    end(&state);
}

/* d = 0.5 d + g: 1, then 0.5 + 2 = 2.5; value: 1 - 0.1, then 0.9 - 0.25. */
static void test_sgd_with_momentum(void **unused)
{
    (void)unused;
    State state;
    begin(&state, "sgd: {lr: 0.3, momentum: 0.5}");
    assert_true(state.optimizer->rate(state.spec.options) == 0.3);
    real value = 1;
    state.optimizer->step(state.spec.options, 0.1, 1, 1, &value, (const real[]){1}, state.slot);
    assert_true(fabs((double)value - 0.9) < 1e-7);
    state.optimizer->step(state.spec.options, 0.1, 2, 1, &value, (const real[]){2}, state.slot);
    assert_true(fabs((double)value - 0.65) < 1e-7);
    end(&state);

    begin(&state, "sgd: 0.3");
    for (int t = 1; t <= 2; t++) run(&state, t, 0.5);
    for (size_t i = 0; i < COUNT; i++) {
        double wanted = sin((double)i) - 0.5 * (gradient(i, 1) + gradient(i, 2));
        assert_true(fabs((double)state.value[i] - wanted) <= 3e-7 * (1 + fabs(gradient(i, 1)) + fabs(gradient(i, 2))));
    }
    end(&state);
}

static void test_threads_change_no_bit(void **unused)
{
    (void)unused;
    for (size_t r = 0; r < optimizers_table.n; r++) {
        const Row *row = optimizers_table.rows[r];
        State one, three;
        begin(&one, row->name);
        begin(&three, row->name);
        one.spec.options = three.spec.options = options_of(&one.arena, row, row->example);
        for (int t = 1; t <= 3; t++) run(&one, t, 0.01);
        pool_start(3);
        for (int t = 1; t <= 3; t++) run(&three, t, 0.01);
        pool_stop();
        assert_memory_equal(one.value, three.value, COUNT * sizeof(real));
        assert_memory_equal(one.slot[0], three.slot[0], COUNT * sizeof(real));
        end(&one);
        end(&three);
    }
}

static void test_every_row_is_documented(void **unused)
{
    (void)unused;
    for (size_t r = 0; r < optimizers_table.n; r++) {
        const Row *row = optimizers_table.rows[r];
        assert_true(row->doc && *row->doc);
        for (const Field *field = row->fields; field && field->key; field++) assert_true(field->help && *field->help);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adam_against_a_scalar_reference), cmocka_unit_test(test_adam_by_hand),
        cmocka_unit_test(test_dead_units_hold_no_denormals),    cmocka_unit_test(test_sgd_with_momentum),
        cmocka_unit_test(test_threads_change_no_bit),           cmocka_unit_test(test_every_row_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
