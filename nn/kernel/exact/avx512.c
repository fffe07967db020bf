/* AVX-512: compiled with -mavx512f -mfma, run only where the processor has both. */
#include <immintrin.h>
#include <stddef.h>

#include "nn/kernel/exact/exact.h"

#define WIDTH 16
#define ROWS 14

typedef __m512 V;
typedef __mmask16 Mask;

#define v_zero() _mm512_setzero_ps()
#define v_set1(x) _mm512_set1_ps(x)
#define v_load(p) _mm512_loadu_ps(p)
#define v_store(p, v) _mm512_storeu_ps(p, v)
#define v_load_part(p, m) _mm512_maskz_loadu_ps(m, p)
#define v_store_part(p, m, v) _mm512_mask_storeu_ps(p, m, v)
#define v_add(a, b) _mm512_add_ps(a, b)
#define v_fma(a, b, c) _mm512_fmadd_ps(a, b, c)

#define v_rectify(x) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NLT_UQ), x)
#define v_passed(x, y) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(y, _mm512_setzero_ps(), _CMP_NLE_UQ), x)

#define v_or(a, b) _mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(a), _mm512_castps_si512(b)))
#define v_low(a, b) _mm512_unpacklo_ps(a, b)
#define v_high(a, b) _mm512_unpackhi_ps(a, b)

static inline V v_quarters(const float *p, size_t stride)
{
    V v = _mm512_castps128_ps512(_mm_loadu_ps(p));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p + stride), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 2 * stride), 2);
    return _mm512_insertf32x4(v, _mm_loadu_ps(p + 3 * stride), 3);
}

static inline Mask v_mask(size_t lanes)
{
    return (Mask)((1U << (lanes % WIDTH)) - 1);
}

static inline unsigned v_nonzero(V v)
{
    return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
}

static inline V v_mark(V marks, V x, uint32_t bit)
{
    const __m512i to = _mm512_castps_si512(marks);
    const __mmask16 lanes = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    return _mm512_castsi512_ps(_mm512_mask_or_epi32(to, lanes, to, _mm512_set1_epi32((int)bit)));
}

#define OWN_LINKS
static inline size_t v_links(ExactLink *links, size_t first, unsigned lanes)
{
    const __m512i each = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i some = _mm512_maskz_compress_epi32((__mmask16)lanes, each);
    const __m512i a = _mm512_add_epi32(some, _mm512_set1_epi32((int)first));
    const __m512i low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(a));
    const __m512i high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(a, 1));
    _mm512_storeu_si512(links, _mm512_or_si512(low, _mm512_slli_epi64(low, 36)));
    _mm512_storeu_si512(links + 8, _mm512_or_si512(high, _mm512_slli_epi64(high, 36)));
    return (size_t)__builtin_popcount(lanes);
}

#include "nn/kernel/exact/micro.h"

typedef struct Live {
    Mask lanes, front;
} Live;

static inline Live v_live(unsigned lanes)
{
    return (Live){(Mask)lanes, (Mask)((1U << __builtin_popcount(lanes)) - 1)};
}

#define v_squeeze(v, live) _mm512_maskz_compress_ps((live).lanes, v)
#define v_spread(old, v, live) _mm512_mask_expand_ps(old, (live).lanes, v)

#include "nn/kernel/exact/lanes.h"
#include "nn/kernel/exact/pack.h"
#include "nn/kernel/exact/squeeze.h"
#include "nn/kernel/exact/taps.h"

/* use those above */
#include "nn/kernel/exact/picked.h"
#include "nn/kernel/exact/scatter.h"

static bool supported(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("fma");
}

const ExactIsa exact_avx512 = {
    .name = "avx512",
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
