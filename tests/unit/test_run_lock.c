/* The lock on a folder, on file systems that answer in their own way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "runner/run/lock.h"
#include "tests/support/folder.h"

static int answers[4]; /* errno of the calls to come, 0: ask the system */
static size_t calls;

/* In place of the C library's. */
int flock(int descriptor, int operation)
{
    const int answer = calls < sizeof answers / sizeof *answers ? answers[calls] : 0;
    calls++;
    if (answer == 0) return (int)syscall(SYS_flock, descriptor, operation);
    errno = answer;
    return -1;
}

static int take(const char *folder, Err *err, int first, int second, int third)
{
    calls = 0;
    answers[0] = first;
    answers[1] = second;
    answers[2] = third;
    *err = (Err){0};
    return lock_take(folder, "vae/seed1", err);
}

static void a_free_folder_is_locked(void **state)
{
    (void)state;
    char folder[512], text[64], number[64];
    Err err;
    test_path(folder, "free");
    const int lock = take(folder, &err, 0, 0, 0);
    assert_true(lock >= 0);
    const ssize_t length = pread(lock, text, sizeof text, 0);
    assert_int_equal(length, snprintf(number, sizeof number, "%ld\n", (long)getpid()));
    assert_memory_equal(text, number, (size_t)length);
    const int other = open(strcat(folder, "/log/lock"), O_RDWR);
    assert_int_not_equal(syscall(SYS_flock, other, LOCK_EX | LOCK_NB), 0);
    lock_release(lock);
    assert_int_equal(syscall(SYS_flock, other, LOCK_EX | LOCK_NB), 0);
    close(other);
}

/* A system call that was interrupted says nothing of a holder, and one that is there is waited for. */
static void who_holds_it_is_waited_for(void **state)
{
    (void)state;
    char folder[512];
    Err err;
    test_path(folder, "held");
    static const int ways[][3] = {{EINTR, 0, 0}, {EWOULDBLOCK, 0, 0}, {EWOULDBLOCK, EINTR, EWOULDBLOCK}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const int lock = take(folder, &err, ways[i][0], ways[i][1], ways[i][2]);
        if (lock < 0) fail_msg("%s", err.text);
        lock_release(lock);
    }
}

/* Nobody will ever free it. */
static void a_file_system_without_locks_is_named(void **state)
{
    (void)state;
    char folder[512], wanted[700];
    Err err;
    test_path(folder, "without");
    static const int reasons[] = {ENOSYS, ENOLCK, EOPNOTSUPP, EIO};
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        for (int later = 0; later < 2; later++) {
            assert_int_equal(take(folder, &err, later ? EWOULDBLOCK : reasons[i], reasons[i], reasons[i]), -1);
            snprintf(wanted, sizeof wanted, "can't lock %s/log/lock: %s", folder, strerror(reasons[i]));
            assert_string_equal(err.text, wanted);
            assert_int_equal(calls, 1 + later);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_folder_is_locked),
        cmocka_unit_test(who_holds_it_is_waited_for),
        cmocka_unit_test(a_file_system_without_locks_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
