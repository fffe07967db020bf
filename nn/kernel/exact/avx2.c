/* AVX2 with FMA: compiled with -mavx2 -mfma, run only where the processor has both. */
#include <immintrin.h>
#include <stddef.h>

#include "nn/kernel/exact/exact.h"

#define WIDTH 8
#define ROWS 6

typedef __m256 V;
typedef __m256i Mask;

#define v_zero() _mm256_setzero_ps()
#define v_set1(x) _mm256_set1_ps(x)
#define v_load(p) _mm256_loadu_ps(p)
#define v_store(p, v) _mm256_storeu_ps(p, v)
#define v_load_part(p, m) _mm256_maskload_ps(p, m)
#define v_store_part(p, m, v) _mm256_maskstore_ps(p, m, v)
#define v_add(a, b) _mm256_add_ps(a, b)
#define v_fma(a, b, c) _mm256_fmadd_ps(a, b, c)

#define v_rectify(x) _mm256_and_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NLT_UQ), x)
#define v_passed(x, y) _mm256_and_ps(_mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_NLE_UQ), x)

#define v_or(a, b) _mm256_or_ps(a, b)
#define v_low(a, b) _mm256_unpacklo_ps(a, b)
#define v_high(a, b) _mm256_unpackhi_ps(a, b)

static inline V v_quarters(const float *p, size_t stride)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(p + stride), 1);
}

static inline Mask v_mask(size_t lanes)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline unsigned v_nonzero(V v)
{
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_NEQ_UQ));
}

static inline V v_mark(V marks, V x, uint32_t bit)
{
    const V lanes = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NEQ_UQ);
    return _mm256_or_ps(marks, _mm256_and_ps(lanes, _mm256_castsi256_ps(_mm256_set1_epi32((int)bit))));
}

#include "nn/kernel/exact/micro.h"

/* Lane i takes lane order[i] to squeeze, rank[i] to spread. */
typedef struct Live {
    Mask lanes, front;
    __m256i order, rank;
} Live;

static inline Live v_live(unsigned lanes)
{
    int order[WIDTH] = {0}, rank[WIDTH];
    int n = 0;
    for (int i = 0; i < WIDTH; i++) {
        rank[i] = n;
        if (lanes >> i & 1) order[n++] = i;
    }
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    return (Live){_mm256_cmpeq_epi32(_mm256_and_si256(_mm256_set1_epi32((int)lanes), bit), bit), v_mask((size_t)n),
                  _mm256_loadu_si256((const void *)order), _mm256_loadu_si256((const void *)rank)};
}

#define v_squeeze(v, live) _mm256_permutevar8x32_ps(v, (live).order)
#define v_spread(old, v, live)                                                                                         \
    _mm256_blendv_ps(old, _mm256_permutevar8x32_ps(v, (live).rank), _mm256_castsi256_ps((live).lanes))

#include "nn/kernel/exact/lanes.h"
#include "nn/kernel/exact/pack.h"
#include "nn/kernel/exact/squeeze.h"
#include "nn/kernel/exact/taps.h"

/* use those above */
#include "nn/kernel/exact/picked.h"
#include "nn/kernel/exact/scatter.h"

static bool supported(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

const ExactIsa exact_avx2 = {
    .name = "avx2",
    .width = WIDTH,
    .rows = ROWS,
    .supported = supported,
    .tile = tile_kernels,
    .outer = outer_kernels,
    .taps = taps_kernels,
    .picked = picked_kernels,
    .lanes = lanes_kernels,
    .scatter = scatter,
    .pack = pack,
    .pack_transposed = pack_transposed,
    .live = live,
    .squeeze = squeeze,
    .spread = spread,
};
