/* The exact back end against the naive twins, bit for bit: every function, at odd sizes and at those of the study's
 * layers, with every instruction set that this processor has, on 1, 2, 3 and 8 threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "nn/kernel/numerics.h"

static const char *const isas[] = {"avx512", "avx2", "portable"};
static const size_t threads[] = {3, 1, 2, 8}; /* where one will do, it is the first */

/* Sanitizers make every lane of plain C slow; the one that looks at threads has seen them all after little work. */
#ifdef __SANITIZE_THREAD__
enum { THREADS = 1, WORK_MOST = 1 << 18 };
#elif defined(__SANITIZE_ADDRESS__)
enum { THREADS = 1, WORK_MOST = INT32_MAX };
#else
enum { THREADS = sizeof threads / sizeof threads[0], WORK_MOST = INT32_MAX };
#endif

enum { ISAS = sizeof isas / sizeof isas[0], FUNCTIONS = 8, ENDINGS = 3 };

static const char *const functions[FUNCTIONS] = {"dense",
                                                 "dense_grad_input",
                                                 "dense_grad_weight",
                                                 "conv2d",
                                                 "conv2d_grad_input",
                                                 "conv2d_grad_weight",
                                                 "conv2d_transpose",
                                                 "conv2d_transpose_grad_input"};

static const char *const endings[ENDINGS] = {"bias, or added", "no bias, or set behind a relu",
                                             "bias and relu, or added behind a relu"};

/* n, image, channels, grid, filters, kernel, stride, padding at the beginning, taps (0: all) */
static const ConvShape shapes[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0},       /* one number */
    {3, 5, 7, 3, 3, 4, 5, 3, 3, 2, 2, 1, 1, 0},       /* odd everything */
    {2, 7, 6, 2, 4, 2, 3, 2, 5, 2, 3, 1, 1, 0},       /* kernel 2x5, stride 2x3 */
    {17, 5, 11, 13, 5, 11, 23, 3, 3, 1, 1, 1, 1, 0},  /* primes */
    {13, 7, 5, 17, 3, 2, 31, 3, 4, 3, 3, 2, 1, 0},    /* stride 3, asymmetric */
    {29, 4, 4, 19, 6, 3, 37, 5, 2, 1, 2, 3, 1, 0},    /* rows of padding before and behind */
    {2, 3, 3, 2, 8, 8, 3, 2, 2, 1, 1, 3, 3, 0},       /* outputs that see padding alone */
    {2, 9, 9, 1, 3, 3, 1, 2, 2, 4, 4, 0, 0, 0},       /* pixels that no output sees */
    {5, 3, 3, 8, 3, 3, 16, 7, 7, 1, 1, 3, 3, 0},      /* a kernel larger than the image */
    {6, 4, 5, 7, 4, 5, 17, 1, 1, 1, 1, 0, 0, 0},      /* 1x1 */
    {5, 4, 5, 70, 2, 3, 67, 1, 1, 2, 2, 0, 0, 0},     /* 1x1, strided */
    {3, 2, 2, 130, 2, 2, 150, 3, 3, 1, 1, 1, 1, 0},   /* a weight cut by panels */
    {70, 1, 1, 40, 1, 1, 48, 3, 3, 1, 1, 1, 1, 0},    /* images of one pixel under a 3x3 kernel */
    {20, 1, 1, 300, 1, 1, 270, 3, 3, 1, 1, 1, 1, 0},  /* the same with a large weight */
    {40, 2, 2, 512, 2, 2, 32, 1, 1, 1, 1, 0, 0, 0},   /* rows that lie pages apart */
    {9, 6, 8, 5, 6, 8, 2, 3, 3, 1, 1, 1, 1, 0},       /* few channels out */
    {33, 5, 9, 2, 5, 9, 4, 3, 3, 1, 1, 1, 1, 0},      /* few in and out */
    {18, 11, 10, 1, 6, 5, 9, 5, 4, 2, 2, 2, 1, 0},    /* one in, stride 2 */
    {16, 10, 12, 3, 4, 4, 1, 8, 9, 3, 3, 4, 4, 0},    /* more taps than a piece of a chain holds */
    {2, 11, 9, 2, 11, 9, 20, 8, 9, 1, 1, 4, 4, 0},    /* the same, from the grid */
    {16, 28, 28, 1, 14, 14, 32, 3, 3, 2, 2, 0, 0, 0}, /* the study's layers, a few images each */
    {3, 14, 14, 32, 7, 7, 64, 3, 3, 2, 2, 0, 0, 0},
    {1, 28, 28, 32, 14, 14, 64, 3, 3, 2, 2, 0, 0, 0},
    {17, 28, 28, 1, 28, 28, 32, 3, 3, 1, 1, 1, 1, 0},
    {4, 7, 7, 64, 7, 7, 16, 1, 1, 1, 1, 0, 0, 0},
    {3, 2, 1, 1, 2, 1, 37, 3, 3, 1, 1, 1, 1, 0},     /* all taps of one channel: an image narrower than they are, */
    {2, 5, 4, 1, 4, 3, 33, 3, 3, 2, 3, 2, 4, 0},     /* places that see none, */
    {2, 9, 9, 1, 2, 2, 40, 3, 3, 4, 4, 0, 0, 0},     /* strides larger than they are */
    {2, 5, 4, 70, 3, 2, 5, 3, 3, 2, 2, 1, 1, 0},     /* few filters of many channels, */
    {3, 3, 4, 33, 5, 5, 15, 3, 3, 1, 1, 3, 2, 0},    /* places that see none, */
    {5, 4, 3, 149, 4, 3, 3, 1, 1, 1, 1, 0, 0, 0},    /* one by one, */
    {9, 28, 28, 40, 28, 28, 7, 3, 3, 1, 1, 1, 1, 0}, /* two blocks of images */
    {3, 28, 28, 1, 14, 14, 64, 7, 7, 2, 2, 3, 3, 0},
    {2, 7, 7, 64, 4, 4, 128, 3, 3, 2, 2, 1, 1, 0},
    {2, 4, 4, 128, 2, 2, 256, 3, 3, 2, 2, 1, 1, 0},
    {2, 2, 2, 256, 1, 1, 512, 3, 3, 2, 2, 1, 1, 0},
    {3, 7, 7, 1, 7, 7, 128, 7, 7, 1, 1, 3, 3, 0},
    {45, 1, 3, 70, 1, 3, 67, 1, 3, 1, 1, 0, 1, 0},   /* small grids: blocks that end within a line, */
    {45, 3, 1, 70, 3, 1, 67, 3, 1, 1, 1, 1, 0, 0},   /* between the lines of an image, */
    {33, 2, 2, 128, 2, 2, 128, 1, 1, 1, 1, 0, 0, 0}, /* with as many channels as a task takes, */
    {34, 3, 3, 66, 2, 2, 64, 2, 2, 4, 4, 2, 2, 0},   /* places and taps that see none */
    {20, 7, 7, 3, 7, 7, 5, 7, 7, 1, 1, 3, 3, 24},    /* masks: A of a 7x7, */
    {4, 7, 7, 17, 7, 7, 33, 3, 3, 1, 1, 1, 1, 5},    /* B of a 3x3, */
    {3, 5, 4, 11, 5, 4, 2, 3, 3, 1, 1, 1, 1, 4},     /* A of a 3x3, to few channels, */
    {17, 4, 5, 2, 4, 5, 3, 3, 5, 1, 1, 1, 2, 7},     /* of few channels, */
    {2, 3, 3, 9, 3, 3, 8, 13, 13, 1, 1, 6, 6, 84},   /* of a kernel larger than the image, */
    {2, 7, 6, 4, 4, 3, 6, 4, 3, 2, 2, 1, 1, 8},      /* rows of taps cut short or left out, strided */
    {2, 4, 4, 130, 4, 4, 220, 3, 3, 1, 1, 1, 1, 5},  /* a weight cut by panels or taps, */
    {5, 2, 2, 65, 2, 2, 70, 3, 3, 1, 1, 1, 1, 5},    /* of a small grid */
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static const size_t dense_shapes[][3] = {{1, 1, 1},     {3, 5, 7},      {17, 33, 65},   {2, 70, 1},     {128, 256, 8},
                                         {128, 8, 256}, {31, 2, 1000},  {300, 3, 2},    {5, 3136, 256}, {5, 256, 3136},
                                         {128, 16, 10}, {520, 61, 113}, {33, 1024, 129}};

typedef struct Data {
    real *x, *w, *dy, *bias;       /* images, weight, grid */
    real *y;                       /* a relu's output, of the larger of images and grid */
    size_t images, weights, grids; /* their elements */
} Data;

static real *numbers(size_t n, const char *stream)
{
    real *at = mem_zeroed(n, sizeof(real));
    rng_uniform(rng_stream(7, stream), 0, 0, n, at);
    for (size_t i = 0; i < n; i++) at[i] = at[i] * 2 - 1;
    return at;
}

static Data data_make(const ConvShape *s)
{
    Data d = {.images = s->n * s->ih * s->iw * s->cin, .weights = conv_taps(s) * s->cin * s->cout};
    d.grids = s->n * s->oh * s->ow * s->cout;
    d.x = numbers(d.images, "x");
    d.w = numbers(d.weights, "w");
    d.dy = numbers(d.grids, "dy");
    d.bias = numbers(s->cin > s->cout ? s->cin : s->cout, "bias");
    const size_t most = d.images > d.grids ? d.images : d.grids;
    d.y = numbers(most, "y");
    for (size_t i = 0; i < most; i++) d.y[i] = d.y[i] < 0 ? (real)(i % 3 ? 0.0 : -0.0) : d.y[i];
    d.y[most / 2] = NAN;
    return d;
}

static void data_release(Data *d)
{
    free(d->x);
    free(d->w);
    free(d->dy);
    free(d->bias);
    free(d->y);
}

static size_t result_size(const Data *d, int f)
{
    static const char kind[FUNCTIONS] = {'g', 'i', 'w', 'g', 'i', 'w', 'i', 'g'};
    return kind[f] == 'g' ? d->grids : kind[f] == 'i' ? d->images : d->weights;
}

static Ending ending_of(const Data *d, int f, int e)
{
    if (f == 0 || f == 3 || f == 6) return (Ending){.bias = e == 1 ? NULL : d->bias, .rectify = e == 2};
    return (Ending){.add = e != 1, .rectified = e == 0 ? NULL : d->y};
}

/* Function f from a destination that holds known values (a -0 among them), with scratch full of NaN. */
static real *result(const Numerics *v, const ConvShape *s, const Data *d, int f, int e)
{
    const Ending ending = ending_of(d, f, e);
    const size_t n = result_size(d, f);
    const size_t room = f < 3 ? v->dense_scratch(s->n, s->cin, s->cout) : v->conv2d_scratch(s);
    real *out = mem_zeroed(n + 1, sizeof(real)), *scratch = mem_zeroed(room + 1, sizeof(real));
    for (size_t i = 0; i < n; i++) out[i] = i % 5 ? (real)(i % 7) / 8 : (real)-0.0;
    for (size_t i = 0; i < room; i++) scratch[i] = NAN;
    out[n] = scratch[room] = 77;
    switch (f) {
    case 0:
        v->dense(s->n, s->cin, s->cout, d->x, d->w, &ending, out, scratch);
        break;
    case 1:
        v->dense_grad_input(s->n, s->cin, s->cout, d->dy, d->w, &ending, out, scratch);
        break;
    case 2:
        v->dense_grad_weight(s->n, s->cin, s->cout, d->x, d->dy, ending.add, out, scratch);
        break;
    case 3:
        v->conv2d(s, d->x, d->w, &ending, out, scratch);
        break;
    case 4:
        v->conv2d_grad_input(s, d->dy, d->w, &ending, out, scratch);
        break;
    case 5:
        v->conv2d_grad_weight(s, d->x, d->dy, ending.add, out, scratch);
        break;
    case 6:
        v->conv2d_grad_input(s, d->dy, d->w, &ending, out, scratch);
        break;
    default:
        v->conv2d(s, d->x, d->w, &ending, out, scratch);
        break;
    }
    assert_true(out[n] == 77 && scratch[room] == 77);
    free(scratch);
    return out;
}

/* The same bits; which of several NaNs comes through is the processor's choice. */
static bool same(const real *a, const real *b, size_t n, size_t *at)
{
    for (*at = 0; *at < n; ++*at) {
        if (memcmp(&a[*at], &b[*at], sizeof(real)) != 0 && !(isnan(a[*at]) && isnan(b[*at]))) return false;
    }
    return true;
}

static void check_ending(const ConvShape *s, const Data *d, int f, int e, size_t thread_counts)
{
    const Numerics *exact = numerics_find("exact");
    size_t n = result_size(d, f), at;
    real *wanted = result(&numerics_naive, s, d, f, e);
    for (size_t isa = 0; isa < ISAS; isa++) {
        Err err = {0};
        if (!numerics_select_isa(isas[isa], &err)) continue;
        for (size_t t = 0; t < thread_counts; t++) {
            pool_start(threads[t]);
            real *got = result(exact, s, d, f, e);
            if (!same(got, wanted, n, &at)) {
                fail_msg("%s (%zu,%zu,%zu,%zu)->(%zu,%zu,%zu), %s, %s, %zu threads: element %zu is %a, not %a",
                         functions[f], s->n, s->ih, s->iw, s->cin, s->oh, s->ow, s->cout, endings[e], isas[isa],
                         threads[t], at, (double)got[at], (double)wanted[at]);
            }
            free(got);
        }
    }
    free(wanted);
}

static void check(const ConvShape *s, const Data *d, int first, int last, size_t thread_counts)
{
    if (s->n * s->oh * s->ow * s->cout * s->kh * s->kw * s->cin > WORK_MOST) return;
    for (int f = first; f < last; f++) {
        for (int e = 0; e < ENDINGS; e++) check_ending(s, d, f, e, e == 0 ? thread_counts : 1);
    }
    pool_stop();
}

static void dense_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dense_shapes / sizeof dense_shapes[0]; i++) {
        const size_t *d = dense_shapes[i];
        const ConvShape s = {d[0], 1, 1, d[1], 1, 1, d[2], 1, 1, 1, 1, 0, 0, 0};
        Data data = data_make(&s);
        check(&s, &data, 0, 3, THREADS);
        data_release(&data);
    }
}

static void convolution_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        Data data = data_make(&shapes[i]);
        check(&shapes[i], &data, 3, FUNCTIONS, THREADS);
        data_release(&data);
    }
}

/* Every number of channels on both sides, which makes every kind and height of a tile. */
static void every_width(void **state)
{
    (void)state;
    for (size_t c = 1; c <= 70; c++) {
        const size_t other = 71 - c;
        const ConvShape s = {1 + c % 19, 3, 4, c, 2, 2, other, 3, 3, 2, 2, c % 3, c % 2, 0};
        Data data = data_make(&s);
        check(&s, &data, 3, FUNCTIONS, 1);
        data_release(&data);
    }
}

/* Denormals, infinities and NaN go the same way; what lies behind padding is never multiplied. */
static void odd_numbers(void **state)
{
    (void)state;
    const real odd[] = {(real)1e-40, (real)-1e-39, INFINITY, -INFINITY, NAN, (real)-0.0, (real)3e38, (real)1e-38};
    const ConvShape s = {18, 5, 6, 3, 5, 6, 20, 3, 3, 1, 1, 1, 1, 0};
    Data data = data_make(&s);
    for (size_t i = 0; i < 8; i++) {
        data.x[i * 13 % data.images] = odd[i];
        data.dy[i * 1201 % data.grids] = odd[i];
        data.w[(i * 29 + 7) % data.weights] = i < 2 ? odd[i] : (real)1e-20;
    }
    check(&s, &data, 3, FUNCTIONS, 1);
    const ConvShape flat = {18, 1, 1, 5 * 6 * 3, 1, 1, 6, 1, 1, 1, 1, 0, 0, 0};
    check(&flat, &data, 0, 3, 1);
    for (size_t i = 0; i < data.images; i++) data.x[i] *= (real)1e-38;
    check(&s, &data, 3, FUNCTIONS, 1);
    data_release(&data);
}

static void instruction_sets(void **state)
{
    (void)state;
    Err err = {0}, lacking = {0};
    assert_true(numerics_select_isa(NULL, &err) && numerics_select_isa("", &err));
    assert_true(numerics_select_isa("portable", &err));
    assert_false(numerics_select_isa("avx1024", &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.text, "avx1024"));
    assert_non_null(strstr(err.text, "use avx512, avx2 or portable"));
    if (!numerics_select_isa("avx512", &lacking)) assert_non_null(strstr(lacking.text, "this processor"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instruction_sets), cmocka_unit_test(dense_functions), cmocka_unit_test(convolution_functions),
        cmocka_unit_test(every_width),      cmocka_unit_test(odd_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
