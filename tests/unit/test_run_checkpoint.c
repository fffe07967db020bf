/* Checkpoints: everything comes back, nothing of another run does, and a damaged one says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "nn/base/rng.h"
#include "runner/run/checkpoint.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

static Tiny one, two;
static TrainState from, to;
static char path[512];

static void fill_params(Params *params)
{
    real *const blocks[] = {params->value, params->slot[0], params->slot[1]};
    for (uint32_t b = 0; b < 3; b++)
        for (size_t i = 0; i < params->n; i++)
            rng_normal(rng_stream(3, "checkpoint"), b, (uint32_t)i, params->items[i].count,
                       blocks[b] + params->items[i].offset);
}

static void fill_state(TrainState *state)
{
    state->epoch = 3;
    state->step = 5;
    for (size_t i = 0; i < state->sums; i++)
        state->sum[i] =
            (SegmentSum){.total = 1.0 / (double)(i + 3), .segment = 1e-17 * (double)i, .in_segment = 31 - i};
    for (size_t row = 0; row < 3; row++) {
        double *values = history_add(&state->history);
        for (size_t i = 0; i < state->history.columns; i++) values[i] = 1.0 / (double)(7 + row * 31 + i);
    }
}

static int setup(void **state)
{
    (void)state;
    tiny_make(&one, NULL);
    tiny_make(&two, NULL);
    train_state_init(&from, &one.experiment);
    train_state_init(&to, &two.experiment);
    fill_params(&one.model.params);
    fill_state(&from);
    test_path(path, "checkpoint.safetensors");
    unlink(path);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    train_state_release(&from);
    train_state_release(&to);
    tiny_release(&one);
    tiny_release(&two);
    return 0;
}

static void save(void)
{
    Err err = {0};
    if (!checkpoint_save(path, "me", &one.model.params, &from, &err)) fail_msg("%s", err.text);
}

static void everything_comes_back(void **state)
{
    (void)state;
    Err err = {0};
    bool found = false;
    save();
    if (!checkpoint_load(path, "me", &two.model.params, &to, &found, &err)) fail_msg("%s", err.text);
    assert_true(found);
    const Params *a = &one.model.params, *b = &two.model.params;
    assert_memory_equal(a->value, b->value, a->total * sizeof(real));
    for (size_t i = 0; i < 2; i++) assert_memory_equal(a->slot[i], b->slot[i], a->trainable_total * sizeof(real));
    assert_true(to.epoch == 3 && to.step == 5);
    assert_int_equal(to.sums, 3);
    for (size_t i = 0; i < to.sums; i++) {
        assert_true(to.sum[i].total == from.sum[i].total && to.sum[i].segment == from.sum[i].segment);
        assert_int_equal(to.sum[i].in_segment, from.sum[i].in_segment);
    }
    assert_int_equal(to.history.rows, 3);
    assert_memory_equal(to.history.values, from.history.values, 3 * from.history.columns * sizeof(double));
}

static void the_first_epoch_has_no_history_yet(void **state)
{
    (void)state;
    Err err = {0};
    bool found = false;
    from.history.rows = 0;
    from.epoch = 0;
    save();
    if (!checkpoint_load(path, "me", &two.model.params, &to, &found, &err)) fail_msg("%s", err.text);
    assert_true(found && to.epoch == 0 && to.step == 5 && to.history.rows == 0);
}

static void another_identity_or_none_is_not_found(void **state)
{
    (void)state;
    Err err = {0};
    bool found = true;
    uint64_t epoch = 9, step = 9;
    const size_t bytes = two.model.params.total * sizeof(real);
    real *before = mem_zeroed(1, bytes);
    memcpy(before, two.model.params.value, bytes);
    assert_true(checkpoint_load(path, "me", &two.model.params, &to, &found, &err));
    assert_false(found);
    assert_false(checkpoint_peek(path, "me", &epoch, &step));
    save();
    found = true;
    assert_true(checkpoint_load(path, "m", &two.model.params, &to, &found, &err));
    assert_false(found);
    assert_false(checkpoint_peek(path, "m", &epoch, &step));
    assert_true(epoch == 9 && step == 9);
    assert_memory_equal(before, two.model.params.value, bytes);
    assert_true(to.epoch == 0 && to.step == 0 && to.history.rows == 0);
    free(before);
    assert_true(checkpoint_peek(path, "me", &epoch, &step));
    assert_true(epoch == 3 && step == 5);
}

static void expect_damaged(const char *cause)
{
    Err err = {0};
    bool found = true;
    assert_false(checkpoint_load(path, "me", &two.model.params, &to, &found, &err));
    assert_false(found);
    assert_int_equal(err.kind, ERR_FAILED);
    assert_string_equal(err.loc.file, path);
    const char *const phrases[] = {"damaged checkpoint: ", cause, "delete it, or use --force, to train from the start"};
    for (size_t i = 0; i < 3; i++)
        if (!strstr(err.text, phrases[i])) fail_msg("\"%s\" is not in \"%s\"", phrases[i], err.text);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    char *bytes;
    size_t length;
    Err err = {0};
    uint64_t epoch, step;
    save();
    assert_true(file_read(path, 1 << 24, &bytes, &length, &err));
    const size_t cuts[] = {0, 1, 8, 100, length / 2, length - 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        assert_true(file_write(path, bytes, cuts[i], &err));
        expect_damaged("");
        assert_false(checkpoint_peek(path, "me", &epoch, &step));
    }
    bytes[9] ^= 64;
    assert_true(file_write(path, bytes, length, &err));
    expect_damaged("");
    bytes[9] ^= 64;
    for (size_t back = 1; back < 2000; back += 333) { /* among the numbers */
        bytes[length - back] ^= 1;
        assert_true(file_write(path, bytes, length, &err));
        expect_damaged("checksum");
        bytes[length - back] ^= 1;
    }
    free(bytes);
}

/* Written as a checkpoint is, but for one tensor. */
static void save_but(const char *name, const char *dtype, size_t rank, const size_t *dim, const void *data)
{
    SafeTensors file = {0};
    TensorList list = {0};
    Err err = {0};
    save();
    assert_true(safetensors_read(&file, path, &err));
    tensors_metadata(&list, "identity", "me");
    for (size_t i = 0; i < file.list.n; i++)
        if (strcmp(file.list.items[i].name, name) != 0) tensors_push(&list, &file.list.items[i]);
    if (dtype) tensors_add(&list, name, dtype, rank, dim, data);
    if (!safetensors_write(path, &list, &err)) fail_msg("%s", err.text);
    tensors_release(&list);
    safetensors_release(&file);
}

static void tensors_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const int64_t integers[64] = {0};
    static double numbers[64] = {0};
    const size_t columns = from.history.columns;
    static const char *const wanted[] = {"train.position", "train.sums", "value.decoder.dense.weight",
                                         "optimizer.0.decoder.dense.weight", "optimizer.1.decoder.dense.bias"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        save_but(wanted[i], NULL, 0, NULL, NULL);
        expect_damaged(wanted[i]);
        save_but(wanted[i], "F64", 1, (size_t[]){1}, numbers);
        expect_damaged(wanted[i]);
    }
    save_but("train.position", "I64", 1, (size_t[]){3}, integers);
    expect_damaged("train.position");
    save_but("train.position", "I64", 2, (size_t[]){0, 2}, integers);
    expect_damaged("train.position");
    save_but("train.sums", "F64", 2, (size_t[]){2, 3}, numbers);
    expect_damaged("train.sums");
    save_but("train.sums", "F64", 2, (size_t[]){3, 2}, numbers);
    expect_damaged("train.sums");
    save_but("train.history", "F64", 2, (size_t[]){1, columns + 1}, numbers);
    expect_damaged("train.history");
    /* a list as long as a row is no table of as many rows */
    save_but("train.history", "F64", 1, (size_t[]){columns}, numbers);
    expect_damaged("train.history");
    for (size_t i = 0; i < 2; i++) {
        numbers[2] = i ? 32 : -1;
        save_but("train.sums", "F64", 2, (size_t[]){3, 3}, numbers);
        expect_damaged("train.sums");
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everything_comes_back),
        TEST(the_first_epoch_has_no_history_yet),
        TEST(another_identity_or_none_is_not_found),
        TEST(damaged_files_are_refused),
        TEST(tensors_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
