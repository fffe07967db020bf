/* Chains with an image in each lane, on the vector type of the file that includes this behind micro.h. No header guard
 * either. */
#ifdef WIDTH

#define LANES_LINK(r, g, o)                                                                                            \
    if (rows > r) p##r = v_fma(x, v_load(a##g + o * a_stride), p##r);

#define LANES_LOAD(r, g, o)                                                                                            \
    if (rows > r) p##r = v_load(t->c + r * WIDTH);

#define LANES_STORE(r, g, o)                                                                                           \
    if (rows > r) v_store(t->c + r * WIDTH, p##r);

INLINE void lanes(const ExactLanes *t, size_t rows)
{
    const size_t a_stride = t->a_stride * WIDTH, w_stride = t->w_stride;
    EACH_ROW(DECLARE_ONE)
    EACH_ROW(LANES_LOAD)
    for (const ExactRun *run = t->runs, *end = run + t->run_count; run < end; run++) {
        const float *a0 = t->a + run->a * WIDTH, *a1 = a0 + (rows > 3 ? 3 * a_stride : 0);
        const float *a2 = a0 + (rows > 6 ? 6 * a_stride : 0), *a3 = a0, *a4 = a0, *w = t->w + (size_t)run->b * w_stride;
        OPAQUE(a1);
        OPAQUE(a2);
        for (size_t k = 0; k < run->n; k++, a0 += WIDTH, a1 += WIDTH, a2 += WIDTH, w += w_stride) {
            const V x = v_set1(*w);
            EACH_ROW(LANES_LINK)
        }
        (void)a3, (void)a4;
    }
    EACH_ROW(LANES_STORE)
}

#define VARIANT_LANES(rows)                                                                                            \
    static void lanes_##rows(const ExactLanes *t)                                                                      \
    {                                                                                                                  \
        lanes(t, rows);                                                                                                \
    }

VARIANT_LANES(1)
VARIANT_LANES(2)
VARIANT_LANES(3)
VARIANT_LANES(4)
VARIANT_LANES(5)
VARIANT_LANES(6)
VARIANT_LANES(7)
VARIANT_LANES(8)

static void (*const lanes_kernels[EXACT_LANES_ROWS + 1])(const ExactLanes *) = {
    NULL, lanes_1, lanes_2, lanes_3, lanes_4, lanes_5, lanes_6, lanes_7, lanes_8};

#endif
