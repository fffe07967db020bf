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

enum {
    SPIN_NANOSECONDS = 20000,
    PAUSES_A_LOOK = 16,
    CACHE_LINE = 64,
    SHARE = 4 /* a claim takes this part of what would be a thread's fair share of the tasks left */
};

/* task and context belong to the job whose tasks are not all finished: they are written while unfinished is 0, and read
 * only by a thread that holds claimed tasks. A claim is a decrement of unclaimed, so it can't mix two jobs up however
 * late the thread is. */
static struct {
    void (*task)(void *context, size_t i);
    void *context;
    _Alignas(CACHE_LINE) atomic_size_t unclaimed;
    _Alignas(CACHE_LINE) atomic_size_t unfinished;
    _Alignas(CACHE_LINE) atomic_size_t sleepers; /* workers that wait for a permit and were not given one */
    atomic_size_t sleepers_least;                /* more threads than processors would take them from each other */
    sem_t permits, finished;
    atomic_bool caller_sleeps, stopping;
    atomic_size_t used;
    bool caller_used; /* the caller's own */
    size_t threads;
    pthread_t *workers;
} pool;

static _Thread_local bool in_task;

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

static bool work_waits(void)
{
    return atomic_load(&pool.unclaimed) > 0 || atomic_load(&pool.stopping);
}

static bool all_finished(void)
{
    return atomic_load(&pool.unfinished) == 0;
}

/* True as soon as ready() is, false after 20 microseconds. */
static bool spin_until(bool (*ready)(void))
{
    int64_t begin = nanoseconds();
    do {
        for (int i = 0; i < PAUSES_A_LOOK; i++) {
            if (ready()) return true;
            pause_briefly();
        }
    } while (nanoseconds() - begin < SPIN_NANOSECONDS);
    return false;
}

static void sleep_on(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0) {
        if (errno != EINTR) BUG("sem_wait failed");
    }
}

/* Whether this thread is the one that took the flag down. */
static bool take_down(atomic_bool *flag)
{
    return atomic_load(flag) && atomic_exchange(flag, false);
}

/* A finisher that is late may take down the flag of the next job: then the caller looks again. */
static void sleep_until_finished(void)
{
    while (!all_finished()) {
        atomic_store(&pool.caller_sleeps, true);
        if (all_finished() && take_down(&pool.caller_sleeps)) return;
        sleep_on(&pool.finished);
    }
}

/* Counts this thread among those that have run a task; used tells whether it is there already. */
static void count_use(bool *used)
{
    if (*used) return;
    *used = true;
    atomic_fetch_add(&pool.used, 1);
}

/* Claims and runs tasks until none is left. */
static void run_tasks(bool *used)
{
    size_t left = atomic_load(&pool.unclaimed);
    while (left > 0) {
        const size_t fair = left / (SHARE * pool_threads()), claim = fair > 1 ? fair : 1;
        if (!atomic_compare_exchange_weak(&pool.unclaimed, &left, left - claim)) continue;
        count_use(used);
        for (size_t i = left - claim; i < left; i++) pool.task(pool.context, i);
        if (atomic_fetch_sub(&pool.unfinished, claim) == claim && take_down(&pool.caller_sleeps)) {
            sem_post(&pool.finished);
        }
        left = atomic_load(&pool.unclaimed);
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

/* The sleeper counts itself before it looks again, and the caller publishes work before it counts sleepers: one of the
 * two sees the other. Who was taken out of the sleepers has a permit coming. */
static void sleep_until_work(void)
{
    atomic_fetch_add(&pool.sleepers, 1);
    if (work_waits() && take_sleepers(1)) return;
    sleep_on(&pool.permits);
}

static void *worker_main(void *argument)
{
    (void)argument;
    bool used = false;
    in_task = true;
    set_default_mxcsr();
    sleep_on(&pool.permits);
    while (!atomic_load(&pool.stopping)) {
        run_tasks(&used);
        if (!spin_until(work_waits)) sleep_until_work();
    }
    return NULL;
}

/* A set may be too small for what the machine could have. */
static size_t processors(void)
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
    atomic_store(&pool.used, 0);
    pool.caller_used = false;
    pool.workers = mem_zeroed(threads, sizeof *pool.workers);
    pool.threads = 1;
    if (sem_init(&pool.permits, 0, 0) != 0 || sem_init(&pool.finished, 0, 0) != 0) BUG("sem_init failed");
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.threads < threads) {
        if (pthread_create(&pool.workers[pool.threads - 1], NULL, worker_main, NULL) != 0) break;
        pool.threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    const size_t awake_most = processors();
    atomic_store(&pool.sleepers, pool.threads - 1);
    atomic_store(&pool.sleepers_least, pool.threads > awake_most ? pool.threads - awake_most : 0);
}

void pool_stop(void)
{
    if (!pool.workers) return;
    atomic_store(&pool.stopping, true);
    atomic_store(&pool.sleepers_least, 0);
    wake_workers(pool.threads);
    for (size_t i = 0; i + 1 < pool.threads; i++) pthread_join(pool.workers[i], NULL);
    sem_destroy(&pool.permits);
    sem_destroy(&pool.finished);
    free(pool.workers);
    pool.workers = NULL;
    pool.threads = 1;
    atomic_store(&pool.stopping, false);
}

size_t pool_threads(void)
{
    return pool.threads > 1 ? pool.threads : 1;
}

size_t pool_threads_used(void)
{
    return atomic_load(&pool.used);
}

static void run_alone(void (*task)(void *context, size_t i), void *context)
{
    count_use(&pool.caller_used);
    in_task = true;
    task(context, 0);
    in_task = false;
}

void pool_run(size_t tasks, void (*task)(void *context, size_t i), void *context)
{
    if (in_task) BUG("pool_run within a task");
    if (tasks == 0) return;
    if (tasks == 1) {
        run_alone(task, context);
        return;
    }
    pool.task = task;
    pool.context = context;
    atomic_store(&pool.unfinished, tasks);
    atomic_store(&pool.unclaimed, tasks);
    const size_t awake = pool_threads() - atomic_load(&pool.sleepers);
    if (tasks > awake) wake_workers(tasks - awake);
    in_task = true;
    run_tasks(&pool.caller_used);
    in_task = false;
    if (!all_finished() && !spin_until(all_finished)) sleep_until_finished();
}
