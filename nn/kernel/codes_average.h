/* A codebook that moves by averages: van den Oord et al., Neural Discrete Representation Learning (2017), appendix A.1.
 */
#ifndef NN_KERNEL_CODES_AVERAGE_H
#define NN_KERNEL_CODES_AVERAGE_H

#include "nn/kernel/codes_restart.h"

/* One step: x (n,cells,dim) with the code of each position, index (n,cells). */
typedef struct CodesStep {
    size_t n, cells, codes, dim;
    const real *x, *index;
    double decay; /* gamma */
    CodesRestart restart;
} CodesStep;

/* What is kept of a code beside its vector: N, the number of steps without use, and m (dim). */
enum { CODES_KEPT = 2 };

/* With n_k positions at code k, and s_k the sum of their vectors:
 *   N_k = gamma N_k + (1 - gamma) n_k,  m_k = gamma m_k + (1 - gamma) s_k (eq. 6 and 7),
 *   e_k = m_k / N_k where n_k > 0 (eq. 8); elsewhere the quotient doesn't change.
 * So from kept (codes, CODES_KEPT + dim) of zeros a code goes to the mean of its first vectors at once. A code that
 * begins anew is a vector of x, with N = 1. Sums are in double over segments of 32 images. scratch:
 * codes_average_scratch elements, aligned for double. */
size_t codes_average_scratch(size_t n, size_t codes, size_t dim);
void codes_average(const CodesStep *step, real *codebook, real *kept, real *scratch);

#endif
