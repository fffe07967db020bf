/* The Cholesky factor of a symmetric matrix that may be singular, in double and of IEEE-exact operations only, so the
 * bits are the same everywhere. */
#ifndef NN_KERNEL_CHOLESKY_H
#define NN_KERNEL_CHOLESKY_H

#include <stddef.h>

/* a (n,n) symmetric without negative eigenvalues = L L^T; factor (n,n) holds L, of which only the first r columns,
 * returned, are other than 0: the numerical rank. Columns are taken in falling order of what is left on the diagonal
 * (complete pivoting: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 10.3), so L is
 * triangular only up to a permutation of its rows; it ends where what is left is below 1e-16 n times the largest
 * diagonal element. */
size_t cholesky_pivoted(size_t n, const double *a, double *factor);

#endif
