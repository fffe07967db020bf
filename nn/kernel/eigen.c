#include "nn/kernel/eigen.h"

#include <math.h>
#include <stdbool.h>

enum { SWEEPS_MAX = 60 };

/* Rotates rows and columns p and q so that a[p][q] becomes 0; tan is the smaller root of t^2 + 2 theta t - 1 = 0. */
static void rotate(size_t n, double *a, double *v, size_t p, size_t q)
{
    double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
    double t = 1 / (fabs(theta) + sqrt(theta * theta + 1));
    if (theta < 0) t = -t;
    double c = 1 / sqrt(t * t + 1), s = t * c;
    for (size_t k = 0; k < n; k++) {
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
    }
    for (size_t k = 0; k < n; k++) {
        double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
        x = v[p * n + k], y = v[q * n + k];
        v[p * n + k] = c * x - s * y;
        v[q * n + k] = s * x + c * y;
    }
    a[p * n + q] = a[q * n + p] = 0;
}

/* One pass over the upper triangle; false when every element was negligible beside its diagonal already. */
static bool sweep(size_t n, double *a, double *v)
{
    bool rotated = false;
    for (size_t p = 0; p < n; p++) {
        for (size_t q = p + 1; q < n; q++) {
            double element = fabs(a[p * n + q]);
            if (element <= 1e-16 * sqrt(fabs(a[p * n + p]) * fabs(a[q * n + q])) || element < 1e-300) continue;
            rotate(n, a, v, p, q);
            rotated = true;
        }
    }
    return rotated;
}

static void fix_sign(size_t n, double *vector)
{
    size_t largest = 0;
    for (size_t k = 1; k < n; k++)
        if (fabs(vector[k]) > fabs(vector[largest])) largest = k;
    if (vector[largest] >= 0) return;
    for (size_t k = 0; k < n; k++) vector[k] = -vector[k];
}

static void swap_rows(size_t n, double *vectors, double *values, size_t i, size_t j)
{
    double value = values[i];
    values[i] = values[j];
    values[j] = value;
    for (size_t k = 0; k < n; k++) {
        double x = vectors[i * n + k];
        vectors[i * n + k] = vectors[j * n + k];
        vectors[j * n + k] = x;
    }
}

void eigen_symmetric(size_t n, double *a, double *values, double *vectors)
{
    for (size_t i = 0; i < n * n; i++) vectors[i] = i % (n + 1) == 0;
    for (int i = 0; i < SWEEPS_MAX && sweep(n, a, vectors); i++) {
    }
    for (size_t i = 0; i < n; i++) values[i] = a[i * n + i];
    for (size_t i = 0; i < n; i++) {
        size_t best = i;
        for (size_t j = i + 1; j < n; j++)
            if (values[j] > values[best]) best = j;
        if (best != i) swap_rows(n, vectors, values, i, best);
        fix_sign(n, vectors + i * n);
    }
}
