/* Cases that hold the exact back end against the naive twins, bit for bit: a shape and numbers for all of its operands,
 * with every instruction set that this processor has. */
#ifndef TESTS_SUPPORT_KERNEL_CASES_H
#define TESTS_SUPPORT_KERNEL_CASES_H

#include <stdint.h>

#include "nn/kernel/numerics.h"

enum {
    KERNEL_FUNCTIONS = 8, /* dense: 0 to 2 (of the input 1, of the weight 2), convolutions: 3 to 7 */
    KERNEL_ENDINGS = 3,
    KERNEL_THREADS = 4 /* counts of threads to be tried; sanitizers see one of them */
};

typedef struct KernelData {
    real *x, *w, *dy, *bias;       /* images, weight, grid */
    real *y;                       /* a relu's output, of the larger of images and grid */
    size_t images, weights, grids; /* their elements */
    const char *name;              /* of what is in them, for messages; may be NULL */
} KernelData;

/* A number that looks drawn, the same for the same i. */
uint32_t kernel_mixed(size_t i);

/* Numbers from -1 to 1. */
KernelData kernel_data_make(const ConvShape *s);
void kernel_data_release(KernelData *d);

/* Function f with ending e; fails the test that it is called from. The pool is left running. */
void kernel_check_ending(const ConvShape *s, const KernelData *d, int f, int e, size_t thread_counts);

/* Functions [first, last) with every ending, the first of them with so many counts of threads; stops the pool. */
void kernel_check(const ConvShape *s, const KernelData *d, int first, int last, size_t thread_counts);

#endif
