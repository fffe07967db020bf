#include "runner/run/order.h"

#include <stdbool.h>
#include <stdlib.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"

/* Insertion sort: stable, and there are few runs. */
void order_runs(const double *cost, size_t n, size_t jobs, size_t *order)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; jobs > 1 && at > 0 && cost[order[at - 1]] < cost[i]; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

void order_chains(const OrderTask *tasks, size_t n, size_t jobs, size_t *order)
{
    double *chain = mem_zeroed(n + 1, sizeof *chain);
    for (size_t i = n; i-- > 0;) {
        chain[i] += tasks[i].cost;
        for (size_t k = 0; k < tasks[i].wait_count; k++) {
            size_t first = tasks[i].waits[k];
            if (first >= i) BUG("run %zu waits for run %zu behind it", i, first);
            if (chain[first] < chain[i]) chain[first] = chain[i];
        }
    }
    order_runs(chain, n, jobs, order);
    free(chain);
}

/* When a run can begin that waits for others; false: not known yet, one of them hasn't begun. */
static bool can_begin(const OrderTask *task, const double *end, double *when)
{
    *when = 0;
    for (size_t k = 0; k < task->wait_count; k++) {
        double other = end[task->waits[k]];
        if (other < 0) return false;
        if (other > *when) *when = other;
    }
    return true;
}

/* The free place is filled with the run of the order that can begin first, the first of equals. end: -1 where a run
 * hasn't begun. */
static double fill(const OrderTask *tasks, size_t n, const size_t *order, double *end, double *place)
{
    size_t chosen = n;
    double begin = 0, when;
    for (size_t i = 0; i < n; i++) {
        size_t task = order[i];
        if (end[task] >= 0 || !can_begin(&tasks[task], end, &when)) continue;
        if (when < *place) when = *place;
        if (chosen < n && when >= begin) continue;
        chosen = task;
        begin = when;
    }
    if (chosen == n) BUG("runs wait for each other");
    return *place = end[chosen] = begin + tasks[chosen].cost;
}

double order_makespan(const OrderTask *tasks, size_t n, size_t jobs)
{
    double *end = mem_zeroed(n + 1, sizeof *end), *place = mem_zeroed(jobs, sizeof *place), last = 0;
    size_t *order = mem_zeroed(n + 1, sizeof *order);
    order_chains(tasks, n, jobs, order);
    for (size_t i = 0; i < n; i++) end[i] = -1;
    for (size_t i = 0; i < n; i++) {
        size_t first = 0;
        for (size_t k = 1; k < jobs; k++)
            if (place[k] < place[first]) first = k;
        double ended = fill(tasks, n, order, end, &place[first]);
        if (ended > last) last = ended;
    }
    free(end);
    free(place);
    free(order);
    return last;
}

size_t order_threads(size_t processors, size_t taken, size_t places, size_t waiting)
{
    size_t free_ones = processors > taken ? processors - taken : 0, sharers = places < waiting ? places : waiting;
    if (sharers == 0) sharers = 1;
    size_t share = (free_ones + sharers - 1) / sharers;
    return share > 1 ? share : 1;
}
