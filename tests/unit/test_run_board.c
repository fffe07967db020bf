/* The table of the runs under way as text, and the records that it is made from. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runner/run/board.h"

static const BoardLine runs[] = {
    {.label = "vae/dim8/seed1",
     .record = {.epoch = 2, .epochs = 30, .part = 0.5, .loss = 109.6, .rate = 5120, .left = 250}},
    {.label = "vae/dim16/seed1",
     .record = {.epoch = 9, .epochs = 30, .part = 0.25, .loss = 99.876, .rate = 812, .left = 7}},
    {.label = "ae/seed1"},
    {.label = "vae/dim2/seed1", .record = {.note = "measuring elbo"}},
};

static Text text;

static int teardown(void **state)
{
    (void)state;
    text_release(&text);
    return 0;
}

static const char *drawn(const BoardLine *lines, size_t n, size_t width, size_t height)
{
    text_release(&text);
    board_text(&text, lines, n, width, height);
    return text.bytes;
}

static void a_run_of_its_own_is_one_bar(void **state)
{
    (void)state;
    assert_string_equal(drawn(runs, 1, 80, 23),
                        "vae/dim8/seed1  [#####-----]  3/30  loss 109.60  5120 images/s  4 min 10 s left");
}

static void columns_are_aligned(void **state)
{
    (void)state;
    assert_string_equal(
        drawn(runs, 4, 120, 23),
        "vae/dim8/seed1   [###############---------------]   3/30  loss 109.60  5120 images/s  4 min 10 s left\n"
        "vae/dim16/seed1  [#######-----------------------]  10/30   loss 99.88   812 images/s         7 s left\n"
        "ae/seed1         starting\n"
        "vae/dim2/seed1   measuring elbo");
}

static void a_narrow_terminal_leaves_columns_out(void **state)
{
    (void)state;
    assert_string_equal(drawn(runs, 4, 40, 23), "vae/dim8/seed1    3/30  4 min 10 s left\n"
                                                "vae/dim16/seed1  10/30         7 s left\n"
                                                "ae/seed1         starting\n"
                                                "vae/dim2/seed1   measuring elbo");
}

static void a_long_label_keeps_its_end(void **state)
{
    (void)state;
    const BoardLine line = {.label = "vae_binarized/dim8-beta2/seed1", .record = runs[0].record};
    assert_string_equal(drawn(&line, 1, 40, 23), "..m8-beta2/seed1  3/30  4 min 10 s left");
    assert_string_equal(drawn(&line, 1, 20, 23), "..beta2/seed1  3/30");
}

static void more_runs_than_lines_are_counted(void **state)
{
    (void)state;
    assert_string_equal(drawn(runs, 4, 40, 3), "vae/dim8/seed1    3/30  4 min 10 s left\n"
                                               "vae/dim16/seed1  10/30         7 s left\n"
                                               "... and 2 more");
    assert_string_equal(drawn(runs, 4, 40, 1), "4 runs");
    assert_string_equal(drawn(runs + 2, 1, 40, 1), "ae/seed1  starting");
}

/* Whatever the terminal's size and the numbers: as many lines as there is room for, each below the width. */
static void no_line_reaches_the_edge(void **state)
{
    (void)state;
    BoardLine wild[3] = {runs[0], runs[1], {.label = "v\xc3\xa4\xc3\xa9/dim8/seed1", .record = runs[0].record}};
    wild[0].record.loss = 1e300;
    wild[1].record =
        (ProgressRecord){.epoch = UINT64_MAX - 1, .epochs = UINT64_MAX, .part = 7, .rate = NAN, .left = INFINITY};
    for (size_t width = 1; width < 150; width++) {
        for (size_t height = 1; height < 5; height++) {
            size_t lines = 0;
            for (const char *line = drawn(wild, 3, width, height); line; lines++) {
                size_t columns = 0;
                for (; *line && *line != '\n'; line++) columns += ((unsigned char)*line & 0xC0) != 0x80;
                if (columns >= width && width > 1) fail_msg("%zu columns at %zu:\n%s", columns, width, text.bytes);
                line = *line ? line + 1 : NULL;
            }
            assert_int_equal(lines, height < 3 ? height : 3);
        }
    }
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    assert_true(!drawn(runs, 0, 80, 23) || !text.bytes[0]);
}

static void steps_and_notes_are_reported(void **state)
{
    (void)state;
    int ends[2];
    Progress progress;
    ProgressRecord record;
    assert_int_equal(pipe(ends), 0);
    progress_begin(&progress, "tiny", false, ends[1], 4, 10, 5);
    progress_step(&progress, 1, 9, 12.5, 32);
    progress_step(&progress, 1, 9, 12.5, 32); /* too soon after the other */
    progress.label = "a message that the test expects here";
    progress_note(&progress, "measuring %s", "what has a name that is longer than the room that there is for it");
    assert_int_equal(read(ends[0], &record, sizeof record), sizeof record);
    assert_int_equal(record.process, getpid());
    assert_int_equal(record.epoch, 1);
    assert_int_equal(record.epochs, 4);
    assert_true(record.part == 0.5 && record.loss == 12.5 && record.rate > 0 && record.left >= 0);
    assert_string_equal(record.note, "");
    assert_int_equal(read(ends[0], &record, sizeof record), sizeof record);
    assert_string_equal(record.note, "measuring what has a name that is longer than the room that the");
    progress_part(&progress, "measuring", "nll", 1, 4); /* too soon after the step */
    progress.last = progress.part_started = seconds_now() - 3;
    progress_part(&progress, "measuring", "nll", 3, 4);
    assert_int_equal(read(ends[0], &record, sizeof record), sizeof record);
    assert_string_equal(record.note, "measuring nll: 75%, 1 s left");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    assert_true(read(ends[0], &record, sizeof record) < 0);
    close(ends[0]);
    close(ends[1]);
}

static void a_run_whose_starter_is_gone_goes_on(void **state)
{
    (void)state;
    int ends[2];
    Progress progress;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    signal(SIGPIPE, SIG_IGN);
    progress_begin(&progress, "tiny", false, ends[1], 4, 10, 0);
    progress_step(&progress, 0, 0, 1, 32);
    assert_true(progress.last > 0);
    close(ends[1]);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_run_of_its_own_is_one_bar),
        TEST(columns_are_aligned),
        TEST(a_narrow_terminal_leaves_columns_out),
        TEST(a_long_label_keeps_its_end),
        TEST(more_runs_than_lines_are_counted),
        TEST(no_line_reaches_the_edge),
        TEST(nothing_is_nothing),
        TEST(steps_and_notes_are_reported),
        TEST(a_run_whose_starter_is_gone_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
