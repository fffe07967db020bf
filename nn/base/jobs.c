#include "nn/base/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"

enum { CLAIMS = 4 /* a claim takes this part of what is left of a share */ };

static uint64_t range_of(size_t begin, size_t end)
{
    return (uint64_t)end << 32 | begin;
}

static size_t begin_of(uint64_t range)
{
    return range & UINT32_MAX;
}

static size_t end_of(uint64_t range)
{
    return range >> 32;
}

void jobs_init(Jobs *jobs, size_t shares)
{
    atomic_init(&jobs->open, 0);
    jobs->shares = shares;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        Job *job = &jobs->job[i];
        job->shares = mem_zeroed(shares, sizeof *job->shares);
        for (size_t k = 0; k < shares; k++) atomic_init(&job->shares[k].range, 0);
        atomic_init(&job->taken, false);
        atomic_init(&job->owner_sleeps, false);
        atomic_init(&job->unfinished, 0);
        if (sem_init(&job->finished, 0, 0) != 0) BUG("sem_init failed");
    }
}

void jobs_release(Jobs *jobs)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        sem_destroy(&jobs->job[i].finished);
        free(jobs->job[i].shares);
    }
}

/* Nearly equal parts. */
static void share_out(Job *job, size_t tasks, size_t shares)
{
    const size_t part = tasks / shares, more = tasks % shares;
    for (size_t i = 0, begin = 0; i < shares; i++) {
        const size_t end = begin + part + (i < more);
        atomic_store(&job->shares[i].range, range_of(begin, end));
        begin = end;
    }
}

static Job *take(Jobs *jobs)
{
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (!atomic_load(&jobs->job[i].taken) && !atomic_exchange(&jobs->job[i].taken, true)) return &jobs->job[i];
    return NULL;
}

static unsigned bit_of(const Jobs *jobs, const Job *job)
{
    return 1U << (job - jobs->job);
}

Job *jobs_open(Jobs *jobs, size_t tasks, void (*task)(void *context, size_t i), void *context)
{
    Job *job = take(jobs);
    if (!job) return NULL;
    job->task = task;
    job->context = context;
    atomic_store(&job->unfinished, tasks);
    share_out(job, tasks, jobs->shares);
    atomic_fetch_or(&jobs->open, bit_of(jobs, job));
    return job;
}

void jobs_close(Jobs *jobs, Job *job)
{
    atomic_fetch_and(&jobs->open, ~bit_of(jobs, job));
    atomic_store(&job->taken, false);
}

static bool claim_share(Job *job, size_t place, bool own, Claim *claim)
{
    _Atomic uint64_t *share = &job->shares[place].range;
    uint64_t range = atomic_load(share);
    while (begin_of(range) < end_of(range)) {
        const size_t left = end_of(range) - begin_of(range), some = left > CLAIMS ? left / CLAIMS : 1;
        claim->job = job;
        claim->begin = own ? begin_of(range) : end_of(range) - some;
        claim->end = claim->begin + some;
        const uint64_t rest = own ? range_of(claim->end, end_of(range)) : range_of(begin_of(range), claim->begin);
        if (atomic_compare_exchange_weak(share, &range, rest)) return true;
    }
    return false;
}

/* Of the shares that lie `from` to `to` places behind the own one, which is the first of all. */
static bool claim_shares(Jobs *jobs, size_t own, size_t first, size_t from, size_t to, Claim *claim)
{
    const unsigned open = atomic_load(&jobs->open);
    for (size_t k = 0; open && k < JOBS_MAX; k++) {
        const size_t at = (first + k) % JOBS_MAX;
        for (size_t i = from; open >> at & 1 && i < to; i++)
            if (claim_share(&jobs->job[at], (own + i) % jobs->shares, i == 0, claim)) return true;
    }
    return false;
}

bool jobs_claim(Jobs *jobs, size_t own, const Job *first, Claim *claim)
{
    const size_t at = first ? (size_t)(first - jobs->job) : 0;
    return claim_shares(jobs, own, at, 0, 1, claim) || claim_shares(jobs, own, at, 1, jobs->shares, claim);
}

bool jobs_unclaimed(Jobs *jobs)
{
    const unsigned open = atomic_load(&jobs->open);
    for (size_t at = 0; open >> at; at++) {
        for (size_t i = 0; open >> at & 1 && i < jobs->shares; i++) {
            const uint64_t range = atomic_load(&jobs->job[at].shares[i].range);
            if (begin_of(range) < end_of(range)) return true;
        }
    }
    return false;
}

/* Whether this thread is the one that took the flag down. */
static bool take_down(atomic_bool *flag)
{
    return atomic_load(flag) && atomic_exchange(flag, false);
}

void jobs_run(const Claim *claim)
{
    Job *job = claim->job;
    const size_t tasks = claim->end - claim->begin;
    for (size_t i = claim->begin; i < claim->end; i++) job->task(job->context, i);
    if (atomic_fetch_sub(&job->unfinished, tasks) == tasks && take_down(&job->owner_sleeps)) sem_post(&job->finished);
}

bool job_finished(Job *job)
{
    return atomic_load(&job->unfinished) == 0;
}

static struct timespec from_now(int64_t nanoseconds)
{
    enum { SECOND = 1000000000 };
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    nanoseconds += at.tv_nsec;
    at.tv_sec += nanoseconds / SECOND;
    at.tv_nsec = nanoseconds % SECOND;
    return at;
}

/* Whoever takes the flag down while the owner naps has a wake-up coming: a finisher, which may be a late one of the job
 * that was in this place before. */
void job_nap(Job *job, int64_t nanoseconds)
{
    const struct timespec end = from_now(nanoseconds);
    atomic_store(&job->owner_sleeps, true);
    int waited = job_finished(job) ? ETIMEDOUT : 0;
    while (waited != ETIMEDOUT) {
        if (sem_clockwait(&job->finished, CLOCK_MONOTONIC, &end) == 0) return;
        waited = errno;
        if (waited != ETIMEDOUT && waited != EINTR) BUG("sem_clockwait failed");
    }
    if (take_down(&job->owner_sleeps)) return;
    while (sem_wait(&job->finished) != 0) {
        if (errno != EINTR) BUG("sem_wait failed");
    }
}
