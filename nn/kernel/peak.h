/* The processor's peak of fused multiply-adds, measured: the denominator of `mayvae bench`. */
#ifndef NN_KERNEL_PEAK_H
#define NN_KERNEL_PEAK_H

#include <stddef.h>

/* GFLOP/s (two a multiply-add) of independent chains in registers, with the widest vectors of this processor, on all
 * threads of the pool at once; the best of several short trials. 0 where the processor has no FMA. */
double peak_gflops(void);

#endif
