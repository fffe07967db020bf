/* Which run begins when, and with how many threads. Both are free choices: no bit of a result depends on them. */
#ifndef RUNNER_RUN_ORDER_H
#define RUNNER_RUN_ORDER_H

#include <stddef.h>

/* Fills order (n) with the numbers of the runs in the order of their start. Side by side the longest goes first, so
 * that no long one begins when the others have ended: the whole takes at most 4/3 - 1/(3 jobs) times the shortest
 * possible (R. Graham, "Bounds on multiprocessing timing anomalies", 1969, for equal machines). One after another they
 * keep the order they came in, as do equal ones. */
void order_runs(const double *cost, size_t n, size_t jobs, size_t *order);

/* Threads of a run that begins now: of the processors that no other run has, its share among the runs that will begin
 * with it; rounded up, since the first of them is the longest. At least 1.
 *   taken: the threads of the runs under way;   places: how many may begin;   waiting: how many want to. */
size_t order_threads(size_t processors, size_t taken, size_t places, size_t waiting);

#endif
