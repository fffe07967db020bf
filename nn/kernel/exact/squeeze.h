/* Live columns out of rows and back, on the vector type of the file that includes this behind micro.h, and Live,
 * v_live(lanes), whose `front` masks as many first lanes, v_squeeze(v, live), which moves those to the front, and
 * v_spread(old, v, live), which moves the first ones of v to their places in old. No header guard either. */
#ifdef WIDTH

#include <string.h>

/* Up to a vector of columns that lie in one where rows begin at one: what lies in one cache line is fast. */
typedef struct Lanes {
    size_t n;
    unsigned live;
    Mask mask;
} Lanes;

INLINE Lanes lanes_at(const ExactSpan *s, size_t column)
{
    const size_t left = s->end - column, most = WIDTH - column % WIDTH, n = left < most ? left : most;
    uint32_t bits;
    memcpy(&bits, s->bits + column / 8, sizeof bits);
    return (Lanes){n, bits >> column % 8 & ((1U << n) - 1), v_mask(n)};
}

INLINE size_t row_of(const ExactSpan *s, size_t i)
{
    return (s->rows ? s->rows[i] : i) * s->stride;
}

static void squeeze(size_t rows, const ExactSpan *s, const float *from, float *to, size_t width)
{
    Lanes lanes;
    for (size_t column = s->begin; column < s->end; column += lanes.n) {
        lanes = lanes_at(s, column);
        if (lanes.live == 0) continue;
        const Live live = v_live(lanes.live);
        for (size_t r = 0; r < rows; r++) {
            const float *x = from + row_of(s, r) + column;
            __builtin_prefetch(x + AHEAD * s->stride);
            v_store_part(to + r * width, live.front,
                         v_squeeze(lanes.n == WIDTH ? v_load(x) : v_load_part(x, lanes.mask), live));
        }
        to += __builtin_popcount(lanes.live);
    }
}

static void spread(size_t rows, const ExactSpan *s, const float *from, size_t width, bool add, float *to)
{
    Lanes lanes;
    for (size_t column = s->begin; column < s->end; column += lanes.n) {
        lanes = lanes_at(s, column);
        const Live live = v_live(lanes.live);
        const bool whole = lanes.n == WIDTH;
        for (size_t r = 0; r < rows; r++) {
            float *c = to + row_of(s, r) + column;
            V v = v_zero();
            if (add) v = v_add(whole ? v_load(c) : v_load_part(c, lanes.mask), v);
            v = v_spread(v, v_load(from + r * width), live);
            if (whole)
                v_store(c, v);
            else
                v_store_part(c, lanes.mask, v);
        }
        from += __builtin_popcount(lanes.live);
    }
}

#endif
