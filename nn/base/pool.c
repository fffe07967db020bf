#include "nn/base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"
#include "nn/base/jobs.h"

enum {
    SPIN_NANOSECONDS = 20000,        /* of an idle worker */
    OWNER_SPIN_NANOSECONDS = 200000, /* of who waits for its job, whose last tasks are at work and about to end */
    NAP_NANOSECONDS = 500000,        /* then, between two looks for other work */
    PAUSES_A_LOOK = 16
};

typedef struct Thread {
    pthread_t id;
    atomic_bool used; /* it has run a task */
} Thread;

static struct {
    Jobs jobs;
    atomic_size_t sleepers;       /* workers that wait for a permit and were not given one */
    atomic_size_t sleepers_least; /* more threads than processors would take them from each other */
    sem_t permits;
    atomic_size_t searching; /* threads that are awake and have nothing to do */
    atomic_bool stopping;
    size_t count, together;
    Thread *threads; /* the first is who has started the pool; NULL: there is none */
} pool;

/* This thread's place among them. */
static _Thread_local size_t self;

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

/* Round to nearest, no flush to zero: a new thread would inherit whatever its maker had. */
static void set_default_mxcsr(void)
{
#ifdef __SSE__
    __builtin_ia32_ldmxcsr(0x1f80);
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool work_waits(Job *job)
{
    return jobs_unclaimed(&pool.jobs) || atomic_load(&pool.stopping) || (job && job_finished(job));
}

static bool search(Job *job, int64_t limit)
{
    int64_t begin = nanoseconds();
    do {
        for (int i = 0; i < PAUSES_A_LOOK; i++) {
            if (work_waits(job)) return true;
            pause_briefly();
        }
    } while (nanoseconds() - begin < limit);
    return false;
}

/* True as soon as there is work, or the job is finished, false after that many nanoseconds. */
static bool spin(Job *job, int64_t limit)
{
    atomic_fetch_add(&pool.searching, 1);
    const bool found = search(job, limit);
    atomic_fetch_sub(&pool.searching, 1);
    return found;
}

/* Who has started the pool has one to itself; workers that are not awake together have the same. */
static size_t own_share(void)
{
    const size_t workers = pool.together - 1;
    return self == 0 || workers == 0 ? 0 : 1 + (self - 1) % workers;
}

static bool run_some(const Job *first)
{
    Claim claim;
    if (!jobs_claim(&pool.jobs, own_share(), first, &claim)) return false;
    if (!atomic_load_explicit(&pool.threads[self].used, memory_order_relaxed))
        atomic_store(&pool.threads[self].used, true);
    jobs_run(&claim);
    return true;
}

static void wait_for_permit(void)
{
    while (sem_wait(&pool.permits) != 0) {
        if (errno != EINTR) BUG("sem_wait failed");
    }
}

/* Takes up to `wanted` workers out of the sleepers; returns how many. */
static size_t take_sleepers(size_t wanted)
{
    const size_t least = atomic_load(&pool.sleepers_least);
    size_t sleepers = atomic_load(&pool.sleepers), taken;
    do {
        const size_t spare = sleepers > least ? sleepers - least : 0;
        taken = wanted < spare ? wanted : spare;
        if (taken == 0) return 0;
    } while (!atomic_compare_exchange_weak(&pool.sleepers, &sleepers, sleepers - taken));
    return taken;
}

/* Permits go to the sleepers in the order in which they fell asleep, so all threads have their turn. */
static void wake_workers(size_t wanted)
{
    for (size_t n = take_sleepers(wanted); n > 0; n--) sem_post(&pool.permits);
}

/* The sleeper counts itself before it looks again, and who opens a job does so before it counts sleepers: one of the
 * two sees the other. Who was taken out of the sleepers has a permit coming. */
static void sleep_until_work(void)
{
    atomic_fetch_add(&pool.sleepers, 1);
    if (work_waits(NULL) && take_sleepers(1)) return;
    wait_for_permit();
}

static void *worker_main(void *thread)
{
    self = (size_t)((Thread *)thread - pool.threads);
    set_default_mxcsr();
    wait_for_permit();
    while (!atomic_load(&pool.stopping)) {
        while (run_some(NULL)) continue;
        if (!spin(NULL, SPIN_NANOSECONDS)) sleep_until_work();
    }
    return NULL;
}

/* A set may be too small for what the machine could have. */
size_t pool_processors(void)
{
    enum { MOST = 1 << 20 };
    for (int most = CPU_SETSIZE; most <= MOST; most *= 2) {
        cpu_set_t *set = CPU_ALLOC((size_t)most);
        const size_t bytes = CPU_ALLOC_SIZE((size_t)most);
        const bool got = set && sched_getaffinity(0, bytes, set) == 0;
        const int count = got ? CPU_COUNT_S(bytes, set) : 0;
        if (set) CPU_FREE(set);
        if (got) return (size_t)count;
        if (errno != EINVAL) break;
    }
    return 1;
}

void pool_start(size_t threads)
{
    if (threads == 0) BUG("a pool of 0 threads");
    pool_stop();
    set_default_mxcsr();
    pool.threads = mem_zeroed(threads, sizeof *pool.threads);
    if (sem_init(&pool.permits, 0, 0) != 0) BUG("sem_init failed");
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (pool.count = 1; pool.count < threads; pool.count++) {
        Thread *thread = &pool.threads[pool.count];
        if (pthread_create(&thread->id, NULL, worker_main, thread) != 0) break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    const size_t processors = pool_processors();
    pool.together = pool.count < processors ? pool.count : processors;
    jobs_init(&pool.jobs, pool.together);
    atomic_store(&pool.sleepers, pool.count - 1);
    atomic_store(&pool.sleepers_least, pool.count - pool.together);
}

void pool_stop(void)
{
    if (!pool.threads) return;
    atomic_store(&pool.stopping, true);
    atomic_store(&pool.sleepers_least, 0);
    wake_workers(pool.count);
    for (size_t i = 1; i < pool.count; i++) pthread_join(pool.threads[i].id, NULL);
    sem_destroy(&pool.permits);
    jobs_release(&pool.jobs);
    free(pool.threads);
    pool.threads = NULL;
    pool.count = 1;
    atomic_store(&pool.stopping, false);
}

size_t pool_threads(void)
{
    return pool.threads ? pool.count : 1;
}

size_t pool_threads_together(void)
{
    return pool.threads ? pool.together : 1;
}

size_t pool_threads_used(void)
{
    size_t used = 0;
    for (size_t i = 0; pool.threads && i < pool.count; i++) used += atomic_load(&pool.threads[i].used);
    return used;
}

static void run_alone(size_t tasks, void (*task)(void *context, size_t i), void *context)
{
    if (pool.threads) atomic_store(&pool.threads[self].used, true);
    for (size_t i = 0; i < tasks; i++) task(context, i);
}

void pool_run(size_t tasks, void (*task)(void *context, size_t i), void *context)
{
    if (tasks > UINT32_MAX) BUG("%zu tasks", tasks);
    Job *job = tasks > 1 && pool_threads() > 1 ? jobs_open(&pool.jobs, tasks, task, context) : NULL;
    if (!job) {
        run_alone(tasks, task, context);
        return;
    }
    const size_t others = tasks - 1, searching = atomic_load(&pool.searching);
    if (others > searching) wake_workers(others - searching);
    while (!job_finished(job)) {
        if (!run_some(job) && !spin(job, OWNER_SPIN_NANOSECONDS)) job_nap(job, NAP_NANOSECONDS);
    }
    jobs_close(&pool.jobs, job);
}
