#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/schedule/schedule.h"
#include "tests/support/options.h"

typedef struct Case {
    const char *text;
    uint64_t step;
    double value; /* with 10 steps an epoch and 20 epochs */
} Case;

static const Case cases[] = {
    {"constant", 0, 1},
    {"constant: 0.25", 199, 0.25},
    {"{constant: {value: 3}}", 7, 3},
    {"step: {every: 2, gamma: 0.5}", 0, 1},
    {"step: {every: 2, gamma: 0.5}", 19, 1},
    {"step: {every: 2, gamma: 0.5}", 20, 0.5},
    {"step: {every: 2, gamma: 0.5}", 199, 0x1p-9},
    {"step: {every: 3, gamma: 0.1, from: 4}", 60, 0.04},
    {"exponential: {gamma: 0.5}", 9, 1},
    {"exponential: {gamma: 0.5}", 10, 0.5},
    {"exponential: {gamma: 0.9, from: 2}", 35, 2 * 0.729},
    {"cosine", 0, 1},
    {"cosine", 50, 0.85355339059327376},
    {"cosine", 100, 0.5},
    {"cosine", 200, 0},
    {"cosine", 900, 0},
    {"cosine: {floor: 0.5, from: 4}", 100, 3},
    {"cosine: {floor: 0.5, from: 4}", 200, 2},
    {"linear: {from: 0, to: 1, epochs: 5}", 0, 0},
    {"linear: {from: 0, to: 1, epochs: 5}", 1, 0.02},
    {"linear: {from: 0, to: 1, epochs: 5}", 25, 0.5},
    {"linear: {from: 0, to: 1, epochs: 5}", 50, 1},
    {"linear: {from: 0, to: 1, epochs: 5}", 51, 1},
    {"linear: {to: 0.5, epochs: 1}", 5, 0.75},
    {"warmup: {epochs: 2}", 0, 0.05},
    {"warmup: {epochs: 2}", 18, 0.95},
    {"warmup: {epochs: 2}", 19, 1},
    {"warmup: {epochs: 2}", 100, 1},
    {"warmup: {epochs: 2, then: {exponential: {gamma: 0.5}}}", 9, 0.5},
    {"warmup: {epochs: 2, then: {exponential: {gamma: 0.5}}}", 29, 1},
    {"warmup: {epochs: 2, then: {exponential: {gamma: 0.5}}}", 30, 0.5},
    {"warmup: {epochs: 4, then: {cosine: {floor: 0}}}", 120, 0.5},
    {"warmup: {epochs: 4, then: {cosine: {floor: 0}}}", 200, 0},
    {"warmup: {epochs: 30, then: {cosine: {floor: 0.5}}}", 149, 0.25},
};

static void test_values_at_chosen_times(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Arena arena = {0};
        Spec spec = spec_of(&arena, &schedules_table, cases[i].text);
        double value = schedule_at(&spec, (ScheduleTime){cases[i].step, 10, 20});
        if (fabs(value - cases[i].value) > 1e-13) fail_msg("%s at %d: %.17g", cases[i].text, (int)cases[i].step, value);
        arena_release(&arena);
    }
}

static void test_every_row_has_a_case_and_a_document(void **state)
{
    (void)state;
    for (size_t r = 0; r < schedules_table.n; r++) {
        const Row *row = schedules_table.rows[r];
        size_t found = 0;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) found += strstr(cases[i].text, row->name) != NULL;
        assert_true(found >= 2);
        assert_true(row->doc && *row->doc);
        for (const Field *field = row->fields; field && field->key; field++) assert_true(field->help && *field->help);
    }
}

/* No schedule leaves [0, 1] where its example begins and ends in it. */
static void test_examples_stay_in_their_range(void **state)
{
    (void)state;
    for (size_t r = 0; r < schedules_table.n; r++) {
        Arena arena = {0};
        const Row *row = schedules_table.rows[r];
        Spec spec = {.row = row, .options = options_of(&arena, row, row->example)};
        for (uint64_t step = 0; step < 300; step++) {
            double value = schedule_at(&spec, (ScheduleTime){step, 10, 20});
            assert_true(value >= 0 && value <= 1);
        }
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_at_chosen_times),
        cmocka_unit_test(test_every_row_has_a_case_and_a_document),
        cmocka_unit_test(test_examples_stay_in_their_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
