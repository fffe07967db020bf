#include "nn/kernel/naive/naive.h"

static real distance(size_t dim, const real *x, const real *code)
{
    real sum = 0;
    for (size_t d = 0; d < dim; d++) sum += (x[d] - code[d]) * (x[d] - code[d]);
    return sum;
}

void naive_codes_nearest(size_t positions, size_t codes, size_t dim, const real *x, const real *codebook, real *index)
{
    for (size_t p = 0; p < positions; p++) {
        size_t best = 0;
        for (size_t k = 1; k < codes; k++) {
            const real least = distance(dim, x + p * dim, codebook + best * dim);
            best = distance(dim, x + p * dim, codebook + k * dim) < least ? k : best;
        }
        index[p] = (real)best;
    }
}

void naive_codes_error(const CodesError *e, real factor, real *sum)
{
    for (size_t i = 0; i < e->n; i++) {
        double total = 0;
        for (size_t t = i * e->cells * e->dim; t < (i + 1) * e->cells * e->dim; t++) {
            const real difference = e->x[t] - e->codebook[(size_t)e->index[t / e->dim] * e->dim + t % e->dim];
            total += (double)(difference * difference);
        }
        sum[i] = (real)total * factor;
    }
}

void naive_codes_error_grad_input(const CodesError *e, real factor, const real *dsum, real *dx)
{
    for (size_t t = 0; t < e->n * e->cells * e->dim; t++) {
        const real scale = 2 * factor * dsum[t / e->dim / e->cells];
        dx[t] += scale * (e->x[t] - e->codebook[(size_t)e->index[t / e->dim] * e->dim + t % e->dim]);
    }
}

/* One number of the codebook at a time. */
void naive_codes_error_grad_codebook(const CodesError *e, real factor, const real *dsum, real *dcodebook)
{
    for (size_t at = 0; at < e->codes * e->dim; at++) {
        double total = 0;
        for (size_t segment = 0; segment < e->n; segment += 32) {
            double part = 0;
            for (size_t p = segment * e->cells; p < e->n * e->cells && p < (segment + 32) * e->cells; p++) {
                if ((size_t)e->index[p] != at / e->dim) continue;
                const double scale = 2 * (double)factor * (double)dsum[p / e->cells];
                part += scale * ((double)e->codebook[at] - (double)e->x[p * e->dim + at % e->dim]);
            }
            total += part;
        }
        dcodebook[at] += (real)total;
    }
}
