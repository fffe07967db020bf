/* What the machine can do at most, measured: the denominators of `mayvae bench`. */
#ifndef NN_KERNEL_PEAK_H
#define NN_KERNEL_PEAK_H

#include <stddef.h>

/* GFLOP/s (two a multiply-add) of independent chains in registers, on all threads of the pool at once; the best of
 * several short trials. Vectors are the widest of this processor, or those of AVX2 where MAYVAE_ISA asks for it. 0
 * where the processor has no FMA. */
double peak_gflops(void);

/* GB/s of the triad a[i] = b[i] + s c[i] on all threads of the pool, two reads and a write counted (McCalpin, STREAM);
 * the best of several passes over arrays as large as the last cache (32 to 128 MiB each). */
double peak_gbytes(void);

#endif
