/* The thread pool: state of the whole process. Tasks are cut by shape, so that no result depends on the number of
 * threads; who asks for that number has to keep each sum within one task. */
#ifndef NN_BASE_POOL_H
#define NN_BASE_POOL_H

#include <stddef.h>

/* Starts threads - 1 workers (the caller is the first thread); replaces an earlier pool. threads >= 1. Idle workers
 * spin for at most 20 microseconds, then sleep; at most as many as there are processors are awake, in turns. Who waits
 * for others to end its last tasks spins for 200 microseconds, then sleeps, and looks for other work every half of a
 * millisecond. Where the system gives fewer threads, there are fewer: results don't depend on it. Sets the default
 * MXCSR in the caller and in every worker; workers take no signals. */
void pool_start(size_t threads);
void pool_stop(void); /* safe when none runs */
size_t pool_threads(void);
size_t pool_threads_together(void); /* how many of them are awake at a time, at most */

/* Calls task(context, i) for i = 0 .. tasks-1, each once, in any order and on any thread; returns when all are done.
 * Without pool_start, or with one task, everything runs on the caller. A task may call it, too: what needs nothing of
 * each other runs side by side. Until its tasks are done it does any that wait, so what it was called from must not
 * hold a lock. */
void pool_run(size_t tasks, void (*task)(void *context, size_t i), void *context);

/* Processors that this process may use, at least 1. */
size_t pool_processors(void);

/* How many of the threads have run at least one task since pool_start. */
size_t pool_threads_used(void);

#endif
