/* Training: interrupted at every step and resumed, it ends in the bytes of one that was never interrupted. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "nn/base/pool.h"
#include "nn/schedule/schedule.h"
#include "runner/run/signals.h"
#include "runner/run/train.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

/* These two stand in for runner/run/signals.c: the signal comes when the flag is looked at for the stop-th time. */
static size_t looks, stop;

void signals_catch(void)
{
}

int signals_pending(void)
{
    return looks++ == stop ? SIGTERM : 0;
}

enum { EPOCHS = 2, STEPS = 4, NEVER = 1000 };

/* All that depends on the epoch, the step, or what came before: running statistics and masks too. */
#define DYNAMIC                                                                                                        \
    TINY_WITH("data.binarize=dynamic", "loss.kl.weight={linear: {from: 0, to: 2, epochs: 2}}",                         \
              "train.lr_schedule={exponential: {gamma: 0.9}}",                                                         \
              "network.encoder.layers=[flatten, batch_norm, relu, dropout: 0.25, dense: {units: 6}]")

/* Codebooks that start from the first batch of training; one moves by averages; dead codes begin anew. */
#define QUANTIZED                                                                                                      \
    TINY_WITH("network.encoder.layers=[flatten, dense: {units: 6}, vector_quantize: {codes: 9, name: averaged, "       \
              "update: moving_average, restart: 2}, dense: {units: 4}, vector_quantize: {codes: 9, restart: 2}]",      \
              "loss.codebook={codebook: {quantizer: encoder}}")

static Tiny tiny;
static TrainState position;
static char path[512], shown[512];
static bool quantized;

static void begin(void)
{
    if (quantized)
        tiny_make(&tiny, QUANTIZED);
    else
        tiny_make(&tiny, DYNAMIC);
    train_state_init(&position, &tiny.experiment);
}

static void end(void)
{
    train_state_release(&position);
    tiny_release(&tiny);
}

static TrainEnd train(size_t stop_at, Err *err)
{
    Progress progress = {.label = "tiny", .quiet = true};
    const TrainJob job = {&tiny.model, &tiny.dataset, &position, path, "me", shown[0] ? shown : NULL, &progress};
    looks = 0;
    stop = stop_at;
    return train_run(&job, err);
}

/* A process of its own: loads the checkpoint where there is one, and trains. */
static TrainEnd process(size_t stop_at)
{
    Err err = {0};
    bool found;
    begin();
    if (!checkpoint_load(path, "me", &tiny.model.params, &position, &found, &err)) fail_msg("%s", err.text);
    const TrainEnd how = train(stop_at, &err);
    if (how == TRAIN_FAILED) fail_msg("%s", err.text);
    end();
    return how;
}

static char *read_all(size_t *length)
{
    char *bytes;
    Err err = {0};
    if (!file_read(path, 1 << 24, &bytes, length, &err)) fail_msg("%s", err.text);
    return bytes;
}

static char *uninterrupted(size_t *length)
{
    test_path(path, "whole.safetensors");
    unlink(path);
    assert_int_equal(process(NEVER), TRAIN_DONE);
    return read_all(length);
}

static void expect_bytes(const char *wanted, size_t length, const char *what, size_t k)
{
    size_t got;
    char *bytes = read_all(&got);
    if (got != length || memcmp(bytes, wanted, length) != 0) fail_msg("%s %zu: other bytes", what, k);
    free(bytes);
}

static void interrupt_anywhere(void)
{
    size_t length;
    char *whole = uninterrupted(&length);
    test_path(path, "parts.safetensors");
    for (size_t k = 0; k < EPOCHS * STEPS; k++) {
        unlink(path);
        uint64_t epoch, step;
        assert_int_equal(process(k), TRAIN_INTERRUPTED);
        assert_true(checkpoint_peek(path, "me", &epoch, &step));
        assert_true(epoch == k / STEPS && step == k % STEPS);
        assert_int_equal(process(NEVER), TRAIN_DONE);
        expect_bytes(whole, length, "interrupted at step", k);
    }
    /* and again and again, after each step */
    unlink(path);
    size_t times = 0;
    for (; process(1) == TRAIN_INTERRUPTED; times++) assert_true(times < EPOCHS * STEPS);
    assert_int_equal(times, EPOCHS * STEPS - 1);
    expect_bytes(whole, length, "interrupted after each step", 0);
    free(whole);
}

static void interrupted_anywhere_it_ends_in_the_same_bytes(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        quantized = i == 1;
        interrupt_anywhere();
    }
    quantized = false;
}

static char *text_of(const char *file)
{
    char *bytes;
    size_t length;
    Err err = {0};
    if (!file_read(file, 1 << 20, &bytes, &length, &err)) fail_msg("%s", err.text);
    return bytes;
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

/* Beside every checkpoint lie the rows so far; at the end they are those of history.csv. */
static void who_looks_on_sees_the_rows_so_far(void **state)
{
    (void)state;
    char whole[512];
    Err err = {0};
    test_path(path, "watched.safetensors");
    test_path(shown, "watched.csv");
    assert_true(file_write(shown, "of another training\n", 20, &err));
    for (size_t k = 0; k < EPOCHS * STEPS; k++) {
        unlink(path);
        assert_int_equal(process(k), TRAIN_INTERRUPTED);
        char *rows = text_of(shown);
        assert_int_equal(strncmp(rows, "epoch,learning_rate,objective_train,", 36), 0);
        assert_int_equal(lines_of(rows), 1 + k / STEPS);
        free(rows);
    }
    unlink(path);
    begin();
    assert_int_equal(train(NEVER, &err), TRAIN_DONE);
    assert_true(history_write(&position.history, test_path(whole, "whole.csv"), &err));
    char *rows = text_of(shown), *wanted = text_of(whole);
    assert_string_equal(rows, wanted);
    free(rows);
    free(wanted);
    end();
    shown[0] = '\0';
}

/* They are for onlookers: where they can't lie, training goes on. */
static void rows_that_cannot_be_shown_stop_nothing(void **state)
{
    (void)state;
    Err err = {0};
    test_path(path, "unseen.safetensors");
    test_path(shown, "no/such/folder/history.csv");
    begin();
    assert_int_equal(train(NEVER, &err), TRAIN_DONE);
    assert_int_equal(err.kind, ERR_NONE);
    shown[0] = '\0';
    end();
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    size_t length;
    char *whole = uninterrupted(&length);
    for (size_t threads = 2; threads <= 4; threads += 2) {
        pool_start(threads);
        unlink(path);
        assert_int_equal(process(NEVER), TRAIN_DONE);
        pool_stop();
        expect_bytes(whole, length, "threads", threads);
    }
    free(whole);
}

static void the_seed_changes_them(void **state)
{
    (void)state;
    size_t length, other_length;
    Err err = {0};
    char *whole = uninterrupted(&length);
    begin();
    tiny.experiment.seed = 2;
    assert_int_equal(train(NEVER, &err), TRAIN_DONE);
    end();
    char *other = read_all(&other_length);
    assert_true(other_length != length || memcmp(other, whole, length) != 0);
    free(other);
    free(whole);
}

static double cell(size_t row, const char *column)
{
    const HistoryView view = history_view(&position.history);
    for (size_t i = 0; i < view.columns; i++)
        if (strcmp(view.column[i], column) == 0) return view.values[row * view.columns + i];
    fail_msg("no column %s", column);
    return 0;
}

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-12 * (1 + fabs(wanted)))) fail_msg("%.17g is not %.17g", got, wanted);
}

static void the_history_adds_up(void **state)
{
    (void)state;
    Err err = {0};
    test_path(path, "history.safetensors");
    begin();
    assert_int_equal(train(NEVER, &err), TRAIN_DONE);
    assert_true(position.epoch == EPOCHS && position.step == 0);
    assert_int_equal(position.history.rows, EPOCHS);
    for (size_t i = 0; i < position.sums; i++)
        assert_true(position.sum[i].total == 0 && position.sum[i].segment == 0 && position.sum[i].in_segment == 0);
    for (size_t row = 0; row < EPOCHS; row++) {
        const ScheduleTime last = {row * STEPS + STEPS - 1, STEPS, EPOCHS};
        near(cell(row, "epoch"), (double)(row + 1));
        near(cell(row, "learning_rate"), 0.01 * schedule_at(&tiny.experiment.train.lr_schedule, last));
        near(cell(row, "kl_weight"), schedule_at(&tiny.experiment.losses[0].weight, last));
        near(cell(row, "reconstruction_weight"), 1);
        near(cell(row, "objective_test"),
             cell(row, "reconstruction_test") + cell(row, "kl_weight") * cell(row, "kl_test"));
        near(cell(row, "objective_valid"),
             cell(row, "reconstruction_valid") + cell(row, "kl_weight") * cell(row, "kl_valid"));
        /* in training the weight rises from step to step, up to the last one's */
        assert_true(cell(row, "objective_train") > cell(row, "reconstruction_train"));
        assert_true(cell(row, "objective_train") <
                    cell(row, "reconstruction_train") + cell(row, "kl_weight") * cell(row, "kl_train"));
    }
    assert_true(cell(1, "reconstruction_train") < cell(0, "reconstruction_train"));
    end();
}

/* The last batch of an epoch has 12 images: all 60 are seen once. A step's gradient is of the mean over
 * its batch. */
static void a_step_follows_the_gradient(void **state)
{
    (void)state;
    Tiny small;
    tiny_make(&small, TINY_WITH("train.optimizer={sgd: {lr: 0.5}}", "loss.kl=~", "train.epochs=1", "data.batch=64",
                                "train.history=none",
                                "network.decoder.layers=[dense: {units: 20, init: zeros}, "
                                "reshape: [4, 5, 1]]"));
    TrainState at;
    Err err = {0};
    Progress progress = {.label = "small", .quiet = true};
    train_state_init(&at, &small.experiment);
    const TrainJob job = {&small.model, &small.dataset, &at,      test_path(path, "small.safetensors"),
                          "me",         NULL,           &progress};
    looks = 0;
    stop = NEVER;
    assert_int_equal(train_run(&job, &err), TRAIN_DONE);
    /* from logits 0: the bias's gradient is 1/2 - mean of the pixel, and the loss 20 log 2 */
    const real *bias = tiny_param(&small, "decoder.dense.bias", NULL);
    for (size_t p = 0; p < TINY_PIXELS; p++) {
        double mean = 0;
        for (size_t i = 0; i < TINY_TRAIN; i++) mean += tiny_pixel(false, i, p) / 255.0 / TINY_TRAIN;
        assert_true(fabs((double)bias[p] + 0.5 * (0.5 - mean)) < 1e-6);
    }
    assert_true(fabs(at.history.values[2] - TINY_PIXELS * log(2)) < 1e-5);
    train_state_release(&at);
    tiny_release(&small);
}

static void a_loss_that_is_no_number_fails(void **state)
{
    (void)state;
    const struct {
        real value;
        const char *message;
    } cases[] = {
        {NAN, "the loss is not a number in epoch 2, step 3; a smaller learning rate usually helps"},
        {(real)3e38, "the loss is infinite in epoch 2, step 3; a smaller learning rate usually helps"},
    };
    test_path(path, "nan.safetensors");
    for (size_t i = 0; i < 2; i++) {
        Err err = {0};
        unlink(path);
        begin();
        history_add(&position.history);
        position.epoch = 1;
        position.step = 2;
        for (size_t p = 0; p < TINY_PIXELS; p++) tiny_param(&tiny, "decoder.dense.bias", NULL)[p] = cases[i].value;
        assert_int_equal(train(NEVER, &err), TRAIN_FAILED);
        assert_int_equal(err.kind, ERR_FAILED);
        assert_string_equal(err.loc.file, "tiny.yaml");
        assert_int_equal(err.loc.line, 13);
        assert_string_equal(err.text, cases[i].message);
        /* what has gone wrong is not kept */
        assert_false(file_exists(path));
        end();
    }
}

/* The loss of a step is known before its update: what the last one does is looked at by itself. */
static void a_last_update_that_overflows_fails(void **state)
{
    (void)state;
    Tiny small;
    tiny_make(&small,
              TINY_WITH("train.optimizer={sgd: {lr: 1000}}", "train.epochs=1", "data.batch=64", "train.history=none"));
    TrainState at;
    Err err = {0};
    Progress progress = {.label = "small", .quiet = true};
    train_state_init(&at, &small.experiment);
    const TrainJob job = {&small.model, &small.dataset, &at,      test_path(path, "last.safetensors"),
                          "me",         NULL,           &progress};
    size_t n;
    looks = 0;
    stop = NEVER;
    tiny_param(&small, "latent.gaussian_posterior.log_variance.bias", &n)[0] = (real)85;
    assert_int_equal(train_run(&job, &err), TRAIN_FAILED);
    assert_string_equal(err.text, "after epoch 1 there are parameters or losses that are no finite numbers; a smaller "
                                  "learning rate usually helps");
    assert_false(file_exists(path));
    train_state_release(&at);
    tiny_release(&small);
}

/* A damaged checkpoint may claim any place: one past the last step would read past the images. */
static void places_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t epoch, step;
        size_t rows;
    } cases[] = {
        {1, STEPS, 1}, {0, (uint64_t)1 << 40, 0},   {0, UINT64_MAX, 0}, {EPOCHS, 1, EPOCHS}, {1, 0, 0},
        {0, 0, 1},     {EPOCHS + 1, 0, EPOCHS + 1}, {UINT64_MAX, 0, 0},
    };
    test_path(path, "place.safetensors");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Err err = {0};
        begin();
        position.epoch = cases[i].epoch;
        position.step = cases[i].step;
        for (size_t row = 0; row < cases[i].rows; row++) history_add(&position.history);
        if (train(NEVER, &err) != TRAIN_FAILED) fail_msg("case %zu: trained", i);
        assert_string_equal(err.loc.file, path);
        assert_non_null(strstr(err.text, "damaged checkpoint: epoch "));
        assert_non_null(strstr(err.text, "delete it, or use --force, to train from the start"));
        end();
    }
}

static void a_checkpoint_that_cannot_be_written_fails(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        Err err = {0};
        test_path(path, "no/such/folder.safetensors");
        begin();
        assert_int_equal(train(k ? 1 : NEVER, &err), TRAIN_FAILED);
        assert_int_equal(err.kind, ERR_FAILED);
        assert_non_null(strstr(err.loc.file ? err.loc.file : err.text, "no/such/folder.safetensors"));
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupted_anywhere_it_ends_in_the_same_bytes),
        cmocka_unit_test(who_looks_on_sees_the_rows_so_far),
        cmocka_unit_test(rows_that_cannot_be_shown_stop_nothing),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(the_seed_changes_them),
        cmocka_unit_test(the_history_adds_up),
        cmocka_unit_test(a_step_follows_the_gradient),
        cmocka_unit_test(a_loss_that_is_no_number_fails),
        cmocka_unit_test(a_last_update_that_overflows_fails),
        cmocka_unit_test(places_that_cannot_be_are_refused),
        cmocka_unit_test(a_checkpoint_that_cannot_be_written_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
