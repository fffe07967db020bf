#include "nn/kernel/naive/naive.h"

void naive_sum_rows(size_t n, size_t positions, size_t channels, const real *x, real *sum)
{
    for (size_t c = 0; c < channels; c++) {
        double total = 0;
        for (size_t segment = 0; segment < n; segment += 32) {
            double part = 0;
            for (size_t i = segment; i < n && i < segment + 32; i++) {
                for (size_t p = 0; p < positions; p++) part += (double)x[(i * positions + p) * channels + c];
            }
            total += part;
        }
        sum[c] += (real)total;
    }
}

void naive_sum_examples(size_t n, size_t count, const real *x, real *sum)
{
    for (size_t i = 0; i < n; i++) {
        double total = 0;
        for (size_t k = 0; k < count; k++) total += (double)x[i * count + k];
        sum[i] = (real)total;
    }
}
