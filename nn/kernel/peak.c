#include "nn/kernel/peak.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/wide.h"

enum { TRIALS = 12 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

enum { TRIAD_TASKS = 64, MEGABYTE = 1 << 20, TRIAD_LEAST = 32, TRIAD_MOST = 128 };

typedef struct Triad {
    float *a;
    const float *b, *c;
    float scale;
} Triad;

WIDE(triad)(const void *context, size_t begin, size_t end)
{
    const Triad *t = context;
    const float scale = t->scale, *restrict b = t->b, *restrict c = t->c;
    float *restrict a = t->a;
    for (size_t i = begin; i < end; i++) a[i] = b[i] + scale * c[i];
}

static size_t megabytes_of_last_cache(void)
{
    const long bytes = sysconf(_SC_LEVEL3_CACHE_SIZE), megabytes = bytes > 0 ? bytes / MEGABYTE : 0;
    return megabytes < TRIAD_LEAST ? TRIAD_LEAST : megabytes > TRIAD_MOST ? TRIAD_MOST : (size_t)megabytes;
}

double peak_gbytes(void)
{
    const size_t n = megabytes_of_last_cache() * (MEGABYTE / sizeof(float));
    float *a = mem_zeroed(n, sizeof *a), *b = mem_zeroed(n, sizeof *b), *c = mem_zeroed(n, sizeof *c);
    /* untouched pages may all be one page of zeros, which a cache holds */
    for (size_t i = 0; i < n; i++) b[i] = c[i] = (float)(i & 15);
    Triad t = {.a = a, .b = b, .c = c, .scale = 0.5F};
    double best = 0, bytes = 3.0 * sizeof(float) * (double)n;
    for (int i = 0; i < TRIALS; i++) {
        double start = seconds();
        wide_run(n, n / TRIAD_TASKS, &triad, &t);
        double rate = bytes / (seconds() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    free(a);
    free(b);
    free(c);
    return best;
}

#if defined(__x86_64__)

enum { ROUNDS = 400000, CHAINS = 12 };

typedef float Vector8 __attribute__((vector_size(32)));
typedef float Vector16 __attribute__((vector_size(64)));

/* CHAINS independent chains hide the latency of 4 cycles at two a cycle. One asm holds a whole round, so that the sums
 * stay in registers whatever the compiler thinks of loops. */
#define FMA(sum) "vfmadd231ps %12, %13, %" #sum "\n\t"
#define CHAIN_KERNEL(name, isa, vector, register_class)                                                                \
    __attribute__((target(isa))) static float name(void)                                                               \
    {                                                                                                                  \
        vector a = {0}, b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a, x = a, y = a;     \
        for (int round = 0; round < ROUNDS; round++)                                                                   \
            __asm__ volatile(FMA(0) FMA(1) FMA(2) FMA(3) FMA(4) FMA(5) FMA(6) FMA(7) FMA(8) FMA(9) FMA(10) FMA(11)     \
                             : "+" register_class(a), "+" register_class(b), "+" register_class(c),                    \
                               "+" register_class(d), "+" register_class(e), "+" register_class(f),                    \
                               "+" register_class(g), "+" register_class(h), "+" register_class(i),                    \
                               "+" register_class(j), "+" register_class(k), "+" register_class(l)                     \
                             : register_class(x), register_class(y));                                                  \
        vector sum = a + b + c + d + e + f + g + h + i + j + k + l;                                                    \
        return sum[0];                                                                                                 \
    }

CHAIN_KERNEL(chains_avx2, "avx2,fma", Vector8, "x")
CHAIN_KERNEL(chains_avx512, "avx512f", Vector16, "v")

typedef struct Trial {
    float (*chains)(void);
} Trial;

static void run_chains(void *context, size_t i)
{
    (void)i;
    const volatile float used = ((const Trial *)context)->chains();
    (void)used;
}

static double measure(float (*chains)(void), size_t width)
{
    Trial trial = {chains};
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
    if (__builtin_cpu_supports("avx512f") && !wide_is_avx2()) {
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
