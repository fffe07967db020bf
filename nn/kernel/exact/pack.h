/* Packing of panels, on the vector type of the file that includes this behind micro.h, and v_quarters, v_low, v_high.
 * No header guard either. */
#ifdef WIDTH

static void pack(size_t k, size_t columns, size_t width, const float *b, size_t b_stride, float *panel)
{
    const size_t whole = columns / WIDTH * WIDTH;
    const Mask mask = v_mask(columns % WIDTH);
    for (size_t i = 0; i < k; i++, b += b_stride, panel += width) {
        for (size_t j = 0; j < columns; j += LINE) __builtin_prefetch(b + AHEAD * b_stride + j);
        size_t j = 0;
        for (; j < whole; j += WIDTH) v_store(panel + j, v_load(b + j));
        if (j < columns) v_store(panel + j, v_load_part(b + j, mask)), j += WIDTH;
        for (; j < width; j += WIDTH) v_store(panel + j, v_zero());
    }
}

/* Four elements of WIDTH rows become four vectors: each quarter of a vector takes a row, then all quarters of four
 * elements are turned at once. */
INLINE void turn(const float *from, size_t from_stride, float *to, size_t to_stride)
{
    const V r0 = v_quarters(from, 4 * from_stride), r1 = v_quarters(from + from_stride, 4 * from_stride);
    const V r2 = v_quarters(from + 2 * from_stride, 4 * from_stride);
    const V r3 = v_quarters(from + 3 * from_stride, 4 * from_stride);
    const V a = v_low(r0, r2), b = v_low(r1, r3), c = v_high(r0, r2), d = v_high(r1, r3);
    v_store(to, v_low(a, b));
    v_store(to + to_stride, v_high(a, b));
    v_store(to + 2 * to_stride, v_low(c, d));
    v_store(to + 3 * to_stride, v_high(c, d));
}

static void pack_transposed(size_t k, size_t columns, size_t width, const float *b, size_t b_stride, float *panel)
{
    const size_t turned = k / 4 * 4, whole = columns / WIDTH * WIDTH;
    for (size_t j = 0; j < whole; j += WIDTH) {
        for (size_t i = 0; i < turned; i += 4) turn(b + j * b_stride + i, b_stride, panel + i * width + j, width);
    }
    for (size_t i = 0; i < k; i++) {
        const size_t begin = i < turned ? whole : 0;
        for (size_t j = whole; j < width; j += WIDTH) v_store(panel + i * width + j, v_zero());
        for (size_t j = begin; j < columns; j++) panel[i * width + j] = b[j * b_stride + i];
    }
}

#endif
