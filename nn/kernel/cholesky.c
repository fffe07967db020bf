#include "nn/kernel/cholesky.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"

size_t cholesky_pivoted(size_t n, const double *a, double *factor)
{
    double *left = mem_zeroed(n, sizeof *left); /* of the diagonal; below 0: the row has had its turn */
    double largest = 0;
    size_t rank = 0;
    memset(factor, 0, n * n * sizeof *factor);
    for (size_t i = 0; i < n; i++) {
        left[i] = a[i * n + i];
        if (left[i] > largest) largest = left[i];
    }
    for (; rank < n; rank++) {
        size_t pivot = 0;
        for (size_t i = 1; i < n; i++)
            if (left[i] > left[pivot]) pivot = i;
        if (left[pivot] <= 1e-16 * (double)n * largest) break;
        double *row = factor + pivot * n, root = sqrt(left[pivot]);
        row[rank] = root;
        left[pivot] = -1;
        for (size_t i = 0; i < n; i++) {
            if (left[i] < 0) continue;
            double sum = a[i * n + pivot];
            for (size_t k = 0; k < rank; k++) sum -= factor[i * n + k] * row[k];
            factor[i * n + rank] = sum / root;
            left[i] -= factor[i * n + rank] * factor[i * n + rank];
            if (left[i] < 0) left[i] = 0;
        }
    }
    free(left);
    return rank;
}
