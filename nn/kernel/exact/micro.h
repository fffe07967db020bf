/* The kernels, on the vector type of the file that includes this: V of WIDTH floats, Mask, v_zero, v_set1, v_load,
 * v_store, v_load_part, v_store_part, v_mask, v_add, v_fma, v_rectify(x), which is x or +0 where x < 0,
 * v_passed(x, y), which is x or +0 where y <= 0, and ROWS, the most rows whose sums fit the registers. No header guard:
 * it is compiled once for each instruction set. */
#ifdef WIDTH

#include "nn/kernel/exact/exact.h"

/* row, the pointer it hangs on, and how many strides behind it: addresses that the processor computes in a load. */
#define EACH_ROW(X)                                                                                                    \
    X(0, 0, 0)                                                                                                         \
    X(1, 0, 1)                                                                                                         \
    X(2, 0, 2)                                                                                                         \
    X(3, 1, 0)                                                                                                         \
    X(4, 1, 1) X(5, 1, 2) X(6, 2, 0) X(7, 2, 1) X(8, 2, 2) X(9, 3, 0) X(10, 3, 1) X(11, 3, 2) X(12, 4, 0) X(13, 4, 1)

#define INLINE static inline __attribute__((always_inline))

/* Keeps the compiler from deriving one row's pointer from another's at every step. */
#define OPAQUE(p) __asm__("" : "+r"(p))

enum {
    AHEAD = 12,       /* rows from a prefetch to its use */
    OUTER_AHEAD = 40, /* steps: what another processor wrote is far away */
    LINE = 16         /* elements of a cache line */
};

#define DECLARE_ONE(r, g, o) V p##r = v_zero();
#define DECLARE(r, g, o) V p##r = v_zero(), q##r = v_zero();

#define LOAD(r, g, o)                                                                                                  \
    if (rows > r) {                                                                                                    \
        p##r = kind == EXACT_PART ? v_load_part(c + r * stride, mask) : v_load(c + r * stride);                        \
        if (kind == EXACT_TWO) q##r = v_load(c + r * stride + WIDTH);                                                  \
    }

#define STORE(r, g, o)                                                                                                 \
    if (rows > r) {                                                                                                    \
        if (kind == EXACT_PART)                                                                                        \
            v_store_part(c + r * stride, mask, p##r);                                                                  \
        else                                                                                                           \
            v_store(c + r * stride, p##r);                                                                             \
        if (kind == EXACT_TWO) v_store(c + r * stride + WIDTH, q##r);                                                  \
    }

#define ADD(r, g, o)                                                                                                   \
    if (rows > r) {                                                                                                    \
        p##r = v_add(p##r, b0);                                                                                        \
        if (kind == EXACT_TWO) q##r = v_add(q##r, b1);                                                                 \
    }

/* A sum of -0 is stored as +0: products too small for a float make one, or none at all, added to a -0. */
#define SETTLE(r, g, o)                                                                                                \
    if (rows > r) {                                                                                                    \
        p##r = v_add(p##r, v_zero());                                                                                  \
        if (kind == EXACT_TWO) q##r = v_add(q##r, v_zero());                                                           \
    }

#define RECTIFY(r, g, o)                                                                                               \
    if (rows > r) {                                                                                                    \
        p##r = v_rectify(p##r);                                                                                        \
        if (kind == EXACT_TWO) q##r = v_rectify(q##r);                                                                 \
    }

#define PASS(r, g, o)                                                                                                  \
    if (rows > r) {                                                                                                    \
        const float *y = t->rectified + r * stride;                                                                    \
        p##r = v_passed(p##r, kind == EXACT_PART ? v_load_part(y, mask) : v_load(y));                                  \
        if (kind == EXACT_TWO) q##r = v_passed(q##r, v_load(y + WIDTH));                                               \
    }

#define LINK(r, value)                                                                                                 \
    {                                                                                                                  \
        const V x = v_set1(value);                                                                                     \
        p##r = v_fma(x, b0, p##r);                                                                                     \
        if (kind == EXACT_TWO) q##r = v_fma(x, b1, q##r);                                                              \
    }

#define TILE_LINK(r, g, o)                                                                                             \
    if (rows > r) LINK(r, a##g[o * a_stride + k])

#define TILE_STEP(index)                                                                                               \
    {                                                                                                                  \
        enum { k = index };                                                                                            \
        const V b0 = v_load(b + k * step), b1 = kind == EXACT_TWO ? v_load(b + k * step + WIDTH) : b0;                 \
        EACH_ROW(TILE_LINK)                                                                                            \
    }

#define TILE_MOVE(steps) a0 += steps, a1 += steps, a2 += steps, a3 += steps, a4 += steps, b += steps * step

/* Row 3 g + o of a link, with as few additions as can be: they would take the places of multiplications. */
#define LIVE_LINK(r, g, o)                                                                                             \
    if (rows > r) LINK(r, s##g[i##o])

#define LIVE_STEP(link)                                                                                                \
    {                                                                                                                  \
        const size_t i0 = (link).a, bytes = (kind == EXACT_TWO ? 2 : 1) * sizeof(float) * (size_t)(link).b;            \
        size_t i1 = i0 + a_stride, i2 = i0 + twice;                                                                    \
        OPAQUE(i1);                                                                                                    \
        OPAQUE(i2);                                                                                                    \
        const float *b = (const float *)(panel + bytes);                                                               \
        const V b0 = v_load(b), b1 = kind == EXACT_TWO ? v_load(b + WIDTH) : b0;                                       \
        EACH_ROW(LIVE_LINK)                                                                                            \
        (void)i1, (void)i2;                                                                                            \
    }

INLINE void tile(const ExactTile *t, size_t rows, int kind)
{
    const size_t a_stride = t->a_stride, stride = t->c_stride, step = kind == EXACT_TWO ? 2 * WIDTH : WIDTH;
    const Mask mask = v_mask(t->columns);
    float *c = t->c;
    EACH_ROW(DECLARE)
    if (t->load) {
        EACH_ROW(LOAD)
    }
    for (const ExactRun *run = t->runs, *end = run + t->run_count; run < end; run++) {
        const float *s0 = t->a + run->a, *s1 = s0 + (rows > 3 ? 3 * a_stride : 0);
        const float *s2 = s0 + (rows > 6 ? 6 * a_stride : 0), *s3 = s0 + (rows > 9 ? 9 * a_stride : 0);
        const float *s4 = s0 + (rows > 12 ? 12 * a_stride : 0);
        OPAQUE(s1);
        OPAQUE(s2);
        OPAQUE(s3);
        OPAQUE(s4);
        if (run->links) {
            const uintptr_t panel = (uintptr_t)t->b + (uintptr_t)(run->b * (ptrdiff_t)(step * sizeof *t->b));
            const size_t twice = 2 * a_stride;
            const ExactLink *link = run->links, *last = link + run->n;
            for (; link + 1 < last; link += 2) {
                LIVE_STEP(link[0]) LIVE_STEP(link[1])
            }
            if (link < last) LIVE_STEP(link[0])
            continue;
        }
        const float *a0 = s0, *a1 = s1, *a2 = s2, *a3 = s3, *a4 = s4, *b = t->b + (size_t)run->b * step;
        size_t n = run->n;
        for (; n >= 4; n -= 4) {
            TILE_STEP(0) TILE_STEP(1) TILE_STEP(2) TILE_STEP(3) TILE_MOVE(4);
        }
        for (; n > 0; n--) {
            TILE_STEP(0) TILE_MOVE(1);
        }
    }
    EACH_ROW(SETTLE)
    if (t->bias) {
        const V b0 = kind == EXACT_PART ? v_load_part(t->bias, mask) : v_load(t->bias);
        const V b1 = kind == EXACT_TWO ? v_load(t->bias + WIDTH) : b0;
        EACH_ROW(ADD)
    }
    if (t->rectify) {
        EACH_ROW(RECTIFY)
    }
    if (t->rectified) {
        EACH_ROW(PASS)
    }
    EACH_ROW(STORE)
}

#define OUTER_LINK(r, g, o)                                                                                            \
    if (rows > r) LINK(r, a[r])

#define OUTER_EDGE(r, g, o)                                                                                            \
    if (rows > r && low <= r && r < high) LINK(r, t->a[offset + r])

#define OUTER_LOAD                                                                                                     \
    const V b0 = kind == EXACT_PART ? v_load_part(b, mask) : v_load(b);                                                \
    const V b1 = kind == EXACT_TWO ? v_load(b + WIDTH) : b0;

/* Every step sees all rows. Lines are too short for the processor to see what comes next: it is told. Two
 * vectors may be one cache line. */
#define OUTER_STEPS(n)                                                                                                 \
    for (size_t left = n; left > 0; left--) {                                                                          \
        __builtin_prefetch(a + a_ahead);                                                                               \
        __builtin_prefetch(b + b_ahead);                                                                               \
        if (kind == EXACT_TWO && 2 * WIDTH > LINE) __builtin_prefetch(b + b_ahead + WIDTH);                            \
        OUTER_LOAD                                                                                                     \
        EACH_ROW(OUTER_LINK)                                                                                           \
        a += a_step;                                                                                                   \
        b += b_step;                                                                                                   \
    }

INLINE void outer(const ExactOuter *t, size_t rows, int kind)
{
    const size_t stride = t->c_stride, a_step = t->a_step, b_step = t->b_step;
    const ptrdiff_t a_next = (ptrdiff_t)t->a_line - (ptrdiff_t)(t->steps * a_step);
    const ptrdiff_t b_next = (ptrdiff_t)t->b_line - (ptrdiff_t)(t->steps * b_step);
    const size_t ahead = t->images > 0 && t->lines > 1 ? 1 + OUTER_AHEAD / t->steps : 0;
    const size_t a_ahead = ahead * t->a_line, b_ahead = ahead * t->b_line;
    const Mask mask = v_mask(t->columns);
    const bool whole = t->first == 0 && t->last == t->steps;
    float *c = t->c;
    EACH_ROW(DECLARE)
    if (t->load) {
        EACH_ROW(LOAD)
    }
    for (size_t image = 0; image < t->images; image++) {
        const float *b = t->b + image * t->b_image;
        ptrdiff_t offset = t->start + (ptrdiff_t)(image * t->a_image);
        if (whole) {
            const float *a = t->a + offset;
            for (size_t line = t->lines; line > 0; line--, a += a_next, b += b_next) OUTER_STEPS(t->steps)
            continue;
        }
        for (size_t line = 0; line < t->lines; line++, offset += a_next, b += b_next) {
            for (size_t step = 0; step < t->steps;) {
                const size_t seen = step == t->first && step < t->last ? t->last - step : 0;
                if (seen > 0) {
                    const float *a = t->a + offset;
                    OUTER_STEPS(seen)
                    offset += (ptrdiff_t)(seen * a_step);
                    step += seen;
                    continue;
                }
                const ptrdiff_t moved = (ptrdiff_t)(step * a_step), low = t->low - moved, high = t->high - moved;
                OUTER_LOAD
                EACH_ROW(OUTER_EDGE)
                offset += (ptrdiff_t)a_step;
                b += b_step;
                step++;
            }
        }
    }
    EACH_ROW(SETTLE)
    EACH_ROW(STORE)
}

#define VARIANT(rows, kind, KIND)                                                                                      \
    static void tile_##kind##_##rows(const ExactTile *t)                                                               \
    {                                                                                                                  \
        tile(t, rows, KIND);                                                                                           \
    }                                                                                                                  \
    static void outer_##kind##_##rows(const ExactOuter *t)                                                             \
    {                                                                                                                  \
        outer(t, rows, KIND);                                                                                          \
    }

#define VARIANTS(rows)                                                                                                 \
    VARIANT(rows, two, EXACT_TWO)                                                                                      \
    VARIANT(rows, one, EXACT_ONE)                                                                                      \
    VARIANT(rows, part, EXACT_PART)

VARIANTS(1)
VARIANTS(2)
VARIANTS(3)
VARIANTS(4)
#if ROWS > 4
VARIANTS(5)
VARIANTS(6)
#endif
#if ROWS > 6
VARIANTS(7)
VARIANTS(8)
VARIANTS(9)
VARIANTS(10)
VARIANTS(11)
VARIANTS(12)
VARIANTS(13)
VARIANTS(14)
#endif

#define LIST_4(f, kind) NULL, f##_##kind##_1, f##_##kind##_2, f##_##kind##_3, f##_##kind##_4
#define LIST_6(f, kind) LIST_4(f, kind), f##_##kind##_5, f##_##kind##_6
#define LIST_14(f, kind)                                                                                               \
    LIST_6(f, kind), f##_##kind##_7, f##_##kind##_8, f##_##kind##_9, f##_##kind##_10, f##_##kind##_11,                 \
        f##_##kind##_12, f##_##kind##_13, f##_##kind##_14
#if ROWS > 6
#define LIST LIST_14
#elif ROWS > 4
#define LIST LIST_6
#else
#define LIST LIST_4
#endif

static void (*const tile_kernels[EXACT_KINDS][EXACT_ROWS_MAX + 1])(const ExactTile *) = {
    {LIST(tile, two)}, {LIST(tile, one)}, {LIST(tile, part)}};
static void (*const outer_kernels[EXACT_KINDS][EXACT_ROWS_MAX + 1])(const ExactOuter *) = {
    {LIST(outer, two)}, {LIST(outer, one)}, {LIST(outer, part)}};

#endif
