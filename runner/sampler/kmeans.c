#include "runner/sampler/kmeans.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"

enum { STEPS = 20 };

static double squared_distance(size_t dim, const real *x, const double *centre)
{
    double sum = 0;
    for (size_t i = 0; i < dim; i++) sum += ((double)x[i] - centre[i]) * ((double)x[i] - centre[i]);
    return sum;
}

/* Number `draw` of the stream, in [0, 1). */
static double uniform(Rng rng, uint32_t draw)
{
    uint32_t word[4];
    rng_block(rng, 0, 0, draw, word);
    return ((double)word[0] + (double)(word[1] >> 11) * 0x1p-21) * 0x1p-32;
}

/* The first vector at which the running sum of the distances exceeds a share of their sum. */
static size_t pick(size_t n, const double *distance, double share)
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < n; i++) total += distance[i];
    for (size_t i = 0; i < n; i++)
        if ((sum += distance[i]) > share * total) return i;
    return n - 1;
}

static void choose_centres(size_t k, size_t n, size_t dim, const real *x, Rng rng, double *centre)
{
    double *distance = mem_zeroed(n, sizeof *distance);
    for (size_t i = 0; i < n; i++) distance[i] = 1;
    for (size_t c = 0; c < k; c++) {
        const real *chosen = x + pick(n, distance, uniform(rng, (uint32_t)c)) * dim;
        double *to = centre + c * dim;
        for (size_t i = 0; i < dim; i++) to[i] = (double)chosen[i];
        for (size_t i = 0; i < n; i++) {
            const double square = squared_distance(dim, x + i * dim, to);
            distance[i] = c == 0 ? square : fmin(distance[i], square);
        }
    }
    free(distance);
}

/* Whether any vector has another nearest centre than before. */
static bool assign(size_t k, size_t n, size_t dim, const real *x, const double *centre, int *nearest)
{
    bool changed = false;
    for (size_t i = 0; i < n; i++) {
        double least = INFINITY;
        int best = 0;
        for (size_t c = 0; c < k; c++) {
            const double square = squared_distance(dim, x + i * dim, centre + c * dim);
            if (square < least) {
                least = square;
                best = (int)c;
            }
        }
        changed = changed || nearest[i] != best;
        nearest[i] = best;
    }
    return changed;
}

static void move(size_t k, size_t n, size_t dim, const real *x, const int *nearest, double *centre)
{
    double *sum = mem_zeroed(k * dim, sizeof *sum);
    size_t *count = mem_zeroed(k, sizeof *count);
    for (size_t i = 0; i < n; i++) {
        double *to = sum + (size_t)nearest[i] * dim;
        count[nearest[i]]++;
        for (size_t d = 0; d < dim; d++) to[d] += (double)x[i * dim + d];
    }
    for (size_t c = 0; c < k; c++)
        for (size_t d = 0; d < dim && count[c] > 0; d++) centre[c * dim + d] = sum[c * dim + d] / (double)count[c];
    free(sum);
    free(count);
}

void kmeans(size_t k, size_t n, size_t dim, const real *x, Rng rng, double *centre, int *nearest)
{
    choose_centres(k, n, dim, x, rng, centre);
    for (size_t i = 0; i < n; i++) nearest[i] = -1;
    for (int step = 0; step < STEPS && assign(k, n, dim, x, centre, nearest); step++)
        move(k, n, dim, x, nearest, centre);
    assign(k, n, dim, x, centre, nearest);
}
