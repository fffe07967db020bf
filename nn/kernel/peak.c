#include "nn/kernel/peak.h"

#include <time.h>

#include "nn/base/pool.h"

#if defined(__x86_64__)

enum { ROUNDS = 400000, CHAINS = 12, TRIALS = 12 };

typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

/* CHAINS independent chains hide the latency of 4 cycles at 2 (or 3) a cycle; the empty asm keeps them in registers. */
#define CHAIN_KERNEL(name, isa, vector, instruction, constraint)                                                       \
    __attribute__((target(isa))) static float name(void)                                                               \
    {                                                                                                                  \
        vector a[CHAINS], x = {0}, y = {0};                                                                            \
        for (int i = 0; i < CHAINS; i++) a[i] = (vector){(float)i};                                                    \
        for (int round = 0; round < ROUNDS; round++) {                                                                 \
            for (int i = 0; i < CHAINS; i++)                                                                           \
                __asm__ volatile(instruction : "+" constraint(a[i]) : constraint(x), constraint(y));                   \
        }                                                                                                              \
        float sum = 0;                                                                                                 \
        for (int i = 0; i < CHAINS; i++) sum += a[i][0];                                                               \
        return sum;                                                                                                    \
    }

CHAIN_KERNEL(chains_avx2, "avx2,fma", Vector8, "vfmadd231ps %2, %1, %0", "x")
CHAIN_KERNEL(chains_avx512, "avx512f", Vector16, "vfmadd231ps %2, %1, %0", "v")

typedef struct Trial {
    float (*chains)(void);
    float sink[64];
} Trial;

static void run_chains(void *context, size_t i)
{
    Trial *trial = context;
    trial->sink[i % 64] = trial->chains();
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double measure(float (*chains)(void), size_t width)
{
    Trial trial = {.chains = chains};
    size_t threads = pool_threads();
    double best = 0, flops = 2.0 * ROUNDS * CHAINS * (double)(width * threads);
    for (int i = 0; i < TRIALS; i++) {
        double start = seconds();
        pool_run(threads, run_chains, &trial);
        double rate = flops / (seconds() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    return best;
}

double peak_gflops(void)
{
    double best = 0;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) best = measure(chains_avx2, 8);
    if (__builtin_cpu_supports("avx512f")) {
        double wide = measure(chains_avx512, 16);
        if (wide > best) best = wide;
    }
    return best;
}

#else

double peak_gflops(void)
{
    return 0;
}

#endif
