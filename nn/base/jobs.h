/* The jobs that a pool's threads are at, and which of their tasks nobody has claimed yet. */
#ifndef NN_BASE_JOBS_H
#define NN_BASE_JOBS_H

#include <semaphore.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    JOBS_MAX = 8, /* at a time: one, and what its tasks run */
    JOBS_CACHE_LINE = 64
};

/* Tasks that nobody has claimed yet: from `begin`, the low half, up to `end`, the high one. Each job gives a share the
 * same part of its tasks, and a thread has the same share of each: what it writes is near when the next job's tasks
 * read it. Its owners claim from the beginning; who has nothing left claims from the end of others' shares. */
typedef struct Share {
    alignas(JOBS_CACHE_LINE) _Atomic uint64_t range;
} Share;

/* task and context are written while unfinished is 0 and the job is the writer's alone, and read only by a thread that
 * holds claimed tasks. A claim changes a share in one piece, so it can't mix two jobs up however late the thread is. */
typedef struct Job {
    atomic_bool taken;
    void (*task)(void *context, size_t i);
    void *context;
    Share *shares;
    sem_t finished;
    atomic_bool owner_sleeps;
    alignas(JOBS_CACHE_LINE) atomic_size_t unfinished;
} Job;

typedef struct Jobs {
    Job job[JOBS_MAX];
    atomic_uint open; /* a bit for each job whose shares are written: who looked before would find others' first */
    size_t shares;    /* of each job: as many as threads work at a time */
} Jobs;

/* Tasks [begin, end) of a job, which whoever claimed them runs. */
typedef struct Claim {
    Job *job;
    size_t begin, end;
} Claim;

void jobs_init(Jobs *jobs, size_t shares);
void jobs_release(Jobs *jobs); /* none is open, and no thread looks at them any more */

/* Tasks 0 .. tasks-1, up to UINT32_MAX of them, in shares; NULL: JOBS_MAX are open already. */
Job *jobs_open(Jobs *jobs, size_t tasks, void (*task)(void *context, size_t i), void *context);
void jobs_close(Jobs *jobs, Job *job); /* it is finished */

/* Claims some tasks of the thread's own share of the jobs, of `first` before other jobs; where those are empty, of
 * others', of `first` before other jobs. So two threads whose tasks run a job each don't do one of the two together
 * before the other. first: NULL for a thread that waits for none. */
bool jobs_claim(Jobs *jobs, size_t own, const Job *first, Claim *claim);
bool jobs_unclaimed(Jobs *jobs); /* whether there is a task that somebody could claim */

/* Runs the tasks, and wakes the job's owner if they were the last. */
void jobs_run(const Claim *claim);

bool job_finished(Job *job);
void job_nap(Job *job, int64_t nanoseconds); /* until it is finished, but not for longer */

#endif
