#include "runner/metric/frechet.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/alloc.h"
#include "nn/kernel/cholesky.h"
#include "nn/kernel/eigen.h"
#include "nn/kernel/wide.h"
#include "runner/model/segments.h"

enum { ROWS = 32 }; /* of a matrix, a task */

/* What tasks that fill a matrix by blocks of rows read and write. */
typedef struct Fit {
    size_t n, size;
    const real *features; /* (n, size) */
    const double *mean;
    double *covariance;
} Fit;

/* row[k] += the sum over a segment's n images of column i times column k. */
WIDE_INLINE void add_segment(const Fit *fit, size_t i, size_t n, const double *centred, double *segment, double *row)
{
    for (size_t k = i; k < fit->size; k++) segment[k] = 0;
    for (size_t image = 0; image < n; image++) {
        const double *x = centred + image * fit->size;
        for (size_t k = i; k < fit->size; k++) segment[k] += x[i] * x[k];
    }
    for (size_t k = i; k < fit->size; k++) row[k] += segment[k];
}

/* Some of the upper triangle's rows. */
WIDE(fit_rows)(const void *context, size_t begin, size_t end)
{
    const Fit *fit = context;
    const size_t size = fit->size;
    double *segment = mem_zeroed(size, sizeof *segment);
    double *centred = mem_zeroed(mem_mul(SEGMENT_IMAGES, size), sizeof *centred);
    for (size_t first = 0; first < fit->n; first += SEGMENT_IMAGES) {
        const size_t n = fit->n - first < SEGMENT_IMAGES ? fit->n - first : SEGMENT_IMAGES;
        const real *features = fit->features + first * size;
        for (size_t image = 0; image < n; image++)
            for (size_t k = begin; k < size; k++)
                centred[image * size + k] = (double)features[image * size + k] - fit->mean[k];
        for (size_t i = begin; i < end; i++) add_segment(fit, i, n, centred, segment, fit->covariance + i * size);
    }
    free(centred);
    free(segment);
}

void gaussian_fit(Gaussian *gaussian, size_t n, size_t size, const real *features)
{
    *gaussian = (Gaussian){size, mem_zeroed(size, sizeof(double)), mem_zeroed(mem_mul(size, size), sizeof(double))};
    for (size_t k = 0; k < size; k++) {
        SegmentSum sum = {0};
        for (size_t i = 0; i < n; i++) segment_add(&sum, (double)features[i * size + k]);
        gaussian->mean[k] = segment_total(&sum) / (double)n;
    }
    Fit fit = {n, size, features, gaussian->mean, gaussian->covariance};
    wide_run(size, ROWS, &fit_rows, &fit);
    for (size_t i = 0; i < size; i++)
        for (size_t k = i; k < size; k++) {
            double *element = &gaussian->covariance[i * size + k];
            *element /= (double)(n - 1);
            gaussian->covariance[k * size + i] = *element;
        }
}

void gaussian_release(Gaussian *gaussian)
{
    free(gaussian->mean);
    free(gaussian->covariance);
    *gaussian = (Gaussian){0};
}

/* product += a b, all (n,n); a(i,j) is a[i rows + j columns]. */
typedef struct Product {
    size_t n, rows, columns;
    const double *a, *b;
    double *product;
} Product;

WIDE(product_rows)(const void *context, size_t begin, size_t end)
{
    const Product *v = context;
    for (size_t i = begin; i < end; i++) {
        double *restrict to = v->product + i * v->n;
        for (size_t j = 0; j < v->n; j++) {
            const double factor = v->a[i * v->rows + j * v->columns], *restrict from = v->b + j * v->n;
            for (size_t k = 0; k < v->n; k++) to[k] += factor * from[k];
        }
    }
}

/* tr (C1 C2)^(1/2). */
static double root_trace(const Gaussian *a, const Gaussian *b)
{
    const size_t n = a->size;
    double *factor = mem_zeroed(mem_mul(n, n), sizeof *factor), *product = mem_zeroed(mem_mul(n, n), sizeof *product);
    double *matrix = mem_zeroed(mem_mul(n, n), sizeof *matrix), *values = mem_zeroed(n, sizeof *values), sum = 0;
    cholesky_pivoted(n, a->covariance, factor);
    wide_run(n, ROWS, &product_rows, &(Product){n, n, 1, b->covariance, factor, product});
    wide_run(n, ROWS, &product_rows, &(Product){n, 1, n, factor, product, matrix});
    for (size_t i = 0; i < n; i++) /* equal but for rounding */
        for (size_t k = 0; k < i; k++) matrix[i * n + k] = matrix[k * n + i];
    eigen_values_symmetric(n, matrix, values);
    for (size_t i = 0; i < n; i++)
        if (values[i] > 0) sum += sqrt(values[i]);
    free(values);
    free(matrix);
    free(product);
    free(factor);
    return sum;
}

double gaussian_distance(const Gaussian *a, const Gaussian *b)
{
    double means = 0, traces = 0;
    for (size_t i = 0; i < a->size; i++) {
        const double difference = a->mean[i] - b->mean[i];
        means += difference * difference;
        traces += a->covariance[i * a->size + i] + b->covariance[i * a->size + i];
    }
    return means + traces - 2 * root_trace(a, b);
}
