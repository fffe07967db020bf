/* The exact back end leaves out products with zeros. Held against the naive twins, which don't, bit for bit: zeros that
 * all images of a tile share and zeros that few do, sums of -0, and zeros that meet what is not finite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "nn/base/pool.h"
#include "tests/support/kernel_cases.h"

/* n, image, channels, grid, filters, kernel, stride, padding at the beginning, taps (0: all) */
static const ConvShape shapes[] = {
    {15, 3, 4, 7, 3, 4, 8, 3, 3, 1, 1, 1, 1, 0},      /* channels too few to look for zeros, and just enough */
    {14, 3, 3, 8, 3, 3, 15, 3, 3, 1, 1, 1, 1, 0},     /* a whole tile of 14 */
    {13, 5, 4, 16, 3, 2, 17, 3, 3, 2, 2, 1, 1, 0},    /* strided */
    {27, 4, 3, 31, 2, 2, 9, 2, 3, 2, 1, 0, 0, 0},     /* two tiles of several heights */
    {40, 2, 2, 33, 2, 2, 16, 2, 2, 1, 1, 1, 0, 0},    /* three */
    {1, 3, 3, 64, 3, 3, 65, 2, 3, 1, 1, 1, 1, 0},     /* one image */
    {15, 2, 2, 100, 2, 2, 31, 1, 1, 1, 1, 0, 0, 0},   /* 1x1 */
    {14, 4, 4, 64, 4, 4, 9, 1, 1, 1, 1, 0, 0, 0},     /* rows that lie pages apart */
    {2, 7, 8, 8, 7, 8, 8, 9, 9, 1, 1, 4, 4, 0},       /* more lines and taps than a piece of a chain holds */
    {3, 15, 2, 9, 15, 2, 8, 3, 2, 1, 1, 1, 0, 0},     /* source lines that are kept and let go */
    {13, 4, 4, 17, 4, 4, 10, 3, 3, 1, 1, 1, 1, 5},    /* a mask */
    {15, 7, 6, 8, 2, 2, 33, 3, 2, 4, 3, 0, 0, 0},     /* pixels and lines that no output sees */
    {14, 4, 4, 1, 4, 4, 31, 3, 3, 1, 1, 1, 1, 0},     /* one channel */
    {15, 4, 3, 33, 4, 3, 2, 3, 3, 1, 1, 1, 1, 0},     /* few filters */
    {15, 1, 1, 33, 1, 1, 2, 3, 3, 1, 1, 1, 1, 0},     /* of them taps that nothing sees */
    {13, 2, 2, 65, 2, 2, 64, 1, 1, 1, 1, 0, 0, 0},    /* a small grid with many channels */
    {13, 1, 1, 257, 1, 1, 256, 3, 3, 1, 1, 1, 1, 0},  /* images of one pixel under a kernel, with a large weight */
    {3, 10, 10, 32, 5, 5, 64, 3, 3, 2, 2, 0, 0, 0},   /* weights' gradients from the grid's own places; edges */
    {2, 9, 11, 16, 7, 9, 16, 3, 3, 1, 1, 0, 0, 0},    /* one vector of channels; all places see everything */
    {2, 30, 28, 32, 15, 14, 48, 3, 3, 2, 2, 0, 0, 0}, /* stretches of an image */
    {1, 6, 14, 96, 5, 5, 80, 3, 3, 1, 3, 0, 0, 0},    /* one image; a stride without overlap */
    {2, 8, 8, 32, 6, 6, 16, 3, 3, 1, 1, 1, 1, 0},     /* padding, */
    {2, 7, 7, 16, 6, 6, 16, 3, 3, 1, 1, 0, 0, 5},     /* masks, */
    {2, 9, 9, 16, 5, 5, 32, 3, 3, 2, 2, 0, 0, 0},     /* and places that see one line: not for those */
};

/* Small weights, then large ones, whose chains end within a block, with it and just behind it; images for one part of
 * the batch and for several. */
static const size_t dense_shapes[][3] = {{15, 64, 100},  {27, 17, 33},   {14, 1024, 7},  {13, 100, 65},
                                         {14, 15, 4370}, {13, 4097, 16}, {57, 17, 3856}, {1, 255, 258},
                                         {14, 257, 256}, {27, 3136, 21}, {13, 22, 3136}, {15, 1024, 65}};

typedef struct Operand {
    real *at;
    size_t images, lines, width, channels;
} Operand;

/* Of an element: `element` counts within the image, `place` over all images. */
typedef struct Spot {
    size_t image, line, place, channel, element, index;
} Spot;

/* About half, mostly the same in all images: behind a relu. */
static real half(const Operand *o, const Spot *s, real x)
{
    (void)o;
    return kernel_mixed(s->element) % 2 || kernel_mixed(s->index + 77) % 8 == 0 ? 0 : x;
}

static real channels(const Operand *o, const Spot *s, real x)
{
    (void)o;
    return s->channel % 3 == 1 || s->channel / 16 % 3 == 1 ? 0 : x;
}

static real images(const Operand *o, const Spot *s, real x)
{
    (void)o;
    return s->image % 3 != 2 ? 0 : x;
}

static real all_but_one_image(const Operand *o, const Spot *s, real x)
{
    return kernel_mixed(s->element) % o->images != s->image ? 0 : x;
}

static real lines(const Operand *o, const Spot *s, real x)
{
    return (o->lines > 1 ? s->line : s->channel / 16) % 2 == 0 ? 0 : x;
}

static real places(const Operand *o, const Spot *s, real x)
{
    return kernel_mixed(s->place) % 2 || kernel_mixed(s->place % (o->lines * o->width) + 5) % 4 == 0 ? 0 : x;
}

static real everything(const Operand *o, const Spot *s, real x)
{
    (void)o, (void)s, (void)x;
    return 0;
}

static real negative(const Operand *o, const Spot *s, real x)
{
    (void)o;
    return kernel_mixed(s->element) % 4 == 0 || kernel_mixed(s->index + 9) % 8 == 0 ? (real)-0.0 : x;
}

static real all_but_one(const Operand *o, const Spot *s, real x)
{
    return s->index != o->images * o->lines * o->width * o->channels * 2 / 3 ? 0 : x;
}

/* Products of these are too small for a float, and half of them negative; in some images there are others, too. */
static real tiny(const Operand *o, const Spot *s, real x)
{
    if (half(o, s, x) == 0) return s->index % 3 ? 0 : (real)-0.0;
    if (s->image % 4 == 1 && kernel_mixed(s->index + 3) % 32 == 0) return x;
    return x < 0 ? (real)-1e-25 : (real)1e-25;
}

/* First, middle and last places and channels are 0 all over: what is not finite meets zeros there. */
static real crossed(const Operand *o, const Spot *s, real x)
{
    const size_t n = o->images * o->lines * o->width, place = s->place, channel = s->channel;
    if (place == 0 || place == n / 2 || place + 1 == n) return 0;
    if (channel == 0 || channel == o->channels / 2 || channel + 1 == o->channels) return 0;
    return half(o, s, x);
}

typedef real Change(const Operand *o, const Spot *s, real x);

typedef struct Pattern {
    const char *name;
    Change *change;
    bool tiny; /* the weight, too, and no bias: all functions with all endings */
} Pattern;

static const Pattern patterns[] = {
    {"half", half, false},
    {"channels", channels, false},
    {"images", images, false},
    {"all but one image", all_but_one_image, false},
    {"lines", lines, false},
    {"places", places, false},
    {"everything", everything, false},
    {"-0", negative, false},
    {"all but one", all_but_one, false},
    {"sums of -0", tiny, true},
};

enum { PATTERNS = sizeof patterns / sizeof patterns[0] };

/* Sanitizers make every lane of plain C slow: they see one pattern of so many, other ones with the next shape. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STEP = 5 };
#else
enum { STEP = 1 };
#endif

static void change(const Operand *o, Change *by)
{
    const size_t image = o->lines * o->width * o->channels;
    for (size_t i = 0; i < o->images * image; i++) {
        const Spot spot = {i / image, i % image / (o->width * o->channels), i / o->channels, i % o->channels, i % image,
                           i};
        o->at[i] = by(o, &spot, o->at[i]);
    }
}

static KernelData data_of(const ConvShape *s, Change *by)
{
    KernelData d = kernel_data_make(s);
    change(&(Operand){d.x, s->n, s->ih, s->iw, s->cin}, by);
    change(&(Operand){d.dy, s->n, s->oh, s->ow, s->cout}, by);
    return d;
}

/* The three functions of dense layers; of convolutions those of either direction, which are the same but for their
 * endings. */
static void check_some(const ConvShape *s, const KernelData *d, bool dense, size_t which)
{
    const int first = dense ? 0 : which % 2 ? 3 : 5;
    for (int f = first; f < first + 3; f++) kernel_check_ending(s, d, f, (int)(which / 2 % KERNEL_ENDINGS), 1);
}

static void check_patterns(const ConvShape *s, bool dense, size_t which)
{
    for (size_t i = which % STEP; i < PATTERNS; i += STEP) {
        KernelData d = data_of(s, patterns[i].change);
        d.name = patterns[i].name;
        for (size_t k = 0; k < d.weights && patterns[i].tiny; k++) d.w[k] = d.w[k] < 0 ? (real)-1e-25 : (real)1e-25;
        for (size_t k = 0; k < size_max(s->cin, s->cout) && patterns[i].tiny; k++) d.bias[k] = (real)-0.0;
        if (patterns[i].tiny)
            kernel_check(s, &d, dense ? 0 : 3, dense ? 3 : KERNEL_FUNCTIONS, 1);
        else
            check_some(s, &d, dense, which + i);
        kernel_data_release(&d);
    }
}

/* A matrix's corners, and its middle. */
enum { CORNERS = 5 };

static real *corner(real *at, size_t rows, size_t columns, size_t i)
{
    if (i == 4) return at + rows / 2 * columns + columns / 2;
    return at + (i % 2 ? rows - 1 : 0) * columns + (i / 2 ? columns - 1 : 0);
}

/* One number that is not finite in one of the operands, and functions that take it in. */
static void check_odd(const ConvShape *s, bool dense, size_t which)
{
    const int output = dense ? 0 : 3, input = output + 1, weight = output + 2;
    for (size_t i = which % STEP; i < CORNERS; i += STEP) {
        KernelData d = data_of(s, crossed);
        for (size_t k = 0; k < d.weights; k++) d.w[k] = kernel_mixed(k) % 4 ? d.w[k] : 0;
        real *const at[] = {corner(d.w, d.weights / s->cout, s->cout, i), corner(d.x, d.images / s->cin, s->cin, i),
                            corner(d.dy, d.grids / s->cout, s->cout, i)};
        const char *const names[] = {"a weight", "an element of x", "an element of dy"};
        const int functions[][2] = {{output, input}, {output, weight}, {input, weight}};
        for (size_t k = 0; k < 3; k++) {
            const real kept = *at[k];
            *at[k] = (i + k + which) % 2 ? INFINITY : NAN;
            d.name = names[k];
            for (size_t f = 0; f < 2; f++)
                kernel_check_ending(s, &d, functions[k][f], (int)((i + which) % KERNEL_ENDINGS), 1);
            *at[k] = kept;
        }
        kernel_data_release(&d);
    }
}

static void dense_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dense_shapes / sizeof dense_shapes[0]; i++) {
        const size_t *d = dense_shapes[i];
        const ConvShape s = {d[0], 1, 1, d[1], 1, 1, d[2], 1, 1, 1, 1, 0, 0, 0};
        check_patterns(&s, true, i);
        check_odd(&s, true, i);
    }
    pool_stop();
}

static void convolution_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        check_patterns(&shapes[i], false, i);
        check_odd(&shapes[i], false, i);
    }
    pool_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_functions),
        cmocka_unit_test(convolution_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
