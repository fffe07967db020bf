#include "nn/kernel/codes.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/blocks.h"
#include "nn/kernel/reduce.h"
#include "nn/kernel/wide.h"

enum {
    LANES = 8, /* codes that are compared side by side: an AVX2 vector, as compilers keep wider ones in memory there */
    GROUP = 4, /* positions that are looked at side by side */
    POSITIONS_TASK = 64 /* positions of a task */
};

/* One number a code. */
typedef real Lanes __attribute__((vector_size(LANES * sizeof(real))));

static size_t blocks_of(size_t codes)
{
    return (codes + LANES - 1) / LANES;
}

size_t codes_nearest_scratch(size_t codes, size_t dim)
{
    return mem_mul(mem_mul(blocks_of(codes), LANES), dim);
}

typedef struct Search {
    size_t codes, dim;
    const real *x, *codebook;
    real *table; /* the codebook as (blocks,dim,LANES), filled up with infinity, which is nearest to nothing */
    real *index;
} Search;

static void lay_out(const Search *v)
{
    for (size_t b = 0; b < blocks_of(v->codes); b++) {
        for (size_t d = 0; d < v->dim; d++) {
            for (size_t l = 0; l < LANES; l++) {
                const size_t code = b * LANES + l;
                v->table[(b * v->dim + d) * LANES + l] =
                    code < v->codes ? v->codebook[code * v->dim + d] : (real)INFINITY;
            }
        }
    }
}

/* Each lane of each position keeps the least of its codes, the first of equal ones. */
typedef struct Least {
    Lanes distance[GROUP], block[GROUP];
} Least;

/* What a comparison of lanes gives: all bits of a lane, or none. */
typedef __typeof__((Lanes){0} < (Lanes){0}) Bits;

WIDE_INLINE void keep_least(Least *least, const Lanes *sum, real block)
{
    const Lanes zero = {0};
    for (size_t g = 0; g < GROUP; g++) {
        const Bits less = sum[g] < least->distance[g];
        least->block[g] = (Lanes)(((Bits)(zero + block) & less) | ((Bits)least->block[g] & ~less));
        least->distance[g] = (Lanes)(((Bits)sum[g] & less) | ((Bits)least->distance[g] & ~less));
    }
}

/* The sums of a block of codes for several positions, kept in registers, which don't wait for each other. */
WIDE_INLINE void sum_block(size_t dim, const real *const *x, const real *code, Lanes *sum)
{
    Lanes part[GROUP] = {0}, e;
    for (size_t d = 0; d < dim; d++, code += LANES) {
        memcpy(&e, code, sizeof e);
        for (size_t g = 0; g < GROUP; g++) {
            const Lanes difference = x[g][d] - e;
            part[g] += difference * difference;
        }
    }
    for (size_t g = 0; g < GROUP; g++) sum[g] = part[g];
}

WIDE_INLINE void least_of_lanes(const Search *v, const real *const *x, Least *least)
{
    for (size_t b = 0; b < blocks_of(v->codes); b++) {
        Lanes sum[GROUP];
        sum_block(v->dim, x, v->table + b * v->dim * LANES, sum);
        keep_least(least, sum, (real)b);
    }
}

WIDE_INLINE real lowest_of_lanes(const Lanes *distance, const Lanes *block)
{
    real best = (*distance)[0], at = (*block)[0] * LANES;
    for (size_t l = 1; l < LANES; l++) {
        const real code = (*block)[l] * LANES + (real)l;
        const bool less = (*distance)[l] < best || ((*distance)[l] == best && code < at);
        at = less ? code : at;
        best = less ? (*distance)[l] : best;
    }
    return best < (real)INFINITY ? at : 0;
}

WIDE(nearest_loop)(const void *context, size_t begin, size_t end)
{
    const Search *v = context;
    const Lanes zero = {0};
    for (size_t p = begin; p < end; p += GROUP) {
        const real *x[GROUP];
        Least least;
        for (size_t g = 0; g < GROUP; g++) { /* a group that is not full ends with its last position, again */
            x[g] = v->x + (p + g < end ? p + g : end - 1) * v->dim;
            least.distance[g] = zero + (real)INFINITY;
            least.block[g] = zero;
        }
        least_of_lanes(v, x, &least);
        for (size_t g = 0; g < GROUP && p + g < end; g++)
            v->index[p + g] = lowest_of_lanes(&least.distance[g], &least.block[g]);
    }
}

void codes_nearest(size_t positions, size_t codes, size_t dim, const real *x, const real *codebook, real *index,
                   real *scratch)
{
    const Search v = {.codes = codes, .dim = dim, .x = x, .codebook = codebook, .table = scratch, .index = index};
    lay_out(&v);
    wide_run(positions, POSITIONS_TASK, &nearest_loop, &v);
}

typedef struct Take {
    size_t dim;
    const real *codebook, *index;
    real *y;
} Take;

static void take_loop(const void *context, size_t begin, size_t end)
{
    const Take *v = context;
    for (size_t p = begin; p < end; p++)
        memcpy(v->y + p * v->dim, v->codebook + (size_t)v->index[p] * v->dim, v->dim * sizeof(real));
}

void codes_take(size_t positions, size_t dim, const real *codebook, const real *index, real *y)
{
    blocks_run(positions, block_rows(dim), take_loop,
               &(Take){.dim = dim, .codebook = codebook, .index = index, .y = y});
}

typedef struct Error {
    const CodesError *at;
    real factor;
    const real *dsum;
    real *to;
    double *partial; /* (segments, codes, dim) */
} Error;

WIDE_INLINE const real *code_of(const CodesError *v, size_t position)
{
    return v->codebook + (size_t)v->index[position] * v->dim;
}

WIDE_INLINE void error_terms(const void *context, size_t begin, size_t count, real *terms)
{
    const CodesError *v = context;
    size_t position = begin / v->dim, d = begin % v->dim;
    for (size_t i = 0; i < count; position++, d = 0) {
        const real *code = code_of(v, position), *x = v->x + position * v->dim;
        for (; d < v->dim && i < count; d++, i++) terms[i] = (x[d] - code[d]) * (x[d] - code[d]);
    }
}

WIDE(error_loop)(const void *context, size_t begin, size_t end)
{
    reduce_terms(context, begin, end, error_terms);
}

void codes_error(const CodesError *error, real factor, real *sum)
{
    reduce_examples(error->n, error->cells * error->dim, &error_loop, error, sum);
    for (size_t i = 0; i < error->n; i++) sum[i] *= factor;
}

WIDE(grad_input_loop)(const void *context, size_t begin, size_t end)
{
    const Error *v = context;
    const CodesError *at = v->at;
    for (size_t p = begin; p < end; p++) {
        const real scale = 2 * v->factor * v->dsum[p / at->cells];
        const real *restrict code = code_of(at, p), *restrict x = at->x + p * at->dim;
        real *restrict dx = v->to + p * at->dim;
        for (size_t d = 0; d < at->dim; d++) dx[d] += scale * (x[d] - code[d]);
    }
}

void codes_error_grad_input(const CodesError *error, real factor, const real *dsum, real *dx)
{
    wide_run(error->n * error->cells, block_rows(error->dim), &grad_input_loop,
             &(Error){.at = error, .factor = factor, .dsum = dsum, .to = dx});
}

size_t codes_error_scratch(size_t n, size_t codes, size_t dim)
{
    return mem_mul(mem_mul(mem_mul(reduce_segments(n), codes), dim), sizeof(double) / sizeof(real));
}

static void codebook_task(void *context, size_t segment)
{
    const Error *v = context;
    const CodesError *at = v->at;
    const size_t numbers = at->codes * at->dim, first = segment * REDUCE_SEGMENT;
    const size_t end = at->n - first < REDUCE_SEGMENT ? at->n : first + REDUCE_SEGMENT;
    double *partial = v->partial + segment * numbers;
    memset(partial, 0, numbers * sizeof *partial);
    for (size_t p = first * at->cells; p < end * at->cells; p++) {
        const double scale = 2 * (double)v->factor * (double)v->dsum[p / at->cells];
        const real *restrict code = code_of(at, p), *restrict x = at->x + p * at->dim;
        double *restrict sum = partial + (size_t)at->index[p] * at->dim;
        for (size_t d = 0; d < at->dim; d++) sum[d] += scale * ((double)code[d] - (double)x[d]);
    }
}

void codes_error_grad_codebook(const CodesError *error, real factor, const real *dsum, real *dcodebook, real *scratch)
{
    const size_t numbers = error->codes * error->dim;
    Error v = {.at = error, .factor = factor, .dsum = dsum, .partial = (double *)(void *)scratch};
    pool_run(reduce_segments(error->n), codebook_task, &v);
    for (size_t i = 0; i < numbers; i++) {
        double total = 0;
        for (size_t segment = 0; segment < reduce_segments(error->n); segment++)
            total += v.partial[segment * numbers + i];
        dcodebook[i] += (real)total;
    }
}
