/* One loop for three instruction sets. `WIDE(name)(const void *context, size_t begin, size_t end) { ... }` defines a
 * loop of plain C as a `Wide`: the same body compiled for AVX-512, for AVX2 and for any processor, of which wide_run
 * takes the one that MAYVAE_ISA (numerics_select_isa) asks for. Products and sums are never contracted or reordered
 * (-ffp-contract=off) and lanes are different elements, so all three give the same bits. What the body calls has to be
 * inlined to gain from it: WIDE_INLINE, or the functions of fmath.h. */
#ifndef NN_KERNEL_WIDE_H
#define NN_KERNEL_WIDE_H

#include <stdbool.h>
#include <stddef.h>

typedef void WideLoop(const void *context, size_t begin, size_t end);

typedef struct Wide {
    WideLoop *avx512, *avx2, *portable;
} Wide;

/* Calls the loop for consecutive blocks of [0, n), on the pool, as blocks_run does. */
void wide_run(size_t n, size_t block, const Wide *loop, const void *context);

/* Whether the AVX2 variants are in use: the processor has nothing better, or was asked not to use it. */
bool wide_is_avx2(void);

/* Calls the loop once, in this thread: for loops within a task. */
void wide_call(const Wide *loop, const void *context, size_t begin, size_t end);

#define WIDE_INLINE static inline __attribute__((always_inline))

#ifdef __x86_64__
#define WIDE_TARGET(isa) __attribute__((target(isa)))
#else
#define WIDE_TARGET(isa)
#endif

#define WIDE_VARIANT(name, variant, attribute)                                                                         \
    attribute static void name##_##variant(const void *context, size_t begin, size_t end)                              \
    {                                                                                                                  \
        name##_body(context, begin, end);                                                                              \
    }

#define WIDE(name)                                                                                                     \
    WIDE_INLINE void name##_body(const void *context, size_t begin, size_t end);                                       \
    WIDE_VARIANT(name, avx512, WIDE_TARGET("avx512f"))                                                                 \
    WIDE_VARIANT(name, avx2, WIDE_TARGET("avx2"))                                                                      \
    WIDE_VARIANT(name, portable, )                                                                                     \
    static const Wide name = {name##_avx512, name##_avx2, name##_portable};                                            \
    WIDE_INLINE void name##_body

#endif
