/* Which run begins when, and with how many threads. Both are free choices: no bit of a result depends on them. */
#ifndef RUNNER_RUN_ORDER_H
#define RUNNER_RUN_ORDER_H

#include <stddef.h>

/* Fills order (n) with the numbers of the runs in the order of their start. Side by side the longest goes first, so
 * that no long one begins when the others have ended: the whole takes at most 4/3 - 1/(3 jobs) times the shortest
 * possible (R. Graham, "Bounds on multiprocessing timing anomalies", 1969, for equal machines). One after another they
 * keep the order they came in, as do equal ones. */
void order_runs(const double *cost, size_t n, size_t jobs, size_t *order);

/* A run among n, numbered so that each comes behind those that it waits for. */
typedef struct OrderTask {
    double cost;
    const size_t *waits; /* for the runs of these numbers to have ended */
    size_t wait_count;
} OrderTask;

/* Fills order (n) with the numbers of runs that wait for each other: by order_runs on the longest chain of runs that
 * begins with each, itself included, since the whole takes at least that long from its start on. In turn each begins as
 * soon as a place is free and those that it waits for have ended; where one can't yet, the next may. */
void order_chains(const OrderTask *tasks, size_t n, size_t jobs, size_t *order);

/* How long that takes, in units of the cost. */
double order_makespan(const OrderTask *tasks, size_t n, size_t jobs);

/* Threads of a run that begins now: of the processors that no other run has, its share among the runs that will begin
 * with it; rounded up, since the first of them is the longest. At least 1.
 *   taken: the threads of the runs under way;   places: how many may begin;   waiting: how many want to. */
size_t order_threads(size_t processors, size_t taken, size_t places, size_t waiting);

#endif
