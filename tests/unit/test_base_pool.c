#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "nn/base/jobs.h"
#include "nn/base/pool.h"

static const size_t thread_counts[] = {1, 2, 3, 8};
enum { COUNTS = sizeof thread_counts / sizeof *thread_counts, TASKS_MAX = 1000 };

/* Plain counters: two threads on one task would be a race that the thread sanitizer sees. */
static void count_task(void *context, size_t i)
{
    int *counts = context;
    counts[i]++;
}

static int stop_pool(void **state)
{
    (void)state;
    pool_stop();
    return 0;
}

static void without_a_pool_the_caller_works(void **state)
{
    (void)state;
    pool_stop();
    assert_int_equal(pool_threads(), 1);
    assert_int_equal(pool_threads_together(), 1);
    int counts[5] = {0};
    pool_run(5, count_task, counts);
    for (size_t i = 0; i < 5; i++) assert_int_equal(counts[i], 1);
}

static void each_task_once(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 2, 3, 7, 64, TASKS_MAX};
    for (size_t t = 0; t < COUNTS; t++) {
        pool_start(thread_counts[t]);
        assert_int_equal(pool_threads(), thread_counts[t]);
        assert_in_range(pool_threads_together(), 1, thread_counts[t]);
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            int counts[TASKS_MAX + 1] = {0};
            pool_run(lengths[k], count_task, counts);
            for (size_t i = 0; i <= TASKS_MAX; i++) assert_int_equal(counts[i], i < lengths[k]);
        }
    }
}

/* What tasks wrote is seen after the run, and by the next run's tasks on other threads. */
static void thousands_of_small_runs(void **state)
{
    (void)state;
    for (size_t t = 0; t < COUNTS; t++) {
        pool_start(thread_counts[t]);
        enum { RUNS = 3000 };
        int counts[5] = {0};
        for (int run = 1; run <= RUNS; run++) {
            pool_run(1 + (size_t)run % 5, count_task, counts);
            assert_int_equal(counts[0], run);
        }
        int expected[5] = {RUNS, RUNS - RUNS / 5, RUNS - 2 * RUNS / 5, RUNS - 3 * RUNS / 5, RUNS / 5};
        for (size_t i = 0; i < 5; i++) assert_int_equal(counts[i], expected[i]);
    }
}

enum { SHARED = 48 };

/* When the caller, and when others, did which task, from 1; 0: not they. Each thread counts its own: of others there is
 * one at most. */
typedef struct Shared {
    pthread_t caller;
    struct {
        int done, when[SHARED];
    } by[2];
} Shared;

static void note_task(void *context, size_t i)
{
    Shared *shared = context;
    const size_t by = !pthread_equal(pthread_self(), shared->caller);
    shared->by[by].when[i] = ++shared->by[by].done;
    for (volatile int k = 0; k < 1000; k++) { /* so that the other comes in time for some */
    }
}

/* Whether a thread went up its own share, and did others' tasks only after that. */
static bool own_first(const int *when, size_t begin, size_t end)
{
    int last = 0;
    bool ok = true;
    for (size_t i = begin; i < end; i++) {
        if (when[i] == 0) continue;
        ok = ok && when[i] == last + 1;
        last = when[i];
    }
    for (size_t i = 0; i < SHARED; i++) ok = ok && ((i >= begin && i < end) || when[i] == 0 || when[i] > last);
    return ok;
}

/* Of two threads the caller's share is the first half. A worker that looks for tasks just when a run begins may see the
 * caller's before its own: now and then. */
static void threads_begin_with_their_own_share(void **state)
{
    (void)state;
    enum { RUNS = 1000 };
    int others_first = 0;
    pool_start(2);
    for (int run = 0; run < RUNS; run++) {
        Shared shared = {.caller = pthread_self()};
        pool_run(SHARED, note_task, &shared);
        assert_int_equal(shared.by[0].done + shared.by[1].done, SHARED);
        assert_true(own_first(shared.by[0].when, 0, SHARED / 2));
        others_first += !own_first(shared.by[1].when, SHARED / 2, SHARED);
    }
    if (others_first >= RUNS / 4) fail_msg("others first: %d", others_first);
}

static void sleep_milliseconds(long n)
{
    nanosleep(&(struct timespec){.tv_sec = n / 1000, .tv_nsec = n % 1000 * 1000000}, NULL);
}

/* Idle for longer than the spin: workers, and a caller with one long task left, sleep and are woken. */
static void sleepers_wake_up(void **state)
{
    (void)state;
    pool_start(3);
    int counts[64] = {0};
    for (int run = 1; run <= 20; run++) {
        sleep_milliseconds(2);
        pool_run(64, count_task, counts);
        for (size_t i = 0; i < 64; i++) assert_int_equal(counts[i], run);
    }
}

static void long_task(void *context, size_t i)
{
    atomic_size_t *finished = context;
    sleep_milliseconds(i == 0 ? 30 : 5);
    atomic_fetch_add(finished, 1);
}

static void run_ends_with_its_last_task(void **state)
{
    (void)state;
    for (size_t t = 0; t < COUNTS; t++) {
        pool_start(thread_counts[t]);
        atomic_size_t finished = 0;
        pool_run(8, long_task, &finished);
        assert_int_equal(atomic_load(&finished), 8);
    }
}

static void restrict_to_processors(int count, cpu_set_t *before)
{
    cpu_set_t some;
    CPU_ZERO(&some);
    assert_int_equal(sched_getaffinity(0, sizeof *before, before), 0);
    for (int i = 0; CPU_COUNT(&some) < count; i++)
        if (CPU_ISSET(i, before)) CPU_SET(i, &some);
    assert_int_equal(sched_setaffinity(0, sizeof some, &some), 0);
}

static void processors_are_those_of_the_process(void **state)
{
    (void)state;
    cpu_set_t all;
    restrict_to_processors(1, &all);
    assert_int_equal(pool_processors(), 1);
    pool_start(3);
    assert_int_equal(pool_threads_together(), 1);
    int counts[7] = {0};
    pool_run(7, count_task, counts);
    for (size_t i = 0; i < 7; i++) assert_int_equal(counts[i], 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    assert_int_equal(pool_processors(), CPU_COUNT(&all));
}

typedef struct Meeting {
    atomic_size_t missing, running, most;
} Meeting;

/* Each task waits for the others to have begun, so each needs a thread of its own. */
static void meet(void *context, size_t i)
{
    (void)i;
    Meeting *meeting = context;
    atomic_fetch_sub(&meeting->missing, 1);
    while (atomic_load(&meeting->missing) > 0) sched_yield();
}

/* As many at a time as there are processors, in turns: between two runs the workers fall asleep. */
static void all_threads_take_part(void **state)
{
    (void)state;
    for (size_t t = 0; t < COUNTS; t++) {
        pool_start(thread_counts[t]);
        assert_int_equal(pool_threads_used(), 0);
        const size_t together = thread_counts[t] < pool_processors() ? thread_counts[t] : pool_processors();
        assert_int_equal(pool_threads_together(), together);
        for (int run = 0; run < 1000 && (run < 50 || pool_threads_used() < thread_counts[t]); run++) {
            Meeting meeting = {.missing = together};
            if (together < thread_counts[t] || run % 10 == 0) sleep_milliseconds(1);
            pool_run(together, meet, &meeting);
        }
        assert_int_equal(pool_threads_used(), together > 1 ? thread_counts[t] : 1);
    }
}

static void note_thread(void *context, size_t i)
{
    ((pthread_t *)context)[i] = pthread_self();
}

/* Also while workers, who have just had work, still look for more. */
static void one_task_runs_on_the_caller(void **state)
{
    (void)state;
    pool_start(2);
    for (int i = 0; i < 2000; i++) {
        pthread_t threads[16];
        pool_run(16, note_thread, threads);
        pool_run(1, note_thread, threads);
        assert_true(pthread_equal(threads[0], pthread_self()));
    }
}

static void note_running(void *context, size_t i)
{
    (void)i;
    Meeting *meeting = context;
    const size_t running = atomic_fetch_add(&meeting->running, 1) + 1;
    size_t most = atomic_load(&meeting->most);
    while (running > most && !atomic_compare_exchange_weak(&meeting->most, &most, running)) continue;
    sleep_milliseconds(1);
    atomic_fetch_sub(&meeting->running, 1);
}

static void no_more_at_a_time_than_processors(void **state)
{
    (void)state;
    pool_start(pool_processors() + 6);
    Meeting meeting = {0};
    for (int run = 0; run < 10; run++) {
        sleep_milliseconds(1);
        pool_run(40, note_running, &meeting);
    }
    assert_in_range(atomic_load(&meeting.most), 1, pool_processors());
}

enum { PAIRS = 2 };

typedef struct Pairs {
    Meeting meeting[PAIRS];
    atomic_size_t begun;
    pthread_t thread[2 * PAIRS];
} Pairs;

/* Of the tasks that two threads have begun, each waits for the other's. */
static void note_thread_and_meet(void *context, size_t i)
{
    Pairs *pairs = context;
    pairs->thread[i] = pthread_self();
    meet(&pairs->meeting[atomic_fetch_add(&pairs->begun, 1) / 2], i);
}

/* So it finds what it wrote in its own caches, whichever worker is awake. */
static void the_caller_keeps_its_share_beside_workers_in_turns(void **state)
{
    (void)state;
    if (pool_processors() < 2) skip();
    cpu_set_t all;
    restrict_to_processors(2, &all);
    pool_start(8);
    for (int run = 0; run < 50; run++) {
        Pairs pairs = {.meeting = {{.missing = 2}, {.missing = 2}}};
        sleep_milliseconds(1);
        pool_run(2 * PAIRS, note_thread_and_meet, &pairs);
        for (size_t i = 0; i < PAIRS; i++) assert_true(pthread_equal(pairs.thread[i], pthread_self()));
    }
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static void start_and_stop_in_a_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < 200; i++) {
        pool_start(1 + i % 4);
        int counts[3] = {0};
        if (i % 3) pool_run(3, count_task, counts);
        if (i % 2) pool_stop();
        if (i % 5 == 0) pool_stop();
    }
    pool_stop();
    pool_stop();
    assert_int_equal(pool_threads(), 1);
}

#ifdef __SSE__
static void note_mxcsr(void *context, size_t i)
{
    unsigned *modes = context;
    modes[i] = __builtin_ia32_stmxcsr() & 0xffc0;
    sched_yield();
}

/* Bits 15 and 6 flush denormals; threads inherit them from their maker unless told otherwise. */
static void default_mxcsr_everywhere(void **state)
{
    (void)state;
    __builtin_ia32_ldmxcsr(0x1f80 | 0x8040);
    pool_start(4);
    unsigned modes[200] = {0};
    pool_run(200, note_mxcsr, modes);
    for (size_t i = 0; i < 200; i++) assert_int_equal(modes[i], 0x1f80);
}
#endif

enum { DEPTH = JOBS_MAX + 2, LEAVES = 3 };

typedef struct Branch {
    int *leaves;
    size_t depth;
} Branch;

/* Each branch runs two, the last ones some leaves. */
static void grow(void *context, size_t i)
{
    const Branch *from = context;
    const size_t below = LEAVES << (from->depth - 1);
    Branch branch = {from->leaves + i * below, from->depth - 1};
    if (branch.depth > 0)
        pool_run(2, grow, &branch);
    else
        pool_run(LEAVES, count_task, branch.leaves);
    for (size_t k = 0; k < below; k++) assert_int_equal(branch.leaves[k], 1);
}

/* What a task runs is done when that run returns, once, also where more jobs are open than there is room for. */
static void tasks_run_tasks(void **state)
{
    (void)state;
    for (size_t t = 0; t < COUNTS; t++) {
        pool_start(thread_counts[t]);
        for (int run = 0; run < 50; run++) {
            int leaves[LEAVES << DEPTH] = {0};
            Branch root = {leaves, DEPTH};
            pool_run(2, grow, &root);
        }
    }
}

static void meet_within(void *context, size_t i)
{
    if (i == 1) pool_run(2, meet, context);
}

/* Another thread helps with them, whichever thread ran them. */
static void tasks_of_tasks_are_shared(void **state)
{
    (void)state;
    if (pool_processors() < 2) skip();
    pool_start(2);
    for (int run = 0; run < 200; run++) {
        Meeting meeting = {.missing = 2};
        if (run % 10 == 0) sleep_milliseconds(1);
        pool_run(2, meet_within, &meeting);
        assert_int_equal(atomic_load(&meeting.missing), 0);
    }
}

static void meet_later(void *context, size_t i)
{
    if (i == 0) return;
    sleep_milliseconds(2);
    pool_run(2, meet, context);
}

/* Who waits for its job longer than it spins looks for other work all the same. */
static void waiting_threads_help_later(void **state)
{
    (void)state;
    if (pool_processors() < 2) skip();
    for (size_t threads = 2; threads <= 8; threads *= 2) {
        pool_start(threads);
        for (int run = 0; run < 20; run++) {
            Meeting meeting = {.missing = 2};
            pool_run(2, meet_later, &meeting);
            assert_int_equal(atomic_load(&meeting.missing), 0);
        }
    }
}

static void long_within(void *context, size_t i)
{
    if (i == 0) pool_run(4, long_task, context);
}

/* Who waits for them longer than it spins sleeps, caller or worker, and is woken. */
static void waiting_tasks_wake_up(void **state)
{
    (void)state;
    for (size_t t = 0; t < COUNTS; t++) {
        pool_start(thread_counts[t]);
        atomic_size_t finished = 0;
        for (size_t run = 1; run <= 3; run++) {
            pool_run(2, long_within, &finished);
            assert_int_equal(atomic_load(&finished), 4 * run);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(without_a_pool_the_caller_works, stop_pool),
        cmocka_unit_test_teardown(each_task_once, stop_pool),
        cmocka_unit_test_teardown(thousands_of_small_runs, stop_pool),
        cmocka_unit_test_teardown(threads_begin_with_their_own_share, stop_pool),
        cmocka_unit_test_teardown(sleepers_wake_up, stop_pool),
        cmocka_unit_test_teardown(run_ends_with_its_last_task, stop_pool),
        cmocka_unit_test_teardown(all_threads_take_part, stop_pool),
        cmocka_unit_test_teardown(one_task_runs_on_the_caller, stop_pool),
        cmocka_unit_test_teardown(processors_are_those_of_the_process, stop_pool),
        cmocka_unit_test_teardown(no_more_at_a_time_than_processors, stop_pool),
        cmocka_unit_test_teardown(the_caller_keeps_its_share_beside_workers_in_turns, stop_pool),
        cmocka_unit_test_teardown(start_and_stop_in_a_row, stop_pool),
#ifdef __SSE__
        cmocka_unit_test_teardown(default_mxcsr_everywhere, stop_pool),
#endif
        cmocka_unit_test_teardown(tasks_run_tasks, stop_pool),
        cmocka_unit_test_teardown(tasks_of_tasks_are_shared, stop_pool),
        cmocka_unit_test_teardown(waiting_tasks_wake_up, stop_pool),
        cmocka_unit_test_teardown(waiting_threads_help_later, stop_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
