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

static void assert_claims(Jobs *jobs, size_t thread, const Job *first, const Job *job, size_t begin, size_t end)
{
    Claim claim = {0};
    assert_true(jobs_unclaimed(jobs));
    assert_true(jobs_claim(jobs, thread, first, &claim));
    assert_ptr_equal(claim.job, job);
    assert_int_equal(claim.begin, begin);
    assert_int_equal(claim.end, end);
    jobs_run(&claim);
}

/* The owner from the beginning, a quarter of what is left at a time, others from the end. */
static void a_share_is_claimed_from_both_ends(void **state)
{
    Jobs *jobs = *state;
    int counts[13] = {0};
    Job *job = jobs_open(jobs, 13, count_task, counts);
    assert_claims(jobs, 1, NULL, job, 7, 8); /* its share is [7, 13) */
    assert_claims(jobs, 1, NULL, job, 8, 9);
    assert_claims(jobs, 1, NULL, job, 9, 10);
    assert_claims(jobs, 1, NULL, job, 10, 11);
    assert_claims(jobs, 1, NULL, job, 11, 12);
    assert_claims(jobs, 1, NULL, job, 12, 13);
    assert_claims(jobs, 1, NULL, job, 6, 7); /* of [0, 7) */
    assert_claims(jobs, 0, NULL, job, 0, 1);
    assert_claims(jobs, 0, NULL, job, 1, 2);
    assert_claims(jobs, 0, NULL, job, 2, 3);
    assert_claims(jobs, 1, NULL, job, 5, 6);
    assert_false(job_finished(job));
    assert_claims(jobs, 1, NULL, job, 4, 5);
    assert_claims(jobs, 0, NULL, job, 3, 4);
    assert_true(job_finished(job));
    assert_false(jobs_unclaimed(jobs));
    assert_false(jobs_claim(jobs, 0, NULL, &(Claim){0}));
    for (size_t i = 0; i < 13; i++) assert_int_equal(counts[i], 1);
    jobs_close(jobs, job);
}

/* Two threads with a job each, of which one has long tasks: each does its share of its own, then of the other's. */
static void own_shares_of_all_jobs_come_before_others(void **state)
{
    Jobs *jobs = *state;
    int longs[2] = {0}, shorts[4] = {0};
    Job *a = jobs_open(jobs, 2, count_task, longs), *b = jobs_open(jobs, 4, count_task, shorts);
    assert_claims(jobs, 0, a, a, 0, 1);
    assert_claims(jobs, 1, b, b, 2, 3);
    assert_claims(jobs, 1, b, b, 3, 4);
    assert_claims(jobs, 1, b, a, 1, 2);
    assert_claims(jobs, 0, a, b, 0, 1);
    assert_claims(jobs, 1, b, b, 1, 2);
    assert_true(job_finished(a) && job_finished(b));
    jobs_close(jobs, b);
    jobs_close(jobs, a);
}

static void others_shares_of_the_own_job_come_first(void **state)
{
    Jobs *jobs = *state;
    int of_a[2] = {0}, of_b[2] = {0};
    Job *a = jobs_open(jobs, 2, count_task, of_a), *b = jobs_open(jobs, 2, count_task, of_b);
    assert_claims(jobs, 1, b, b, 1, 2);
    assert_claims(jobs, 1, b, a, 1, 2);
    assert_claims(jobs, 1, b, b, 0, 1);
    assert_claims(jobs, 1, b, a, 0, 1);
    jobs_close(jobs, a);
    jobs_close(jobs, b);
}

static void there_is_room_for_so_many(void **state)
{
    Jobs *jobs = *state;
    int counts[JOBS_MAX + 1][1] = {{0}};
    Job *open[JOBS_MAX];
    for (size_t i = 0; i < JOBS_MAX; i++) {
        open[i] = jobs_open(jobs, 1, count_task, counts[i]);
        assert_non_null(open[i]);
    }
    assert_null(jobs_open(jobs, 1, count_task, counts[JOBS_MAX]));
    for (size_t i = 0; i < JOBS_MAX; i++) assert_claims(jobs, 1, open[i], open[i], 0, 1);
    jobs_close(jobs, open[3]);
    Job *job = jobs_open(jobs, 1, count_task, counts[JOBS_MAX]);
    assert_ptr_equal(job, open[3]);
    assert_claims(jobs, 0, NULL, job, 0, 1);
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
