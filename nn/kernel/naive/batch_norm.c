#include "nn/kernel/naive/naive.h"

void naive_batch_norm_sums(size_t n, size_t positions, size_t channels, const real *x, const real *mean, const real *dy,
                           double *first, double *second)
{
    for (size_t c = 0; c < channels; c++) {
        first[c] = second[c] = 0;
        for (size_t segment = 0; segment < n; segment += 32) {
            double sum = 0, product = 0;
            for (size_t i = segment * positions; i < n * positions && i < (segment + 32) * positions; i++) {
                const double value = (double)x[i * channels + c], g = dy ? (double)dy[i * channels + c] : value;
                sum += g;
                product += g * (dy ? value - (double)mean[c] : value);
            }
            first[c] += sum;
            second[c] += product;
        }
    }
}

void naive_batch_norm_apply(size_t rows, size_t channels, const real *x, const real *mean, const real *factor,
                            const real *shift, real *y)
{
    for (size_t i = 0; i < rows * channels; i++) {
        const size_t c = i % channels;
        y[i] = (x[i] - mean[c]) * factor[c] + shift[c];
    }
}

void naive_batch_norm_grad_input(size_t rows, size_t channels, const real *x, const real *dy, const real *mean,
                                 const real *factor, const real *a, const real *b, real *dx)
{
    for (size_t i = 0; i < rows * channels; i++) {
        const size_t c = i % channels;
        dx[i] += factor[c] * (dy[i] - a[c] - (x[i] - mean[c]) * b[c]);
    }
}
