/* What a line of the grid adds to the image through kernels of 3x3, with an image in each lane, on the vector type of
 * the file that includes this behind pack.h and taps.h. No header guard either. */
#ifdef WIDTH

#define SCATTER_LOAD(r, g, o)                                                                                          \
    if (TAPS > r) p##r = v_load(c##g + o * WIDTH);

#define SCATTER_STORE(r, g, o)                                                                                         \
    if (TAPS > r) v_store(c##g + o * WIDTH, p##r);

#define SCATTER_LINK(r, g, o)                                                                                          \
    if (TAPS > r) p##r = v_fma(v_set1(w[r]), x, p##r);

/* pack_transposed, which most places need less of. */
INLINE void turn_place(const ExactScatter *t, const float *from)
{
    if (t->images < WIDTH || t->channels % 4 != 0) {
        pack_transposed(t->channels, t->images, WIDTH, from, t->image, t->turned);
        return;
    }
    for (size_t k = 0; k < t->channels; k += 4) turn(from + k, t->image, t->turned + k * WIDTH, WIDTH, v_zero());
}

static void scatter(const ExactScatter *t)
{
    const float *from = t->from + t->places * t->channels;
    for (size_t place = t->places; place-- > 0;) {
        from -= t->channels;
        turn_place(t, from);
        const size_t links = t->live ? live(t->channels, from, t->image, t->images, 0, t->links) : t->channels;
        for (size_t i = 0; i < t->columns; i++) {
            const float *weight = t->w + i * t->channels * TAPS;
            float *c0 = t->sums + i * t->column + place * t->step, *c1 = c0 + t->lines[1], *c2 = c0 + t->lines[2];
            c0 += t->lines[0];
            float *c3 = c0, *c4 = c0;
            EACH_ROW(DECLARE_ONE)
            EACH_ROW(SCATTER_LOAD)
            for (size_t k = 0; k < links; k++) {
                const V x = v_load(t->turned + t->links[k].b);
                const float *w = weight + t->links[k].a * TAPS;
                EACH_ROW(SCATTER_LINK)
            }
            EACH_ROW(SCATTER_STORE)
            (void)c3, (void)c4;
        }
    }
}

#endif
