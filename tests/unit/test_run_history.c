/* history.csv: its columns, and the same bytes after a round trip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/run/history.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

static void expect_columns(const char *tracked, const char *const *wanted)
{
    Tiny tiny;
    Err err = {0};
    History history;
    char assignment[64];
    snprintf(assignment, sizeof assignment, "train.history=%s", tracked);
    if (!tiny_bind(&tiny, NULL, TINY_WITH(assignment), &err)) fail_msg("%s", err.text);
    history_init(&history, &tiny.experiment);
    size_t n = 0;
    for (; wanted[n]; n++) {
        assert_true(n < history.columns);
        assert_string_equal(history.column[n], wanted[n]);
    }
    assert_int_equal(history.columns, n);
    history_release(&history);
    history_release(&history);
    arena_release(&tiny.arena);
}

#define TRAIN                                                                                                          \
    "epoch", "learning_rate", "objective_train", "kl_train", "kl_weight", "reconstruction_train",                      \
        "reconstruction_weight"
#define VALID "objective_valid", "kl_valid", "reconstruction_valid"
#define TEST_SPLIT "objective_test", "kl_test", "reconstruction_test"

static void the_columns_follow_terms_and_splits(void **state)
{
    (void)state;
    expect_columns("none", (const char *const[]){TRAIN, NULL});
    expect_columns("valid", (const char *const[]){TRAIN, VALID, NULL});
    expect_columns("test", (const char *const[]){TRAIN, TEST_SPLIT, NULL});
    expect_columns("both", (const char *const[]){TRAIN, VALID, TEST_SPLIT, NULL});
}

static Tiny tiny;
static History history;

static int setup(void **state)
{
    (void)state;
    Err err = {0};
    if (!tiny_bind(&tiny, NULL, TINY_WITH("train.history=test"), &err)) return -1;
    history_init(&history, &tiny.experiment);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    history_release(&history);
    arena_release(&tiny.arena);
    return 0;
}

static void rows_begin_as_zeros_and_stay(void **state)
{
    (void)state;
    for (size_t row = 0; row < 200; row++) {
        double *values = history_add(&history);
        for (size_t i = 0; i < history.columns; i++) {
            assert_true(values[i] == 0);
            values[i] = (double)(row * 100 + i);
        }
    }
    const HistoryView view = history_view(&history);
    assert_int_equal(view.rows, 200);
    assert_int_equal(view.columns, history.columns);
    for (size_t k = 0; k < view.rows * view.columns; k++)
        assert_true(view.values[k] == (double)(k / view.columns * 100 + k % view.columns));
}

static void a_round_trip_keeps_the_bytes(void **state)
{
    (void)state;
    static const double odd[] = {1, 1.0 / 3, -0.0, 1e-300, 123456789012.0, 0.1, 2e22, -5.5, 1e308, 3e-5};
    char one[512], two[512], *first, *second;
    size_t length[2];
    Err err = {0};
    for (size_t row = 0; row < 3; row++) memcpy(history_add(&history), odd, sizeof odd);
    assert_int_equal(history.columns, sizeof odd / sizeof *odd);
    test_path(one, "one.csv");
    test_path(two, "two.csv");
    assert_true(history_write(&history, one, &err));
    History again;
    history_init(&again, &tiny.experiment);
    if (!history_read(&again, one, &err)) fail_msg("%s", err.text);
    assert_int_equal(again.rows, 3);
    assert_true(history_write(&again, two, &err));
    assert_true(file_read(one, 1 << 20, &first, &length[0], &err));
    assert_true(file_read(two, 1 << 20, &second, &length[1], &err));
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "1,0.333333333,-0,1e-300,1.23456789e+11,0.1,2e+22,-5.5,1e+308,3e-05\n"));
    free(first);
    free(second);
    history_release(&again);
}

static void refuse(const char *text, const char *message)
{
    char path[512];
    Err err = {0};
    History again;
    assert_true(file_write(test_path(path, "broken.csv"), text, strlen(text), &err));
    history_init(&again, &tiny.experiment);
    assert_false(history_read(&again, path, &err));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_string_equal(err.loc.file, path);
    if (!strstr(err.text, message)) fail_msg("\"%s\" is not in \"%s\"", message, err.text);
    history_release(&again);
}

static void what_is_not_this_history_is_refused(void **state)
{
    (void)state;
#define HEAD "epoch,learning_rate,objective_train,kl_train,kl_weight,reconstruction_train,reconstruction_weight,"
    refuse("", "empty");
    refuse("epoch,learning_rate\n1,2\n", "has 2 columns, this configuration's history has 10");
    refuse(HEAD "objective_valid,kl_valid,reconstruction_valid\n",
           "column 8 is \"objective_valid\", in this configuration's history it is \"objective_test\"");
    refuse(HEAD "objective_test,kl_test,reconstruction_test\n1,2,3,4,5,6,7,8,9,10\n2,x,3,4,5,6,7,8,9,10\n",
           "row 2: learning_rate is no number");
    char path[512];
    Err err = {0};
    assert_false(history_read(&history, test_path(path, "missing.csv"), &err));
    assert_non_null(strstr(err.text, path));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_columns_follow_terms_and_splits),
        TEST(rows_begin_as_zeros_and_stay),
        TEST(a_round_trip_keeps_the_bytes),
        TEST(what_is_not_this_history_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
