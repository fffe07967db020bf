/* Eigenvalues of symmetric matrices in double, by IEEE-exact operations only, so the bits are the same everywhere. */
#ifndef NN_KERNEL_EIGEN_H
#define NN_KERNEL_EIGEN_H

#include <stddef.h>

/* By cyclic Jacobi rotations (Golub and Van Loan, Matrix Computations, 4th edition, section 8.5). a (n,n) symmetric,
 * destroyed. values (n) fall; row i of vectors (n,n) is the unit vector of values[i], with its sign
 * fixed: the component of largest magnitude (the first of equals) is positive. n up to a few hundred. */
void eigen_symmetric(size_t n, double *a, double *values, double *vectors);

/* The values alone, falling, of a (n,n) symmetric and finite, destroyed: by Householder's reduction to three diagonals
 * and implicit QL steps (the same book, sections 8.3.1 and 8.3.3), which for n in the hundreds takes a hundredth of the
 * time. Errors are within a few 1e-16 n of the largest magnitude, so small values have fewer right digits than
 * eigen_symmetric's. */
void eigen_values_symmetric(size_t n, double *a, double *values);

#endif
