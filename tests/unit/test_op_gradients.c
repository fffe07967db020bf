/* Every row of op.def through the harness, with every back end; in the double build (MAYVAE_DOUBLE) with numeric
 * derivatives. And the harness itself, on ops that are wrong on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/op/op.h"
#include "tests/support/op_harness.h"

static void check_op(void **state)
{
    const Op *op = op_rows[*(const size_t *)*state];
    char text[HARNESS_TEXT];
    if (op->case_count < 2) fail_msg("%s has %zu cases; an op needs two", op->name, op->case_count);
    if (!op->doc || !*op->doc) fail_msg("%s has no documentation", op->name);
    for (size_t i = 0; i < op->case_count; i++) {
        for (size_t b = 0; b <= numerics_count; b++) {
            const Numerics *numerics = b < numerics_count ? numerics_find(numerics_names[b]) : &numerics_naive;
            const char *bad = op_harness_check(op, &op->cases[i], numerics, text);
            if (bad) fail_msg("%s", bad);
        }
    }
}

/* y = x^2 over 40 elements, made wrong in several ways. */
static void square(const OpRun *run)
{
    for (size_t i = 0; i < shape_count(run->out_shape); i++) run->out[i] = run->in[0][i] * run->in[0][i];
}

static void square_grad(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    for (size_t i = 0; i < shape_count(run->out_shape); i++) {
        run->in_grad[0][i] += 2 * run->in[0][i] * run->out_grad[i];
    }
}

static void square_grad_flipped(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    for (size_t i = 0; i < shape_count(run->out_shape); i++) {
        run->in_grad[0][i] -= 2 * run->in[0][i] * run->out_grad[i];
    }
}

/* The last element's sign alone. */
static void square_grad_flipped_once(const OpRun *run)
{
    square_grad(run);
    const size_t last = shape_count(run->out_shape) - 1;
    if (run->in_grad[0]) run->in_grad[0][last] -= 4 * run->in[0][last] * run->out_grad[last];
}

static void square_grad_overwrites(const OpRun *run)
{
    if (!run->in_grad[0]) return;
    for (size_t i = 0; i < shape_count(run->out_shape); i++) run->in_grad[0][i] = 2 * run->in[0][i] * run->out_grad[i];
}

static void square_beyond(const OpRun *run)
{
    square(run);
    run->out[shape_count(run->out_shape)] = 0;
}

static void square_short(const OpRun *run)
{
    for (size_t i = 1; i < shape_count(run->out_shape); i++) run->out[i] = run->in[0][i] * run->in[0][i];
}

static void square_from_scratch(const OpRun *run)
{
    square(run);
    run->out[0] += run->scratch[0];
}

static bool square_shape(OpShape *op, Err *err)
{
    op->scratch = 1;
    return op_shape_as_input(op, err);
}

static const char *check_square(void (*forward)(const OpRun *run), void (*backward)(const OpRun *run), char *text)
{
    const OpCase sample = {.label = "square", .inputs = 1, .in = {{2, {5, 8}}}, .away_from = 0.1};
    const Op op = {.name = "square", .shape = square_shape, .forward = forward, .backward = backward};
    return op_harness_check(&op, &sample, &numerics_naive, text);
}

/* Counts in input 1. */
static void square_with_state(const OpRun *run)
{
    square(run);
    for (size_t i = 0; run->state[1] && i < run->in_shape[1].dim[0]; i++) run->state[1][i] += (real)0.5;
}

static void square_updates_always(const OpRun *run)
{
    square(run);
    union {
        const real *in;
        real *out;
    } both = {.in = run->in[1]};
    both.out[0] += 1;
}

static const char *check_state(void (*forward)(const OpRun *run), char *text)
{
    const OpCase sample = {
        .label = "state", .inputs = 2, .in = {{2, {5, 8}}, {1, {3}}}, .state = {[1] = true}, .away_from = 0.1};
    const Op op = {.name = "square", .shape = square_shape, .forward = forward, .backward = square_grad};
    return op_harness_check(&op, &sample, &numerics_naive, text);
}

static const char *check_straight_through(void (*backward)(const OpRun *run), char *text)
{
    const OpCase sample = {.label = "straight", .inputs = 1, .in = {{2, {5, 8}}}, .straight_through = true};
    const Op op = {.name = "square", .shape = square_shape, .forward = square, .backward = backward};
    return op_harness_check(&op, &sample, &numerics_naive, text);
}

static void hand_on(const OpRun *run)
{
    for (size_t i = 0; run->in_grad[0] && i < shape_count(run->out_shape); i++) run->in_grad[0][i] += run->out_grad[i];
}

static void harness_knows_buffers_and_straight_gradients(void **state)
{
    (void)state;
    char text[HARNESS_TEXT];
    assert_null(check_state(square_with_state, text));
    assert_non_null(check_state(square_updates_always, text));
    assert_non_null(strstr(text, "forward changes input 1"));
    assert_non_null(check_state(square, text));
    assert_non_null(strstr(text, "forward leaves the buffer in input 1 as it was"));
    assert_null(check_straight_through(hand_on, text));
    assert_non_null(check_straight_through(square_grad, text));
    assert_non_null(strstr(text, "the gradient of input 0 isn't the output's"));
}

static void harness_tells_right_from_wrong(void **state)
{
    (void)state;
    char text[HARNESS_TEXT];
    assert_null(check_square(square, square_grad, text));
    assert_non_null(check_square(square_beyond, square_grad, text));
    assert_non_null(strstr(text, "forward writes round the output"));
    assert_non_null(check_square(square_short, square_grad, text));
    assert_non_null(strstr(text, "output 0 is"));
    assert_non_null(check_square(square_from_scratch, square_grad, text));
    assert_non_null(check_square(square, square_grad_overwrites, text));
    assert_non_null(strstr(text, "backward doesn't add"));
#ifdef MAYVAE_DOUBLE
    assert_non_null(check_square(square, square_grad_flipped, text));
    assert_non_null(strstr(text, "numerically"));
    assert_non_null(check_square(square, square_grad_flipped_once, text));
    assert_non_null(strstr(text, "gradient 39 of input 0"));
#else
    assert_null(check_square(square, square_grad_flipped, text));
    assert_null(check_square(square, square_grad_flipped_once, text));
#endif
}

int main(void)
{
    struct CMUnitTest *tests = calloc(op_count + 2, sizeof *tests);
    size_t *index = calloc(op_count, sizeof *index);
    if (!tests || !index) return 1;
    for (size_t i = 0; i < op_count; i++) {
        index[i] = i;
        tests[i] = (struct CMUnitTest){.name = op_rows[i]->name, .test_func = check_op, .initial_state = &index[i]};
    }
    tests[op_count] = (struct CMUnitTest)cmocka_unit_test(harness_tells_right_from_wrong);
    tests[op_count + 1] = (struct CMUnitTest)cmocka_unit_test(harness_knows_buffers_and_straight_gradients);
    const int failed = _cmocka_run_group_tests("op gradients", tests, op_count + 2, NULL, NULL);
    free(tests);
    free(index);
    return failed;
}
