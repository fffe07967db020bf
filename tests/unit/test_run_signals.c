/* The signal flag, in processes of their own: a flag that is set can't be cleared. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "runner/run/signals.h"

/* Runs body in a child and returns how it ended. */
static int status_of(void (*body)(void))
{
    int status = 0;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        body();
        _exit(99);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void once(void)
{
    signals_catch();
    if (signals_pending() != 0) _exit(1);
    raise(SIGTERM);
    _exit(signals_pending() == SIGTERM ? 7 : 2);
}

static void interrupted(void)
{
    signals_catch();
    raise(SIGINT);
    _exit(signals_pending() == SIGINT ? 8 : 2);
}

static void twice(void)
{
    signals_catch();
    raise(SIGTERM);
    raise(SIGINT);
}

/* From a terminal and from the parent: one wish. */
static void twice_the_same(void)
{
    signals_catch();
    raise(SIGINT);
    raise(SIGINT);
    _exit(signals_pending() == SIGINT ? 10 : 2);
}

static void twice_with_time_between(void)
{
    signals_catch();
    raise(SIGINT);
    sleep(3);
    raise(SIGINT);
    _exit(2);
}

/* Held, a signal waits until it can be caught. */
static void held(void)
{
    signals_hold();
    raise(SIGTERM);
    if (signals_pending() != 0) _exit(1);
    signals_catch();
    _exit(signals_pending() == SIGTERM ? 11 : 2);
}

static void held_and_released(void)
{
    signals_catch();
    signals_hold();
    raise(SIGTERM);
    if (signals_pending() != 0) _exit(1);
    signals_release();
    _exit(signals_pending() == SIGTERM ? 12 : 2);
}

/* A call that sleeps goes on behind the handler: what waits for it need not know of signals. */
static void while_it_reads(void)
{
    int ends[2];
    char byte = 0;
    signals_catch();
    if (pipe(ends) != 0) _exit(1);
    const pid_t reader = getpid();
    if (fork() == 0) {
        usleep(100000);
        kill(reader, SIGTERM);
        usleep(100000);
        _exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
    }
    const bool whole = read(ends[0], &byte, 1) == 1 && byte == 'x';
    _exit(whole && signals_pending() == SIGTERM ? 13 : 2);
}

static void pipe_closed(void)
{
    signals_catch();
    raise(SIGPIPE);
    raise(SIGXFSZ);
    _exit(signals_pending() == 0 ? 9 : 2);
}

static void uncaught(void)
{
    raise(SIGTERM);
}

static void expect_exit(void (*body)(void), int code)
{
    const int status = status_of(body);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), code);
}

static void the_first_sets_the_flag_and_the_second_ends(void **state)
{
    (void)state;
    expect_exit(once, 7);
    expect_exit(interrupted, 8);
    expect_exit(twice, 128 + SIGINT);
    expect_exit(twice_the_same, 10);
    expect_exit(twice_with_time_between, 128 + SIGINT);
    expect_exit(held, 11);
    expect_exit(held_and_released, 12);
    expect_exit(while_it_reads, 13);
    expect_exit(pipe_closed, 9);
    const int status = status_of(uncaught);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_sets_the_flag_and_the_second_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
