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
    SPIN_NANOSECONDS = 20000,         /* of an idle worker */
    CALLER_SPIN_NANOSECONDS = 200000, /* of the caller, whose last tasks are at work and about to end */
    PAUSES_A_LOOK = 16,
    CACHE_LINE = 64,
    CLAIMS = 4 /* a claim takes this part of what is left of a share */
};

/* The tasks of a thread that nobody has claimed yet: from `begin`, the low half, up to `end`, the high one. Each job
 * gives a thread the same part of its tasks: what they write is near when the next job's tasks read it. The owner
 * claims from the beginning; who has nothing left claims from the end of others' shares. */
typedef struct Share {
    _Alignas(CACHE_LINE) _Atomic uint64_t range;
} Share;

/* task and context belong to the job whose tasks are not all finished: they are written while unfinished is 0, and read
 * only by a thread that holds claimed tasks. A claim changes a share in one piece, so it can't mix two jobs up however
 * late the thread is. */
static struct {
    void (*task)(void *context, size_t i);
    void *context;
    Share *shares;          /* one a thread; the caller's is the first */
    atomic_bool shared_out; /* false while they are written: who looked then would find others' before its own */
    _Alignas(CACHE_LINE) atomic_size_t unfinished;
    _Alignas(CACHE_LINE) atomic_size_t sleepers; /* workers that wait for a permit and were not given one */
    atomic_size_t sleepers_least;                /* more threads than processors would take them from each other */
    sem_t permits, finished;
    atomic_bool caller_sleeps, stopping;
    int64_t caller_spin; /* nanoseconds */
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

static bool work_waits(void)
{
    for (size_t i = 0; atomic_load(&pool.shared_out) && i < pool_threads(); i++) {
        const uint64_t range = atomic_load(&pool.shares[i].range);
        if (begin_of(range) < end_of(range)) return true;
    }
    return atomic_load(&pool.stopping);
}

static bool all_finished(void)
{
    return atomic_load(&pool.unfinished) == 0;
}

/* True as soon as ready() is, false after that many nanoseconds. */
static bool spin_until(bool (*ready)(void), int64_t limit)
{
    int64_t begin = nanoseconds();
    do {
        for (int i = 0; i < PAUSES_A_LOOK; i++) {
            if (ready()) return true;
            pause_briefly();
        }
    } while (nanoseconds() - begin < limit);
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

/* Claims some tasks of a share: [*begin, *end). */
static bool claim(Share *share, bool own, size_t *begin, size_t *end)
{
    uint64_t range = atomic_load(&share->range);
    while (begin_of(range) < end_of(range)) {
        const size_t left = end_of(range) - begin_of(range), some = left > CLAIMS ? left / CLAIMS : 1;
        *begin = own ? begin_of(range) : end_of(range) - some;
        *end = *begin + some;
        const uint64_t rest = own ? range_of(*end, end_of(range)) : range_of(begin_of(range), *begin);
        if (atomic_compare_exchange_weak(&share->range, &range, rest)) return true;
    }
    return false;
}

/* Claims tasks of the thread's own share, or, where that is empty, of the next one that isn't. */
static bool claim_some(size_t thread, size_t *begin, size_t *end)
{
    for (size_t i = 0; atomic_load(&pool.shared_out) && i < pool_threads(); i++)
        if (claim(&pool.shares[(thread + i) % pool_threads()], i == 0, begin, end)) return true;
    return false;
}

/* Claims and runs tasks until none is left. */
static void run_tasks(size_t thread, bool *used)
{
    size_t begin, end;
    while (claim_some(thread, &begin, &end)) {
        count_use(used);
        for (size_t i = begin; i < end; i++) pool.task(pool.context, i);
        if (atomic_fetch_sub(&pool.unfinished, end - begin) == end - begin && take_down(&pool.caller_sleeps))
            sem_post(&pool.finished);
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

static void *worker_main(void *share)
{
    const size_t thread = (size_t)((Share *)share - pool.shares);
    bool used = false;
    in_task = true;
    set_default_mxcsr();
    sleep_on(&pool.permits);
    while (!atomic_load(&pool.stopping)) {
        run_tasks(thread, &used);
        if (!spin_until(work_waits, SPIN_NANOSECONDS)) sleep_until_work();
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
    atomic_store(&pool.used, 0);
    pool.caller_used = false;
    pool.workers = mem_zeroed(threads, sizeof *pool.workers);
    pool.shares = mem_zeroed(threads, sizeof *pool.shares);
    for (size_t i = 0; i < threads; i++) atomic_init(&pool.shares[i].range, 0);
    pool.threads = 1;
    if (sem_init(&pool.permits, 0, 0) != 0 || sem_init(&pool.finished, 0, 0) != 0) BUG("sem_init failed");
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool.threads < threads) {
        if (pthread_create(&pool.workers[pool.threads - 1], NULL, worker_main, &pool.shares[pool.threads]) != 0) break;
        pool.threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    const size_t awake_most = pool_processors();
    /* A caller that has no processor of its own would keep one from those it waits for. */
    pool.caller_spin = pool.threads > awake_most ? SPIN_NANOSECONDS : CALLER_SPIN_NANOSECONDS;
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
    free(pool.shares);
    pool.workers = NULL;
    pool.shares = NULL;
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

static void run_alone(size_t tasks, void (*task)(void *context, size_t i), void *context)
{
    count_use(&pool.caller_used);
    in_task = true;
    for (size_t i = 0; i < tasks; i++) task(context, i);
    in_task = false;
}

/* Nearly equal parts. */
static void share_out(size_t tasks)
{
    const size_t threads = pool_threads(), part = tasks / threads, more = tasks % threads;
    atomic_store(&pool.shared_out, false);
    for (size_t i = 0, begin = 0; i < threads; i++) {
        const size_t end = begin + part + (i < more);
        atomic_store(&pool.shares[i].range, range_of(begin, end));
        begin = end;
    }
    atomic_store(&pool.shared_out, true);
}

void pool_run(size_t tasks, void (*task)(void *context, size_t i), void *context)
{
    if (in_task) BUG("pool_run within a task");
    if (tasks > UINT32_MAX) BUG("%zu tasks", tasks);
    if (tasks == 0) return;
    if (tasks == 1 || pool_threads() == 1) {
        run_alone(tasks, task, context);
        return;
    }
    pool.task = task;
    pool.context = context;
    atomic_store(&pool.unfinished, tasks);
    share_out(tasks);
    const size_t awake = pool_threads() - atomic_load(&pool.sleepers);
    if (tasks > awake) wake_workers(tasks - awake);
    in_task = true;
    run_tasks(0, &pool.caller_used);
    in_task = false;
    if (!all_finished() && !spin_until(all_finished, pool.caller_spin)) sleep_until_finished();
}
