/* Arithmetic of sizes that the kernels' cuts into tasks share. */
#ifndef NN_KERNEL_SIZES_H
#define NN_KERNEL_SIZES_H

#include <stddef.h>

static inline size_t size_ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

#endif
