#include "runner/metric/neighbours.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/wide.h"

/* Vectors of y stand side by side in blocks (dim, BLOCK); a task holds a few vectors of x against all of them. */
enum { BLOCK = 64, TASK = 64, LABELS = 256 };

typedef struct Search {
    size_t k, dim, n, m, blocks;
    const real *x;
    const real *y; /* (blocks, dim, BLOCK) */
    uint32_t *nearest;
} Search;

typedef struct Distances {
    const real *x, *y; /* (dim); (dim, BLOCK) */
    real *square;      /* (BLOCK) */
} Distances;

/* Squared distances of x to a block, over dimensions [begin, end). */
WIDE(distance_loop)(const void *context, size_t begin, size_t end)
{
    const Distances *v = context;
    real sum[BLOCK] = {0};
    for (size_t d = begin; d < end; d++)
        for (size_t j = 0; j < BLOCK; j++) {
            const real off = v->x[d] - v->y[d * BLOCK + j];
            sum[j] += off * off;
        }
    for (size_t j = 0; j < BLOCK; j++) v->square[j] = sum[j];
}

/* The same over all dimensions; returns the least of them. */
static real distances(size_t dim, const real *x, const real *y, real *square)
{
    wide_call(&distance_loop, &(Distances){x, y, square}, 0, dim);
    real least = square[0];
    for (size_t j = 1; j < BLOCK; j++) least = square[j] < least ? square[j] : least;
    return least;
}

/* Into the list of the k nearest so far, sorted; a later one of equals stands behind. */
static void insert(size_t k, size_t *count, real *square, uint32_t *index, real candidate, uint32_t number)
{
    if (*count == k && !(candidate < square[k - 1])) return;
    size_t at = *count < k ? (*count)++ : k - 1;
    for (; at > 0 && candidate < square[at - 1]; at--) {
        square[at] = square[at - 1];
        index[at] = index[at - 1];
    }
    square[at] = candidate;
    index[at] = number;
}

static void search(void *context, size_t task)
{
    const Search *s = context;
    const size_t first = task * TASK, n = s->n - first < TASK ? s->n - first : TASK;
    real *best = mem_zeroed(n * s->k, sizeof *best), square[BLOCK];
    size_t count[TASK] = {0};
    for (size_t b = 0; b < s->blocks; b++) {
        const size_t inside = s->m - b * BLOCK < BLOCK ? s->m - b * BLOCK : BLOCK;
        for (size_t i = 0; i < n; i++) {
            real *list = best + i * s->k;
            const real least = distances(s->dim, s->x + (first + i) * s->dim, s->y + b * s->dim * BLOCK, square);
            if (count[i] == s->k && !(least < list[s->k - 1])) continue;
            for (size_t j = 0; j < inside; j++)
                insert(s->k, &count[i], list, s->nearest + (first + i) * s->k, square[j], (uint32_t)(b * BLOCK + j));
        }
    }
    free(best);
}

void neighbours_find(size_t k, size_t dim, size_t n, const real *x, size_t m, const real *y, uint32_t *nearest)
{
    Search s = {.k = k, .dim = dim, .n = n, .m = m, .blocks = (m + BLOCK - 1) / BLOCK, .x = x, .nearest = nearest};
    real *blocks = mem_zeroed(mem_mul(s.blocks * BLOCK, dim), sizeof *blocks);
    for (size_t j = 0; j < m; j++)
        for (size_t d = 0; d < dim; d++) blocks[(j / BLOCK * dim + d) * BLOCK + j % BLOCK] = y[j * dim + d];
    s.y = blocks;
    pool_run((n + TASK - 1) / TASK, search, &s);
    free(blocks);
}

uint8_t neighbours_vote(size_t k, const uint32_t *nearest, const uint8_t *labels)
{
    size_t votes[LABELS] = {0}, best = 0;
    for (size_t i = 0; i < k; i++) votes[labels[nearest[i]]]++;
    for (size_t label = 1; label < LABELS; label++)
        if (votes[label] > votes[best]) best = label;
    return (uint8_t)best;
}
