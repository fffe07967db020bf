/* The arithmetic type of the engine: float, or double in MODE=dbl, the build that checks gradients. */
#ifndef NN_BASE_REAL_H
#define NN_BASE_REAL_H

#ifdef MAYVAE_DOUBLE
typedef double real;
#define REAL_DTYPE "F64"
#else
typedef float real;
#define REAL_DTYPE "F32"
#endif

#endif
