#include "runner/metric/frechet.h"

#include <math.h>
#include <stdlib.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/cholesky.h"
#include "nn/kernel/clones.h"
#include "nn/kernel/eigen.h"
#include "runner/model/segments.h"

enum { ROWS = 32 }; /* of a covariance, a task */

/* What tasks that fill a matrix by blocks of rows read and write. */
typedef struct Fit {
    size_t n, size;
    const double *centred; /* (n, size) */
    double *covariance;
} Fit;

/* row[k] += the sum over images first.. of column i times column k. */
KERNEL_CLONES
static void add_segment(const Fit *fit, size_t i, size_t first, size_t end, double *segment, double *row)
{
    for (size_t k = i; k < fit->size; k++) segment[k] = 0;
    for (size_t image = first; image < end; image++) {
        const double *x = fit->centred + image * fit->size;
        for (size_t k = i; k < fit->size; k++) segment[k] += x[i] * x[k];
    }
    for (size_t k = i; k < fit->size; k++) row[k] += segment[k];
}

/* The upper triangle's rows of one task. */
static void fit_rows(void *context, size_t task)
{
    const Fit *fit = context;
    const size_t end = (task + 1) * ROWS < fit->size ? (task + 1) * ROWS : fit->size;
    double *segment = mem_zeroed(fit->size, sizeof *segment);
    for (size_t first = 0; first < fit->n; first += SEGMENT_IMAGES) {
        const size_t last = first + SEGMENT_IMAGES < fit->n ? first + SEGMENT_IMAGES : fit->n;
        for (size_t i = task * ROWS; i < end; i++)
            add_segment(fit, i, first, last, segment, fit->covariance + i * fit->size);
    }
    free(segment);
}

void gaussian_fit(Gaussian *gaussian, size_t n, size_t size, const real *features)
{
    *gaussian = (Gaussian){size, mem_zeroed(size, sizeof(double)), mem_zeroed(mem_mul(size, size), sizeof(double))};
    double *centred = mem_zeroed(mem_mul(n, size), sizeof *centred);
    for (size_t k = 0; k < size; k++) {
        SegmentSum sum = {0};
        for (size_t i = 0; i < n; i++) segment_add(&sum, (double)features[i * size + k]);
        gaussian->mean[k] = segment_total(&sum) / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < size; k++) centred[i * size + k] = (double)features[i * size + k] - gaussian->mean[k];
    Fit fit = {n, size, centred, gaussian->covariance};
    pool_run((size + ROWS - 1) / ROWS, fit_rows, &fit);
    for (size_t i = 0; i < size; i++)
        for (size_t k = i; k < size; k++) {
            double *element = &gaussian->covariance[i * size + k];
            *element /= (double)(n - 1);
            gaussian->covariance[k * size + i] = *element;
        }
    free(centred);
}

void gaussian_release(Gaussian *gaussian)
{
    free(gaussian->mean);
    free(gaussian->covariance);
    *gaussian = (Gaussian){0};
}

/* product (n,columns) += a (n,n) b (n,columns). */
KERNEL_CLONES
static void multiply(size_t n, size_t columns, const double *a, const double *b, double *product)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < columns; k++) product[i * columns + k] += a[i * n + j] * b[j * columns + k];
}

/* product (columns,columns) += a^T b, of a and b (n,columns). */
KERNEL_CLONES
static void multiply_transposed(size_t n, size_t columns, const double *a, const double *b, double *product)
{
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < columns; i++)
            for (size_t k = 0; k < columns; k++) product[i * columns + k] += a[j * columns + i] * b[j * columns + k];
}

/* tr (C1 C2)^(1/2). */
static double root_trace(const Gaussian *a, const Gaussian *b)
{
    const size_t n = a->size;
    double *factor = mem_zeroed(mem_mul(n, n), sizeof *factor), *product = mem_zeroed(mem_mul(n, n), sizeof *product);
    double *matrix = mem_zeroed(mem_mul(n, n), sizeof *matrix), *values = mem_zeroed(n, sizeof *values), sum = 0;
    cholesky_pivoted(n, a->covariance, factor);
    multiply(n, n, b->covariance, factor, product);
    multiply_transposed(n, n, factor, product, matrix);
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
