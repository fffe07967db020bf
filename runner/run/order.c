#include "runner/run/order.h"

/* Insertion sort: stable, and there are few runs. */
void order_runs(const double *cost, size_t n, size_t jobs, size_t *order)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = i;
        for (; jobs > 1 && at > 0 && cost[order[at - 1]] < cost[i]; at--) order[at] = order[at - 1];
        order[at] = i;
    }
}

size_t order_threads(size_t processors, size_t taken, size_t places, size_t waiting)
{
    size_t free_ones = processors > taken ? processors - taken : 0, sharers = places < waiting ? places : waiting;
    if (sharers == 0) sharers = 1;
    size_t share = (free_ones + sharers - 1) / sharers;
    return share > 1 ? share : 1;
}
