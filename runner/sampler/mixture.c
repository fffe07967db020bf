#include "runner/sampler/mixture.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/fmath.h"
#include "nn/base/pool.h"
#include "nn/kernel/wide.h"
#include "runner/sampler/kmeans.h"

/* A chunk is a task; a block of vectors goes through each component side by side. Sums run within a block, then over
 * the blocks of a chunk, then over the chunks, always in order; only so many chunks are in memory. */
enum { CHUNK = 1024, BLOCK = 32, SIDE_BY_SIDE = 8 };

#define RIDGE 1e-6     /* of the mean variance, on the diagonals */
#define TOLERANCE 1e-5 /* nats */

/* What one chunk, or all of them, add up to. */
typedef struct Sums {
    double *weight, *mean, *square; /* (components), (components, dim), (components, dim, dim): lower triangles */
    double log_likelihood;
} Sums;

typedef struct Fit {
    Mixture *mixture;
    size_t n;
    const real *x;      /* (n, dim) */
    double *inverse;    /* (components, dim): 1 / diagonal of L */
    double *constant;   /* (components): log weight - log det L - dim/2 log 2 pi */
    const int *nearest; /* (n): the first step's responsibilities are hard */
    Sums total, chunk[SIDE_BY_SIDE];
    size_t first, chunks; /* the chunk of chunk[0]; of all vectors */
} Fit;

static void sums_init(Sums *sums, size_t components, size_t dim)
{
    sums->weight = mem_zeroed(components, sizeof(double));
    sums->mean = mem_zeroed(components * dim, sizeof(double));
    sums->square = mem_zeroed(mem_mul(components, dim * dim), sizeof(double));
}

static void sums_clear(Sums *sums, size_t components, size_t dim)
{
    memset(sums->weight, 0, components * sizeof(double));
    memset(sums->mean, 0, components * dim * sizeof(double));
    memset(sums->square, 0, components * dim * dim * sizeof(double));
    sums->log_likelihood = 0;
}

static void sums_release(Sums *sums)
{
    free(sums->weight);
    free(sums->mean);
    free(sums->square);
}

typedef struct Whitening {
    const double *x, *mean, *factor, *inverse; /* columns (dim, BLOCK); (dim); L (dim, dim); 1 / its diagonal */
    size_t dim;
    double *work, *square; /* as x; (BLOCK) */
} Whitening;

/* square[m] = |L^-1 (x_m - mean)|^2 of vectors [begin, end) of a block, by forward substitution. */
WIDE(whitening_loop)(const void *context, size_t begin, size_t end)
{
    const Whitening *v = context;
    const size_t dim = v->dim;
    for (size_t m = begin; m < end; m++) v->square[m] = 0;
    for (size_t i = 0; i < dim; i++) {
        double y[BLOCK];
        for (size_t m = begin; m < end; m++) y[m] = v->x[i * BLOCK + m] - v->mean[i];
        for (size_t j = 0; j < i; j++) {
            const double l = v->factor[i * dim + j];
            for (size_t m = begin; m < end; m++) y[m] -= l * v->work[j * BLOCK + m];
        }
        for (size_t m = begin; m < end; m++) {
            y[m] *= v->inverse[i];
            v->work[i * BLOCK + m] = y[m];
            v->square[m] += y[m] * y[m];
        }
    }
}

typedef struct Moments {
    const double *x, *share; /* rows (n, dim); (n) */
    size_t dim;
    double *mean, *square; /* (dim); (dim, dim), of which the lower triangle */
} Moments;

/* square += sum over m of share[m] x_m x_m^T; mean += that of share[m] x_m. */
WIDE(moments_loop)(const void *context, size_t begin, size_t end)
{
    const Moments *v = context;
    const size_t dim = v->dim;
    double *restrict mean = v->mean, *restrict square = v->square;
    for (size_t m = begin; m < end; m++) {
        const double *restrict row = v->x + m * dim;
        if (v->share[m] == 0) continue;
        for (size_t i = 0; i < dim; i++) {
            const double scaled = v->share[m] * row[i];
            mean[i] += scaled;
            for (size_t j = 0; j <= i; j++) square[i * dim + j] += scaled * row[j];
        }
    }
}

/* Logarithms of weight x density of a block (components, BLOCK) to responsibilities; returns the log-likelihood. */
static double normalise(size_t components, size_t n, double *share)
{
    double total = 0;
    for (size_t m = 0; m < n; m++) {
        double most = share[m], sum = 0;
        for (size_t k = 1; k < components; k++) most = fmax(most, share[k * BLOCK + m]);
        for (size_t k = 0; k < components; k++) sum += share[k * BLOCK + m] = d_exp(share[k * BLOCK + m] - most);
        for (size_t k = 0; k < components; k++) share[k * BLOCK + m] /= sum;
        total += most + d_log(sum);
    }
    return total;
}

/* The responsibilities of a block of n vectors, rows (n, dim) and columns (dim, BLOCK). */
static double responsibilities(const Fit *fit, size_t first, size_t n, const double *columns, double *work,
                               double *share)
{
    const Mixture *mixture = fit->mixture;
    const size_t dim = mixture->dim;
    if (fit->nearest) {
        memset(share, 0, mixture->components * BLOCK * sizeof *share);
        for (size_t m = 0; m < n; m++) share[(size_t)fit->nearest[first + m] * BLOCK + m] = 1;
        return 0;
    }
    for (size_t k = 0; k < mixture->components; k++) {
        double *to = share + k * BLOCK;
        wide_call(&whitening_loop,
                  &(Whitening){columns, mixture->mean + k * dim, mixture->factor + k * dim * dim,
                               fit->inverse + k * dim, dim, work, to},
                  0, BLOCK);
        for (size_t m = 0; m < BLOCK; m++) to[m] = fit->constant[k] - 0.5 * to[m];
    }
    return normalise(mixture->components, n, share);
}

static void add_chunk(void *context, size_t task)
{
    Fit *fit = context;
    const Mixture *mixture = fit->mixture;
    const size_t chunk = fit->first + task;
    const size_t dim = mixture->dim, end = (chunk + 1) * CHUNK < fit->n ? (chunk + 1) * CHUNK : fit->n;
    Sums *sums = &fit->chunk[task];
    double *rows = mem_zeroed(dim * BLOCK, sizeof *rows), *columns = mem_zeroed(dim * BLOCK, sizeof *columns);
    double *work = mem_zeroed(dim * BLOCK, sizeof *work),
           *share = mem_zeroed(mixture->components * BLOCK, sizeof *share);
    sums_clear(sums, mixture->components, dim);
    for (size_t first = chunk * CHUNK; first < end; first += BLOCK) {
        const size_t n = end - first < BLOCK ? end - first : BLOCK;
        for (size_t m = 0; m < n; m++)
            for (size_t i = 0; i < dim; i++)
                columns[i * BLOCK + m] = rows[m * dim + i] = (double)fit->x[(first + m) * dim + i];
        sums->log_likelihood += responsibilities(fit, first, n, columns, work, share);
        for (size_t k = 0; k < mixture->components; k++) {
            for (size_t m = 0; m < n; m++) sums->weight[k] += share[k * BLOCK + m];
            const Moments moments = {rows, share + k * BLOCK, dim, sums->mean + k * dim, sums->square + k * dim * dim};
            wide_call(&moments_loop, &moments, 0, n);
        }
    }
    free(rows);
    free(columns);
    free(work);
    free(share);
}

static void add_to_total(Fit *fit, size_t chunks)
{
    const size_t components = fit->mixture->components, dim = fit->mixture->dim;
    Sums *total = &fit->total;
    for (size_t c = 0; c < chunks; c++) {
        const Sums *chunk = &fit->chunk[c];
        total->log_likelihood += chunk->log_likelihood;
        for (size_t i = 0; i < components; i++) total->weight[i] += chunk->weight[i];
        for (size_t i = 0; i < components * dim; i++) total->mean[i] += chunk->mean[i];
        for (size_t i = 0; i < components * dim * dim; i++) total->square[i] += chunk->square[i];
    }
}

/* The sums over all vectors. */
static const Sums *add_up(Fit *fit)
{
    sums_clear(&fit->total, fit->mixture->components, fit->mixture->dim);
    for (fit->first = 0; fit->first < fit->chunks; fit->first += SIDE_BY_SIDE) {
        const size_t chunks = fit->chunks - fit->first < SIDE_BY_SIDE ? fit->chunks - fit->first : SIDE_BY_SIDE;
        pool_run(chunks, add_chunk, fit);
        add_to_total(fit, chunks);
    }
    return &fit->total;
}

/* L of a (dim, dim), whose lower triangle is read; false: not positive definite. */
static bool cholesky(size_t dim, const double *a, double ridge, double *factor)
{
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = a[i * dim + j] + (i == j ? ridge : 0);
            for (size_t k = 0; k < j; k++) sum -= factor[i * dim + k] * factor[j * dim + k];
            if (i == j && !(sum > 0)) return false;
            factor[i * dim + j] = i == j ? sqrt(sum) : sum / factor[j * dim + j];
        }
    return true;
}

/* A component from its sums; one that holds nothing keeps its place and shape. */
static void update_component(Mixture *mixture, size_t k, const Sums *sums, size_t n, double ridge)
{
    const size_t dim = mixture->dim;
    double *mean = mixture->mean + k * dim, *square = sums->square + k * dim * dim;
    mixture->weight[k] = sums->weight[k] / (double)n;
    if (sums->weight[k] < 1e-3) return;
    for (size_t i = 0; i < dim; i++) mean[i] = sums->mean[k * dim + i] / sums->weight[k];
    for (size_t i = 0; i < dim; i++)
        for (size_t j = 0; j <= i; j++) square[i * dim + j] = square[i * dim + j] / sums->weight[k] - mean[i] * mean[j];
    while (!cholesky(dim, square, ridge, mixture->factor + k * dim * dim)) ridge *= 10;
}

static void prepare(const Fit *fit)
{
    static const double half_log_two_pi = 0.91893853320467274178;
    const Mixture *mixture = fit->mixture;
    for (size_t k = 0; k < mixture->components; k++) {
        const double *factor = mixture->factor + k * mixture->dim * mixture->dim;
        double constant = mixture->weight[k] > 0 ? d_log(mixture->weight[k]) : -1e300;
        for (size_t i = 0; i < mixture->dim; i++) {
            const double diagonal = factor[i * mixture->dim + i];
            fit->inverse[k * mixture->dim + i] = 1 / diagonal;
            constant -= d_log(diagonal) + half_log_two_pi;
        }
        fit->constant[k] = constant;
    }
}

/* Of a share of the mean variance over all dimensions; a positive number even where nothing varies. */
static double ridge_of(size_t n, size_t dim, const real *x)
{
    double total = 0;
    for (size_t k = 0; k < dim; k++) {
        double mean = 0, square = 0;
        for (size_t i = 0; i < n; i++) mean += (double)x[i * dim + k];
        mean /= (double)n;
        for (size_t i = 0; i < n; i++) square += ((double)x[i * dim + k] - mean) * ((double)x[i * dim + k] - mean);
        total += square / (double)n;
    }
    return RIDGE * total / (double)dim + 1e-12;
}

bool mixture_fit(Mixture *mixture, size_t components, size_t n, size_t dim, const real *x, Rng rng, size_t iterations,
                 const UseContext *use, Err *err)
{
    *mixture = (Mixture){.components = components, .dim = dim};
    mixture->weight = mem_zeroed(components, sizeof(double));
    mixture->mean = mem_zeroed(components * dim, sizeof(double));
    mixture->factor = mem_zeroed(mem_mul(components, dim * dim), sizeof(double));
    int *nearest = mem_zeroed(n, sizeof *nearest);
    Fit fit = {.mixture = mixture, .n = n, .x = x, .nearest = nearest, .chunks = (n + CHUNK - 1) / CHUNK};
    fit.inverse = mem_zeroed(components * dim, sizeof(double));
    fit.constant = mem_zeroed(components, sizeof(double));
    sums_init(&fit.total, components, dim);
    for (size_t c = 0; c < SIDE_BY_SIDE && c < fit.chunks; c++) sums_init(&fit.chunk[c], components, dim);
    const double ridge = ridge_of(n, dim, x);

    kmeans(components, n, dim, x, rng, mixture->mean, nearest);
    for (size_t k = 0; k < components; k++)
        for (size_t i = 0; i < dim; i++) mixture->factor[(k * dim + i) * dim + i] = sqrt(ridge);
    bool ok = true;
    for (size_t step = 0; ok && step <= iterations; step++) {
        const Sums *sums = add_up(&fit);
        const double before = mixture->log_likelihood;
        for (size_t k = 0; k < components; k++) update_component(mixture, k, sums, n, ridge);
        prepare(&fit);
        mixture->log_likelihood = sums->log_likelihood / (double)n;
        mixture->iterations = step;
        fit.nearest = NULL;
        ok = !use || use_progress(use, step, iterations, err);
        if (step > 1 && mixture->log_likelihood - before < TOLERANCE) break;
    }
    sums_release(&fit.total);
    for (size_t c = 0; c < SIDE_BY_SIDE; c++) sums_release(&fit.chunk[c]);
    free(fit.inverse);
    free(fit.constant);
    free(nearest);
    if (!ok) mixture_release(mixture);
    return ok;
}

void mixture_release(Mixture *mixture)
{
    free(mixture->weight);
    free(mixture->mean);
    free(mixture->factor);
    *mixture = (Mixture){0};
}

void mixture_draw(const Mixture *mixture, double uniform, const real *noise, real *z)
{
    const size_t dim = mixture->dim;
    size_t k = 0;
    for (double sum = mixture->weight[0]; k + 1 < mixture->components && uniform >= sum; sum += mixture->weight[k]) k++;
    const double *factor = mixture->factor + k * dim * dim;
    for (size_t i = 0; i < dim; i++) {
        double value = mixture->mean[k * dim + i];
        for (size_t j = 0; j <= i; j++) value += factor[i * dim + j] * (double)noise[j];
        z[i] = (real)value;
    }
}
