#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "nn/base/jobs.h"

enum { THREADS = 2 };

static int init(void **state)
{
    static Jobs jobs;
    jobs_init(&jobs, THREADS);
    *state = &jobs;
    return 0;
}

static int release(void **state)
{
    jobs_release(*state);
    return 0;
}

static void count_task(void *context, size_t i)
{
    ((int *)context)[i]++;
}

enum { NONE = -1 };

/* A thread, the job that it waits for, by its number or NONE, and what it claims and runs then. */
typedef struct Step {
    size_t thread;
    int first, job;
    size_t begin, end;
} Step;

static void claim_in_turn(Jobs *jobs, Job *const job[], size_t n, const Step *steps)
{
    for (size_t i = 0; i < n; i++) {
        const Step *step = &steps[i];
        Claim claim = {0};
        assert_true(jobs_unclaimed(jobs));
        assert_true(jobs_claim(jobs, step->thread, step->first == NONE ? NULL : job[step->first], &claim));
        assert_ptr_equal(claim.job, job[step->job]);
        assert_int_equal(claim.begin, step->begin);
        assert_int_equal(claim.end, step->end);
        assert_false(job_finished(claim.job));
        jobs_run(&claim);
    }
    assert_false(jobs_unclaimed(jobs));
    assert_false(jobs_claim(jobs, 0, NULL, &(Claim){0}));
}

/* Opens a job of so many tasks, and a second one where that has some; the steps run all of them, each once. */
static void claim_all(Jobs *jobs, size_t tasks, size_t tasks_of_second, size_t n, const Step *steps)
{
    enum { TASKS = 16 };
    int counts[2][TASKS] = {{0}};
    Job *job[2] = {jobs_open(jobs, tasks, count_task, counts[0])};
    if (tasks_of_second) job[1] = jobs_open(jobs, tasks_of_second, count_task, counts[1]);
    claim_in_turn(jobs, job, n, steps);
    for (size_t i = 0; i < TASKS; i++) {
        assert_int_equal(counts[0][i], i < tasks);
        assert_int_equal(counts[1][i], i < tasks_of_second);
    }
    for (size_t i = 0; i < 2 && job[i]; i++) {
        assert_true(job_finished(job[i]));
        jobs_close(jobs, job[i]);
    }
}

#define COUNT(steps) (sizeof(steps) / sizeof *(steps))

/* The owner from the beginning, a quarter of what is left at a time, others from the end. */
static void a_share_is_claimed_from_both_ends(void **state)
{
    static const Step steps[] = {
        {1, NONE, 0, 7, 8},   {1, NONE, 0, 8, 9},   {1, NONE, 0, 9, 10},                      /* its share is [7, 13) */
        {1, NONE, 0, 10, 11}, {1, NONE, 0, 11, 12}, {1, NONE, 0, 12, 13}, {1, NONE, 0, 6, 7}, /* of [0, 7) */
        {0, NONE, 0, 0, 1},   {0, NONE, 0, 1, 2},   {0, NONE, 0, 2, 3},   {1, NONE, 0, 5, 6},
        {1, NONE, 0, 4, 5},   {0, NONE, 0, 3, 4},
    };
    claim_all(*state, 13, 0, COUNT(steps), steps);
}

/* Two threads with a job each, of which one has long tasks: each does its share of its own, then of the other's. */
static void own_shares_of_all_jobs_come_before_others(void **state)
{
    static const Step steps[] = {
        {0, 0, 0, 0, 1}, {1, 1, 1, 2, 3}, {1, 1, 1, 3, 4}, {1, 1, 0, 1, 2}, {0, 0, 1, 0, 1}, {1, 1, 1, 1, 2},
    };
    claim_all(*state, 2, 4, COUNT(steps), steps);
}

static void others_shares_of_the_own_job_come_first(void **state)
{
    static const Step steps[] = {{1, 1, 1, 1, 2}, {1, 1, 0, 1, 2}, {1, 1, 1, 0, 1}, {1, 1, 0, 0, 1}};
    claim_all(*state, 2, 2, COUNT(steps), steps);
}

static void there_is_room_for_so_many(void **state)
{
    Jobs *jobs = *state;
    int counts[JOBS_MAX + 1][1] = {{0}};
    Job *open[JOBS_MAX];
    Step steps[JOBS_MAX];
    for (size_t i = 0; i < JOBS_MAX; i++) {
        steps[i] = (Step){1, (int)i, (int)i, 0, 1};
        open[i] = jobs_open(jobs, 1, count_task, counts[i]);
        assert_non_null(open[i]);
    }
    assert_null(jobs_open(jobs, 1, count_task, counts[JOBS_MAX]));
    claim_in_turn(jobs, open, JOBS_MAX, steps);
    jobs_close(jobs, open[3]);
    Job *job = jobs_open(jobs, 1, count_task, counts[JOBS_MAX]);
    assert_ptr_equal(job, open[3]);
    claim_in_turn(jobs, &job, 1, &(Step){0, NONE, 0, 0, 1});
    for (size_t i = 0; i < JOBS_MAX; i++) jobs_close(jobs, open[i]);
    for (size_t i = 0; i <= JOBS_MAX; i++) assert_int_equal(counts[i][0], 1);
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *run_later(void *claim)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    jobs_run(claim);
    return NULL;
}

/* Until the job is finished, or the time is over; and a nap that was over leaves nothing behind for the next. */
static void naps_end(void **state)
{
    enum { MILLISECOND = 1000000, MINUTE = 60000 };
    Jobs *jobs = *state;
    int count = 0;
    for (int run = 0; run < 20; run++) {
        Job *job = jobs_open(jobs, 1, count_task, &count);
        const int64_t begin = nanoseconds();
        job_nap(job, MILLISECOND);
        assert_true(nanoseconds() - begin >= MILLISECOND);
        assert_false(job_finished(job));
        Claim claim = {0};
        assert_true(jobs_claim(jobs, 0, job, &claim));
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, run_later, &claim), 0);
        if (run % 2) job_nap(job, (int64_t)MINUTE * MILLISECOND);
        assert_true(run % 2 == 0 || job_finished(job));
        assert_int_equal(pthread_join(thread, NULL), 0);
        job_nap(job, (int64_t)MINUTE * MILLISECOND);
        jobs_close(jobs, job);
    }
    assert_int_equal(count, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_share_is_claimed_from_both_ends, init, release),
        cmocka_unit_test_setup_teardown(own_shares_of_all_jobs_come_before_others, init, release),
        cmocka_unit_test_setup_teardown(others_shares_of_the_own_job_come_first, init, release),
        cmocka_unit_test_setup_teardown(there_is_room_for_so_many, init, release),
        cmocka_unit_test_setup_teardown(naps_end, init, release),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
