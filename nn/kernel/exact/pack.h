/* Packing of panels, and lists of what is not zero, on the vector type of the file that includes this behind micro.h,
 * and v_quarters, v_low, v_high, v_or and v_nonzero(x), whose bits are the lanes that are not 0. No header guard
 * either. */
#ifdef WIDTH

/* A link for each bit of `lanes`, and perhaps what lies up to a vector behind; returns how many. A file with a faster
 * one says OWN_LINKS. */
#ifndef OWN_LINKS
static inline size_t v_links(ExactLink *links, size_t first, unsigned lanes)
{
    size_t n = 0;
    for (; lanes; lanes &= lanes - 1, n++) {
        links[n].a = (uint32_t)first + (uint32_t)__builtin_ctz(lanes);
        links[n].b = links[n].a * WIDTH;
    }
    return n;
}
#endif

/* Adds zeros where x is finite; what is not stays in the sum. */
#define CHECK(sum, x) sum = v_fma(x, v_zero(), sum)

static bool pack(size_t k, size_t columns, size_t width, const float *b, size_t b_stride, float *panel)
{
    const size_t whole = columns / WIDTH * WIDTH;
    const Mask mask = v_mask(columns % WIDTH);
    V sum = v_zero();
    for (size_t i = 0; i < k; i++, b += b_stride, panel += width) {
        for (size_t j = 0; j < columns; j += LINE) __builtin_prefetch(b + AHEAD * b_stride + j);
        size_t j = 0;
        for (; j < whole; j += WIDTH) {
            const V x = v_load(b + j);
            CHECK(sum, x);
            v_store(panel + j, x);
        }
        if (j < columns) {
            const V x = v_load_part(b + j, mask);
            CHECK(sum, x);
            v_store(panel + j, x);
            j += WIDTH;
        }
        for (; j < width; j += WIDTH) v_store(panel + j, v_zero());
    }
    return v_nonzero(sum) == 0;
}

/* Four elements of WIDTH rows become four vectors: each quarter of a vector takes a row, then all quarters of four
 * elements are turned at once. Returns the sum that checks them. */
INLINE V turn(const float *from, size_t from_stride, float *to, size_t to_stride, V sum)
{
    const V r0 = v_quarters(from, 4 * from_stride), r1 = v_quarters(from + from_stride, 4 * from_stride);
    const V r2 = v_quarters(from + 2 * from_stride, 4 * from_stride);
    const V r3 = v_quarters(from + 3 * from_stride, 4 * from_stride);
    CHECK(sum, r0);
    CHECK(sum, r1);
    CHECK(sum, r2);
    CHECK(sum, r3);
    const V a = v_low(r0, r2), b = v_low(r1, r3), c = v_high(r0, r2), d = v_high(r1, r3);
    v_store(to, v_low(a, b));
    v_store(to + to_stride, v_high(a, b));
    v_store(to + 2 * to_stride, v_low(c, d));
    v_store(to + 3 * to_stride, v_high(c, d));
    return sum;
}

static bool pack_transposed(size_t k, size_t columns, size_t width, const float *b, size_t b_stride, float *panel)
{
    const size_t turned = k / 4 * 4, whole = columns / WIDTH * WIDTH;
    V sum = v_zero();
    float rest = 0;
    for (size_t j = 0; j < whole; j += WIDTH) {
        for (size_t i = 0; i < turned; i += 4)
            sum = turn(b + j * b_stride + i, b_stride, panel + i * width + j, width, sum);
    }
    for (size_t i = 0; i < k; i++) {
        const size_t begin = i < turned ? whole : 0;
        for (size_t j = whole; j < width; j += WIDTH) v_store(panel + i * width + j, v_zero());
        for (size_t j = begin; j < columns; j++) {
            const float x = b[j * b_stride + i];
            rest += x * 0;
            panel[i * width + j] = x;
        }
    }
    return v_nonzero(sum) == 0 && rest == 0;
}

/* Whether the first two rows already have everything that there is to list. */
INLINE bool live_at_once(size_t n, const float *from, size_t stride)
{
    unsigned zero = 0;
    for (size_t i = 0; i + WIDTH <= n; i += WIDTH)
        zero |= ~v_nonzero(v_or(v_load(from + i), v_load(from + stride + i)));
    return n % WIDTH == 0 && (zero & ((1U << WIDTH) - 1)) == 0;
}

static size_t live(size_t n, const float *from, size_t stride, size_t rows, size_t first, ExactLink *links)
{
    size_t count = 0;
    const size_t seen = rows > 1 && live_at_once(n, from, stride) ? 2 : rows;
    for (size_t i = 0; i < n; i += WIDTH) {
        const Mask mask = v_mask(n - i);
        const float *x = from + i;
        V a = v_zero(), b = v_zero();
        size_t r = 0;
        if (i + WIDTH <= n) {
            for (; r + 2 <= seen; r += 2, x += 2 * stride) a = v_or(a, v_load(x)), b = v_or(b, v_load(x + stride));
            if (r < seen) a = v_or(a, v_load(x));
        } else {
            for (; r < seen; r++, x += stride) a = v_or(a, v_load_part(x, mask));
        }
        count += v_links(links + count, first + i, v_nonzero(v_or(a, b)));
    }
    return count;
}

#endif
