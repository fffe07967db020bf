#include <math.h>
#include <stdlib.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"
#include "nn/kernel/eigen.h"
#include "nn/kernel/wide.h"

enum {
    STEPS_MAX = 60, /* of QL an eigenvalue; two or three are usual */
    COLUMNS = 128,  /* of a task */
    ROWS = 32
};

/* The block of the symmetric matrix a that is left: `n` rows and columns, which lie `stride` apart; and two vectors. */
typedef struct Block {
    size_t n, stride;
    double *a, *v, *w;
} Block;

/* w = a v, by rows of a, for some columns. */
WIDE(multiply)(const void *context, size_t begin, size_t end)
{
    const Block *block = context;
    const double *restrict v = block->v;
    double *restrict w = block->w;
    for (size_t k = begin; k < end; k++) w[k] = 0;
    for (size_t i = 0; i < block->n; i++) {
        const double *restrict row = block->a + i * block->stride;
        for (size_t k = begin; k < end; k++) w[k] += row[k] * v[i];
    }
}

/* a -= v w^T + w v^T, for some rows. */
WIDE(subtract)(const void *context, size_t begin, size_t end)
{
    const Block *block = context;
    const double *restrict v = block->v, *restrict w = block->w;
    for (size_t i = begin; i < end; i++) {
        double *restrict row = block->a + i * block->stride;
        for (size_t k = 0; k < block->n; k++) row[k] -= v[i] * w[k] + w[i] * v[k];
    }
}

/* Zeroes column k of a below the element under its diagonal with I - scale v v^T, and returns that element. v and w
 * (n) are scratch. */
static double reflect(size_t n, size_t k, double *a, double *v, double *w)
{
    double square = 0, product = 0;
    for (size_t i = k + 2; i < n; i++) square += a[i * n + k] * a[i * n + k];
    double first = a[(k + 1) * n + k];
    if (square == 0) return first;
    double norm = sqrt(first * first + square);
    double image = first > 0 ? -norm : norm;
    for (size_t i = k + 1; i < n; i++) v[i] = a[i * n + k];
    v[k + 1] = first - image;
    double scale = 2 / (v[k + 1] * v[k + 1] + square);
    const Block rest = {n - k - 1, n, a + (k + 1) * (n + 1), v + k + 1, w + k + 1};
    wide_run(rest.n, COLUMNS, &multiply, &rest);
    for (size_t i = k + 1; i < n; i++) {
        w[i] *= scale;
        product += w[i] * v[i];
    }
    for (size_t i = k + 1; i < n; i++) w[i] -= scale / 2 * product * v[i];
    wide_run(rest.n, ROWS, &subtract, &rest);
    return image;
}

/* One implicit QL step on the block [first, last] with Wilkinson's shift. diagonal (n), beside[i] joins i and i + 1. */
static void ql_step(double *diagonal, double *beside, size_t first, size_t last)
{
    double half = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first]);
    double root = sqrt(half * half + 1);
    double bulge = diagonal[last] - diagonal[first] + beside[first] / (half + (half < 0 ? -root : root));
    double s = 1, c = 1, shift = 0;
    for (size_t i = last; i-- > first;) {
        double f = s * beside[i], b = c * beside[i];
        double r = sqrt(f * f + bulge * bulge);
        beside[i + 1] = r;
        if (r == 0) { /* the block has come apart: what is left is another step's */
            diagonal[i + 1] -= shift;
            beside[last] = 0;
            return;
        }
        s = f / r;
        c = bulge / r;
        double g = diagonal[i + 1] - shift;
        double t = (diagonal[i] - g) * s + 2 * c * b;
        shift = s * t;
        diagonal[i + 1] = g + shift;
        bulge = c * t - b;
    }
    diagonal[first] -= shift;
    beside[first] = bulge;
    beside[last] = 0;
}

/* The end of the block that begins at `first`: the first element beside the diagonal that is negligible. */
static size_t block_end(size_t n, const double *diagonal, const double *beside, size_t first)
{
    size_t last = first;
    while (last + 1 < n && fabs(beside[last]) > 0x1p-52 * (fabs(diagonal[last]) + fabs(diagonal[last + 1]))) last++;
    return last;
}

static int falling(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

void eigen_values_symmetric(size_t n, double *a, double *values)
{
    double largest = 0;
    for (size_t i = 0; i < n * n; i++)
        if (fabs(a[i]) > largest) largest = fabs(a[i]);
    double *beside = mem_zeroed(n + 1, sizeof *beside), *scratch = mem_zeroed(mem_mul(n, 2), sizeof *scratch);
    for (size_t i = 0; largest > 0 && i < n * n; i++) a[i] /= largest; /* no square leaves the range of numbers */
    for (size_t k = 0; k + 2 < n; k++) beside[k] = reflect(n, k, a, scratch, scratch + n);
    if (n > 1) beside[n - 2] = a[(n - 1) * n + n - 2];
    for (size_t i = 0; i < n; i++) values[i] = a[i * n + i];
    for (size_t first = 0; first < n; first++) {
        size_t last, steps = 0;
        while ((last = block_end(n, values, beside, first)) > first) {
            if (++steps > STEPS_MAX) BUG("QL doesn't converge");
            ql_step(values, beside, first, last);
        }
    }
    for (size_t i = 0; i < n; i++) values[i] *= largest;
    qsort(values, n, sizeof *values, falling);
    free(scratch);
    free(beside);
}
