#include "nn/base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"

enum { SPIN_NANOSECONDS = 20000, PAUSES_A_LOOK = 16 };

/* task and context belong to the job whose tasks are not all finished: they are written while unfinished is 0, and read
 * only by a thread that holds a claimed task. A claim is a decrement of unclaimed, so it can't mix two jobs up however
 * late the thread is. */
static struct {
    void (*task)(void *context, size_t i);
    void *context;
    atomic_size_t unclaimed, unfinished;
    atomic_size_t sleepers; /* workers that wait on `work`, or are about to */
    atomic_bool caller_sleeps, stopping;
    atomic_size_t used;
    bool caller_used; /* the caller's own */
    size_t threads;
    pthread_t *workers;
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, .finished = PTHREAD_COND_INITIALIZER};

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

/* Claims and runs tasks until none is left; used tells whether this thread has run one before. */
static void run_tasks(bool *used)
{
    size_t left = atomic_load(&pool.unclaimed);
    while (left > 0) {
        if (!atomic_compare_exchange_weak(&pool.unclaimed, &left, left - 1)) continue;
        if (!*used) {
            *used = true;
            atomic_fetch_add(&pool.used, 1);
        }
        pool.task(pool.context, left - 1);
        if (atomic_fetch_sub(&pool.unfinished, 1) == 1 && atomic_load(&pool.caller_sleeps)) {
            pthread_mutex_lock(&pool.mutex);
            pthread_cond_signal(&pool.finished);
            pthread_mutex_unlock(&pool.mutex);
        }
        left = atomic_load(&pool.unclaimed);
    }
}

/* The sleeper counts itself before it looks again, and the caller publishes work before it counts sleepers: one of the
 * two sees the other. */
static void sleep_until_work(void)
{
    pthread_mutex_lock(&pool.mutex);
    atomic_fetch_add(&pool.sleepers, 1);
    while (!work_waits()) pthread_cond_wait(&pool.work, &pool.mutex);
    atomic_fetch_sub(&pool.sleepers, 1);
    pthread_mutex_unlock(&pool.mutex);
}

static void sleep_until_finished(void)
{
    pthread_mutex_lock(&pool.mutex);
    atomic_store(&pool.caller_sleeps, true);
    while (!all_finished()) pthread_cond_wait(&pool.finished, &pool.mutex);
    atomic_store(&pool.caller_sleeps, false);
    pthread_mutex_unlock(&pool.mutex);
}

static void wake_workers(size_t wanted)
{
    if (atomic_load(&pool.sleepers) == 0) return;
    pthread_mutex_lock(&pool.mutex);
    size_t sleepers = atomic_load(&pool.sleepers);
    if (wanted >= sleepers)
        pthread_cond_broadcast(&pool.work);
    else
        while (wanted-- > 0) pthread_cond_signal(&pool.work);
    pthread_mutex_unlock(&pool.mutex);
}

static void *worker_main(void *argument)
{
    bool spins = argument != NULL, used = false;
    in_task = true;
    set_default_mxcsr();
    while (!atomic_load(&pool.stopping)) {
        run_tasks(&used);
        if (!spins || !spin_until(work_waits)) sleep_until_work();
    }
    return NULL;
}

static size_t cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return (size_t)CPU_COUNT(&set);
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
    /* More spinners than cores would take them from the threads that work. */
    size_t spinners = cores();
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.threads < threads) {
        void *spins = pool.threads < spinners ? &pool : NULL;
        if (pthread_create(&pool.workers[pool.threads - 1], NULL, worker_main, spins) != 0) break;
        pool.threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void pool_stop(void)
{
    if (!pool.workers) return;
    pthread_mutex_lock(&pool.mutex);
    atomic_store(&pool.stopping, true);
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.mutex);
    for (size_t i = 0; i + 1 < pool.threads; i++) pthread_join(pool.workers[i], NULL);
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

void pool_run(size_t tasks, void (*task)(void *context, size_t i), void *context)
{
    if (in_task) BUG("pool_run within a task");
    if (tasks == 0) return;
    pool.task = task;
    pool.context = context;
    atomic_store(&pool.unfinished, tasks);
    atomic_store(&pool.unclaimed, tasks);
    /* The caller takes one task itself, so others are needed for the rest. */
    if (tasks > 1) wake_workers(tasks - 1);
    in_task = true;
    run_tasks(&pool.caller_used);
    in_task = false;
    if (!all_finished() && !spin_until(all_finished)) sleep_until_finished();
}
