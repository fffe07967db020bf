/* Plain C: fmaf is exact with or without an instruction for it. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "nn/kernel/exact/exact.h"

#define WIDTH 8
#define ROWS 4

typedef struct V {
    float lane[WIDTH];
} V;
typedef size_t Mask;

static inline V v_load_part(const float *p, Mask lanes)
{
    V v = {{0}};
    for (size_t i = 0; i < lanes; i++) v.lane[i] = p[i];
    return v;
}

static inline void v_store_part(float *p, Mask lanes, V v)
{
    for (size_t i = 0; i < lanes; i++) p[i] = v.lane[i];
}

static inline V v_set1(float x)
{
    V v;
    for (size_t i = 0; i < WIDTH; i++) v.lane[i] = x;
    return v;
}

static inline V v_add(V a, V b)
{
    for (size_t i = 0; i < WIDTH; i++) a.lane[i] += b.lane[i];
    return a;
}

static inline V v_fma(V a, V b, V c)
{
    for (size_t i = 0; i < WIDTH; i++) c.lane[i] = fmaf(a.lane[i], b.lane[i], c.lane[i]);
    return c;
}

static inline V v_rectify(V x)
{
    for (size_t i = 0; i < WIDTH; i++) x.lane[i] = x.lane[i] < 0 ? 0 : x.lane[i];
    return x;
}

static inline V v_passed(V x, V y)
{
    for (size_t i = 0; i < WIDTH; i++) x.lane[i] = y.lane[i] <= 0 ? 0 : x.lane[i];
    return x;
}

static inline V v_quarters(const float *p, size_t stride)
{
    V v;
    for (size_t i = 0; i < WIDTH; i++) v.lane[i] = p[i / 4 * stride + i % 4];
    return v;
}

/* The first (or last) two of each four lanes, interleaved. */
static inline V v_interleave(V a, V b, size_t first)
{
    V v;
    for (size_t i = 0; i < WIDTH; i++) v.lane[i] = (i % 2 ? b : a).lane[i / 4 * 4 + first + i % 4 / 2];
    return v;
}

#define v_low(a, b) v_interleave(a, b, 0)
#define v_high(a, b) v_interleave(a, b, 2)
#define v_zero() v_set1(0)
#define v_load(p) v_load_part(p, WIDTH)
#define v_store(p, v) v_store_part(p, WIDTH, v)
#define v_mask(lanes) (lanes)

/* Not 0 where one of them is not. */
static inline V v_or(V a, V b)
{
    for (size_t i = 0; i < WIDTH; i++) a.lane[i] = a.lane[i] != 0 ? a.lane[i] : b.lane[i];
    return a;
}

static inline unsigned v_nonzero(V v)
{
    unsigned lanes = 0;
    for (size_t i = 0; i < WIDTH; i++) lanes |= (unsigned)(v.lane[i] != 0) << i;
    return lanes;
}

static inline V v_mark(V marks, V x, uint32_t bit)
{
    uint32_t bits[WIDTH];
    memcpy(bits, &marks, sizeof bits);
    for (size_t i = 0; i < WIDTH; i++) bits[i] |= x.lane[i] != 0 ? bit : 0;
    memcpy(&marks, bits, sizeof bits);
    return marks;
}

#include "nn/kernel/exact/micro.h"

typedef struct Live {
    unsigned lanes;
    Mask front;
} Live;

static inline Live v_live(unsigned lanes)
{
    return (Live){lanes, (Mask)__builtin_popcount(lanes)};
}

static inline V v_squeeze(V v, Live live)
{
    size_t n = 0;
    for (unsigned lanes = live.lanes; lanes; lanes &= lanes - 1) v.lane[n++] = v.lane[__builtin_ctz(lanes)];
    return v;
}

static inline V v_spread(V old, V v, Live live)
{
    size_t n = 0;
    for (unsigned lanes = live.lanes; lanes; lanes &= lanes - 1) old.lane[__builtin_ctz(lanes)] = v.lane[n++];
    return old;
}

#include "nn/kernel/exact/lanes.h"
#include "nn/kernel/exact/pack.h"
#include "nn/kernel/exact/squeeze.h"
#include "nn/kernel/exact/taps.h"

/* use those above */
#include "nn/kernel/exact/picked.h"
#include "nn/kernel/exact/scatter.h"

static bool supported(void)
{
    return true;
}

const ExactIsa exact_portable = {
    .name = "portable",
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
