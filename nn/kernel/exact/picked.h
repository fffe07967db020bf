/* Gradients of weights of 3x3 from what is not zero in the grid, on the vector type of the file that includes this
 * behind pack.h and taps.h, and v_mark(marks, x, bit), which sets a bit of the lanes where x is not 0. No header guard
 * either. */
#ifdef WIDTH

#include <string.h>

/* Row r of the sums is tap r, of EACH_ROW's rows as many as there are taps. */
#define PICKED_LOAD(r, g, o)                                                                                           \
    if (TAPS > r) {                                                                                                    \
        p##r = v_load(sums + r * width);                                                                               \
        if (kind == EXACT_TWO) q##r = v_load(sums + r * width + WIDTH);                                                \
    }

#define PICKED_STORE(r, g, o)                                                                                          \
    if (TAPS > r) {                                                                                                    \
        v_store(sums + r * width, p##r);                                                                               \
        if (kind == EXACT_TWO) v_store(sums + r * width + WIDTH, q##r);                                                \
    }

#define PICKED_LINK(r, x, from)                                                                                        \
    p##r = v_fma(x, v_load(from), p##r);                                                                               \
    if (kind == EXACT_TWO) q##r = v_fma(x, v_load((from) + WIDTH), q##r);

/* Taps a to c, a row of them, from `seen` on, by pointers that the compiler doesn't derive from others. */
#define PICKED_TAPS(a, b, c)                                                                                           \
    {                                                                                                                  \
        const float *second = seen + step;                                                                             \
        OPAQUE(second);                                                                                                \
        PICKED_LINK(a, x, seen)                                                                                        \
        PICKED_LINK(b, x, second)                                                                                      \
        PICKED_LINK(c, third, second + step)                                                                           \
    }

/* Lane by lane, bit i of the result: x is not 0 at place i of up to 32. */
INLINE V live_bits(const float *x, size_t places, size_t step)
{
    V bits = v_zero();
    uint32_t bit = 1;
    for (size_t i = 0; i < places; i++, x += step, bit <<= 1) bits = v_mark(bits, v_load(x), bit);
    return bits;
}

/* Bit i of places[j]: filter j of the grid is not 0 at place i. Where all filters are, the first one takes its product
 * all the same: so everything that the places see gets into a sum, and shows there if it is not finite. */
INLINE void live_places(const ExactPicked *t, uint64_t *places)
{
    const size_t low = t->places < 32 ? t->places : 32;
    uint64_t live = 0;
    for (size_t j = 0; j < t->filters; j += WIDTH) {
        const float *x = t->grid + j;
        const V halves[2] = {live_bits(x, low, t->grid_step),
                             live_bits(x + low * t->grid_step, t->places - low, t->grid_step)};
        uint32_t bits[2][WIDTH];
        memcpy(bits, halves, sizeof bits);
        for (size_t k = 0; k < WIDTH; k++) {
            places[j + k] = (uint64_t)bits[1][k] << 32 | bits[0][k];
            live |= places[j + k];
        }
    }
    places[0] |= ~live & UINT64_MAX >> (EXACT_PICKED_PLACES - t->places);
}

/* A filter's places. Where the taps (.,2) are outside the image, what lies there is read and taken times 0; where the
 * taps (2,.) are, zeros are read instead. */
INLINE void filter(const ExactPicked *t, size_t j, uint64_t live, int kind)
{
    const size_t step = t->image_step, line = t->image_line, bottom = t->bottom;
    const ExactPlace *map = t->map;
    const float *image = t->image, *zeros = t->zeros, *grid = t->grid + j;
    const size_t width = kind == EXACT_TWO ? 2 * WIDTH : WIDTH;
    float *sums = t->c + j * TAPS * width;
    EACH_ROW(DECLARE)
    EACH_ROW(PICKED_LOAD)
    OPAQUE(grid);
    do {
        const size_t i = (size_t)__builtin_ctzll(live);
        live &= live - 1;
        const ExactPlace *place = map + i;
        const float *seen = image + place->image;
        const V x = v_set1(grid[place->grid]), third = v_fma(x, v_set1(place->inside), v_zero());
        PICKED_TAPS(0, 1, 2)
        seen += line;
        OPAQUE(seen);
        PICKED_TAPS(3, 4, 5)
        seen = i < bottom ? seen + line : zeros;
        OPAQUE(seen);
        PICKED_TAPS(6, 7, 8)
    } while (live);
    EACH_ROW(PICKED_STORE)
}

/* Functions of their own: in a loop over filters, compilers keep too much for the next one. */
static __attribute__((noinline)) void filter_two(const ExactPicked *t, size_t j, uint64_t live)
{
    filter(t, j, live, EXACT_TWO);
}

static __attribute__((noinline)) void filter_one(const ExactPicked *t, size_t j, uint64_t live)
{
    filter(t, j, live, EXACT_ONE);
}

/* Asks for `width` elements at places [begin, end) of what comes next. */
INLINE void ask_places(const float *next, size_t step, size_t width, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        for (size_t o = 0; o < width; o += LINE) __builtin_prefetch(next + i * step + o, 0, 2);
    }
}

INLINE void picked(const ExactPicked *t, int kind)
{
    uint64_t places[EXACT_PICKED_FILTERS];
    live_places(t, places);
    const size_t image_share = t->next_places / t->filters + 1, grid_share = t->places / t->filters + 1;
    const size_t width = kind == EXACT_TWO ? 2 * WIDTH : WIDTH;
    for (size_t j = 0; j < t->filters; j++) {
        ask_places(t->next_image, t->image_step, width, j * image_share, (j + 1) * image_share);
        ask_places(t->next_grid, t->grid_step, t->filters, j * grid_share, (j + 1) * grid_share);
        if (places[j] != 0) (kind == EXACT_TWO ? filter_two : filter_one)(t, j, places[j]);
    }
}

static void picked_two(const ExactPicked *t)
{
    picked(t, EXACT_TWO);
}

static void picked_one(const ExactPicked *t)
{
    picked(t, EXACT_ONE);
}

static void (*const picked_kernels[EXACT_KINDS])(const ExactPicked *) = {
    [EXACT_TWO] = picked_two, [EXACT_ONE] = picked_one};

#endif
