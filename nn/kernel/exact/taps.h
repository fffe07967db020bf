/* All taps of a vector of filters, on the vector type of the file that includes this behind micro.h. No header guard
 * either. */
#ifdef WIDTH

/* Rows 3 g + o of a tile are the taps (g, o). */
enum { TAPS = 9 };

#define TAPS_LOAD(r, g, o)                                                                                             \
    if (TAPS > r) p##r = kind == EXACT_PART ? v_load_part(t->c + r * stride, mask) : v_load(t->c + r * stride);

#define TAPS_STORE(r, g, o)                                                                                            \
    if (TAPS > r) {                                                                                                    \
        if (kind == EXACT_PART)                                                                                        \
            v_store_part(t->c + r * stride, mask, p##r);                                                               \
        else                                                                                                           \
            v_store(t->c + r * stride, p##r);                                                                          \
    }

#define TAPS_SETTLE(r, g, o)                                                                                           \
    if (TAPS > r) p##r = v_add(p##r, v_zero());

#define TAPS_LINK(r, g, o)                                                                                             \
    if (TAPS > r) p##r = v_fma(v_set1(a##g[o]), b0, p##r);

#define TAPS_EDGE(r, g, o)                                                                                             \
    if (TAPS > r && top <= g && g < bottom && left <= o && o < right)                                                  \
        p##r = v_fma(v_set1(image[(y + g) * (ptrdiff_t)s->iw + x + o]), b0, p##r);

/* Of three neighbours from `begin` on, the first that is in [0, size), and the one behind the last. */
INLINE ptrdiff_t first_of_three(ptrdiff_t begin)
{
    return begin < 0 ? -begin : 0;
}

INLINE ptrdiff_t end_of_three(ptrdiff_t begin, size_t size)
{
    const ptrdiff_t left = (ptrdiff_t)size - begin;
    return left < 3 ? left : 3;
}

#define TAPS_B                                                                                                         \
    const V b0 = kind == EXACT_PART ? v_load_part(b, mask) : v_load(b);                                                \
    __builtin_prefetch(b + OUTER_AHEAD * stride);                                                                      \
    b += stride;

/* Places [from, to) of a line see only some taps. */
#define TAPS_EDGES(from, to)                                                                                           \
    for (size_t w = from; w < to; w++) {                                                                               \
        const ptrdiff_t x = (ptrdiff_t)(w * s->sw) - (ptrdiff_t)s->left;                                               \
        const ptrdiff_t left = first_of_three(x), right = end_of_three(x, s->iw);                                      \
        TAPS_B                                                                                                         \
        EACH_ROW(TAPS_EDGE)                                                                                            \
    }

INLINE void taps(const ExactTaps *t, int kind)
{
    const ConvShape *s = t->shape;
    const size_t stride = s->cout;
    const Mask mask = v_mask(t->columns);
    const float *b = t->b, *image = t->a;
    size_t first, last;
    /* where the leftmost tap sees the image and the rightmost still does */
    conv_outputs_seeing(0, s->sw, s->left, s->iw, s->ow, &first);
    last = size_max(conv_outputs_seeing(2, s->sw, s->left, s->iw, s->ow, &(size_t){0}), first);
    EACH_ROW(DECLARE_ONE)
    if (t->load) {
        EACH_ROW(TAPS_LOAD)
    }
    for (size_t i = 0; i < s->n; i++, image += s->ih * s->iw) {
        for (size_t h = 0; h < s->oh; h++) {
            const ptrdiff_t y = (ptrdiff_t)(h * s->sh) - (ptrdiff_t)s->top;
            const ptrdiff_t top = first_of_three(y), bottom = end_of_three(y, s->ih);
            if (top > 0 || bottom < 3) {
                TAPS_EDGES(0, s->ow)
                continue;
            }
            TAPS_EDGES(0, first)
            const float *line = image + y * (ptrdiff_t)s->iw;
            for (size_t w = first; w < last; w++) {
                const float *a0 = line + (w * s->sw - s->left), *a1 = a0 + s->iw, *a2 = a1 + s->iw, *a3 = a2, *a4 = a2;
                TAPS_B
                EACH_ROW(TAPS_LINK)
                (void)a3, (void)a4;
            }
            TAPS_EDGES(last, s->ow)
        }
    }
    EACH_ROW(TAPS_SETTLE)
    EACH_ROW(TAPS_STORE)
}

static void taps_one(const ExactTaps *t)
{
    taps(t, EXACT_ONE);
}

static void taps_part(const ExactTaps *t)
{
    taps(t, EXACT_PART);
}

static void (*const taps_kernels[EXACT_KINDS])(const ExactTaps *) = {[EXACT_ONE] = taps_one, [EXACT_PART] = taps_part};

#endif
