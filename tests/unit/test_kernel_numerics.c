/* Every function of every back end against the naive twin, at odd sizes and at those of the study's layers, and with
 * 1, 2, 3 and 8 threads. In the double build (MAYVAE_DOUBLE) every back end is the twin. */
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

/* n, image, channels, grid, filters, kernel, stride, padding, taps (0: all) */
static const ConvShape shapes[] = {
    {3, 5, 7, 3, 3, 4, 5, 3, 3, 2, 2, 1, 1, 0},      /* odd everything */
    {2, 7, 6, 2, 4, 2, 3, 2, 5, 2, 3, 1, 1, 0},      /* kernel 2x5, stride 2x3 */
    {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0},      /* one number */
    {5, 4, 5, 7, 4, 5, 17, 1, 1, 1, 1, 0, 0, 0},     /* the columns are the image */
    {5, 4, 5, 7, 2, 3, 17, 1, 1, 2, 2, 0, 0, 0},     /* 1x1, but strided */
    {3, 2, 3, 2, 4, 5, 3, 3, 3, 1, 1, 2, 2, 0},      /* outputs that see little but padding */
    {2, 3, 3, 2, 8, 8, 3, 2, 2, 1, 1, 3, 3, 0},      /* outputs that see padding alone */
    {2, 9, 9, 1, 3, 3, 1, 2, 2, 4, 4, 0, 0, 0},      /* pixels that no output sees */
    {37, 6, 5, 3, 3, 3, 9, 3, 3, 2, 2, 0, 1, 0},     /* more images than tasks */
    {3, 4, 4, 130, 4, 4, 120, 3, 3, 1, 1, 1, 1, 0},  /* a weight cut by taps */
    {2, 4, 4, 530, 4, 4, 260, 1, 1, 1, 1, 0, 0, 0},  /* the same, 1x1 */
    {2, 70, 40, 70, 70, 40, 3, 5, 5, 1, 1, 2, 2, 0}, /* several panels a task */
    {9, 28, 28, 1, 14, 14, 32, 3, 3, 2, 2, 0, 0, 0}, /* vae, encoder and decoder (as adjoints) */
    {9, 14, 14, 32, 7, 7, 64, 3, 3, 2, 2, 0, 0, 0},
    {4, 28, 28, 16, 28, 28, 16, 3, 3, 1, 1, 1, 1, 0}, /* residual blocks */
    {4, 7, 7, 64, 7, 7, 32, 3, 3, 1, 1, 1, 1, 0},
    {4, 14, 14, 16, 7, 7, 32, 1, 1, 2, 2, 0, 0, 0}, /* their shortcut */
    {3, 7, 7, 3, 7, 7, 5, 7, 7, 1, 1, 3, 3, 24},    /* masks: A of a 7x7, */
    {4, 7, 7, 17, 7, 7, 33, 3, 3, 1, 1, 1, 1, 5},   /* B of a 3x3, */
    {3, 5, 4, 11, 5, 4, 2, 3, 3, 1, 1, 1, 1, 4},    /* A of a 3x3, to few channels, */
    {17, 4, 5, 2, 4, 5, 3, 3, 5, 1, 1, 1, 2, 7},    /* of few channels, */
    {2, 3, 3, 9, 3, 3, 8, 13, 13, 1, 1, 6, 6, 84},  /* of a kernel larger than the image, */
    {2, 7, 6, 4, 4, 3, 6, 4, 3, 2, 2, 1, 1, 8},     /* rows of taps cut short or left out, strided */
    {2, 4, 4, 130, 4, 4, 220, 3, 3, 1, 1, 1, 1, 5}, /* a weight cut by panels or taps */
};

static const size_t dense_shapes[][3] = {{1, 1, 1},     {3, 5, 7},       {17, 33, 65},    {128, 256, 8},
                                         {128, 8, 256}, {16, 3136, 256}, {16, 256, 3136}, {100, 130, 10}};

typedef struct Data {
    size_t n;
    real *at;
} Data;

static Data data_make(size_t n, const char *stream)
{
    Data d = {n, mem_zeroed(n, sizeof(real))};
    rng_uniform(rng_stream(5, stream), 0, 0, n, d.at);
    for (size_t i = 0; i < n; i++) d.at[i] = d.at[i] * 2 - 1;
    return d;
}

/* One function of Numerics on one set of arguments: a and b are read, the result goes to out. */
typedef struct Call {
    const char *name;
    const ConvShape *conv;
    const size_t *dense;
    Data a, b, bias;
    size_t out;
    size_t chain; /* most products that an element sums */
    void (*run)(const Numerics *numerics, const struct Call *call, const real *a, const real *b, const real *bias,
                real *out, real *scratch);
} Call;

#define RUN(id)                                                                                                        \
    static void run_##id(const Numerics *v, const Call *c, const real *a, const real *b, const real *bias, real *out,  \
                         real *scratch)

RUN(dense)
{
    v->dense(c->dense[0], c->dense[1], c->dense[2], a, b, &(Ending){.bias = bias}, out, scratch);
}

RUN(dense_grad_input)
{
    (void)bias;
    v->dense_grad_input(c->dense[0], c->dense[1], c->dense[2], a, b, &(Ending){.add = true}, out, scratch);
}

RUN(dense_grad_weight)
{
    (void)bias;
    v->dense_grad_weight(c->dense[0], c->dense[1], c->dense[2], a, b, true, out, scratch);
}

RUN(conv2d)
{
    v->conv2d(c->conv, a, b, &(Ending){.bias = bias}, out, scratch);
}

RUN(conv2d_grad_input)
{
    (void)bias;
    v->conv2d_grad_input(c->conv, a, b, &(Ending){.add = true}, out, scratch);
}

RUN(conv2d_grad_weight)
{
    (void)bias;
    v->conv2d_grad_weight(c->conv, a, b, true, out, scratch);
}

RUN(conv2d_transpose)
{
    v->conv2d_grad_input(c->conv, a, b, &(Ending){.bias = bias}, out, scratch);
}

RUN(conv2d_transpose_grad_input)
{
    (void)bias;
    v->conv2d(c->conv, a, b, &(Ending){.add = true}, out, scratch);
}

/* Runs a call from a destination that holds known values: grad functions add to them, the others overwrite them. The
 * scratch is full of NaN, and what lies behind scratch and destination must stay. */
static real *result(const Numerics *numerics, const Call *c, bool absolute)
{
    const size_t *d = c->dense;
    const size_t scratch_n = c->conv ? numerics->conv2d_scratch(c->conv) : numerics->dense_scratch(d[0], d[1], d[2]);
    real *out = mem_zeroed(c->out + 1, sizeof(real)), *scratch = mem_zeroed(scratch_n + 1, sizeof(real));
    Data copies[3] = {c->a, c->b, c->bias};
    for (size_t i = 0; i < scratch_n; i++) scratch[i] = NAN;
    for (size_t i = 0; i < c->out; i++) out[i] = (real)(i % 7) / 8;
    out[c->out] = scratch[scratch_n] = 77;
    for (size_t k = 0; k < 3; k++) {
        real *copy = mem_zeroed(copies[k].n + 1, sizeof(real));
        for (size_t i = 0; i < copies[k].n; i++) {
            copy[i] = absolute ? (real)fabs((double)copies[k].at[i]) : copies[k].at[i];
        }
        copies[k].at = copy;
    }
    c->run(numerics, c, copies[0].at, copies[1].at, c->bias.n ? copies[2].at : NULL, out, scratch);
    assert_true(out[c->out] == 77 && scratch[scratch_n] == 77);
    for (size_t k = 0; k < 3; k++) free(copies[k].at);
    free(scratch);
    return out;
}

/* The exact back end has no rounding of its own. */
static double rounding(const Numerics *numerics)
{
    if (strcmp(numerics->name, "exact") == 0) return 0;
    return sizeof(real) == sizeof(float) ? 0x1p-24 : 0x1p-53;
}

/* |fast - naive| <= eps x K x the sum of |products|, which the naive twin gives on absolute values. */
static void check(const Call *c)
{
    static const size_t threads[] = {2, 3, 8};
    pool_start(2);
    real *wanted = result(&numerics_naive, c, false), *scale = result(&numerics_naive, c, true);
    for (size_t b = 0; b < numerics_count; b++) {
        const Numerics *numerics = numerics_find(numerics_names[b]);
        const double eps = rounding(numerics);
        pool_start(1);
        real *got = result(numerics, c, false);
        for (size_t i = 0; i < c->out; i++) {
            const double slack = eps * (double)(c->chain + 4) * (double)scale[i];
            if (!(fabs((double)got[i] - (double)wanted[i]) <= slack)) {
                fail_msg("%s of %s: element %zu is %.9g, not %.9g", c->name, numerics->name, i, (double)got[i],
                         (double)wanted[i]);
            }
        }
        for (size_t t = 0; t < 3; t++) {
            pool_start(threads[t]);
            real *again = result(numerics, c, false);
            if (memcmp(got, again, c->out * sizeof(real)) != 0) {
                fail_msg("%s of %s differs with %zu threads", c->name, numerics->name, threads[t]);
            }
            free(again);
        }
        free(got);
    }
    pool_stop();
    free(wanted);
    free(scale);
}

static void dense_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dense_shapes / sizeof dense_shapes[0]; i++) {
        const size_t *s = dense_shapes[i], n = s[0], in = s[1], out = s[2];
        Data x = data_make(n * in, "x"), w = data_make(in * out, "w"), dy = data_make(n * out, "dy");
        Data bias = data_make(out, "bias"), none = {0};
        check(&(Call){"dense", NULL, s, x, w, bias, n * out, in, run_dense});
        check(&(Call){"dense", NULL, s, x, w, none, n * out, in, run_dense});
        check(&(Call){"dense_grad_input", NULL, s, dy, w, none, n * in, out, run_dense_grad_input});
        check(&(Call){"dense_grad_weight", NULL, s, x, dy, none, in * out, n, run_dense_grad_weight});
        free(x.at);
        free(w.at);
        free(dy.at);
        free(bias.at);
    }
}

static void check_conv(const ConvShape *s)
{
    const size_t images = s->n * s->ih * s->iw * s->cin, grids = s->n * s->oh * s->ow * s->cout;
    const size_t k = conv_taps(s), weights = k * s->cin * s->cout;
    Data x = data_make(images, "x"), w = data_make(weights, "w"), dy = data_make(grids, "dy"), none = {0};
    Data filters = data_make(s->cout, "bias"), channels = data_make(s->cin, "bias");
    check(&(Call){"conv2d", s, NULL, x, w, filters, grids, k * s->cin, run_conv2d});
    check(&(Call){"conv2d", s, NULL, x, w, none, grids, k * s->cin, run_conv2d});
    check(&(Call){"conv2d_grad_input", s, NULL, dy, w, none, images, k * s->cout, run_conv2d_grad_input});
    check(&(Call){"conv2d_grad_weight", s, NULL, x, dy, none, weights, s->n * s->oh * s->ow, run_conv2d_grad_weight});
    check(&(Call){"conv2d_transpose", s, NULL, dy, w, channels, images, k * s->cout, run_conv2d_transpose});
    check(&(Call){"conv2d_transpose", s, NULL, dy, w, none, images, k * s->cout, run_conv2d_transpose});
    check(&(Call){"conv2d_transpose_grad_input", s, NULL, x, w, none, grids, k * s->cin,
                  run_conv2d_transpose_grad_input});
    free(x.at);
    free(w.at);
    free(dy.at);
    free(filters.at);
    free(channels.at);
}

static void convolution_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) check_conv(&shapes[i]);
}

/* By hand: a 3x3 image, kernel 2x2, no padding; the naive twin itself has no other judge. */
static void naive_by_hand(void **state)
{
    (void)state;
    const ConvShape s = {1, 3, 3, 1, 2, 2, 1, 2, 2, 1, 1, 0, 0, 0};
    const real x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, w[4] = {1, 10, 100, 1000}, bias[1] = {5}, dy[4] = {1, 2, 3, 4};
    const real y_wanted[4] = {5426, 6537, 8759, 9870};
    const real dx_wanted[9] = {1, 12, 20, 103, 1234, 2040, 300, 3400, 4000};
    const real dw_wanted[4] = {1 + 4 + 12 + 20, 2 + 6 + 15 + 24, 4 + 10 + 21 + 32, 5 + 12 + 24 + 36};
    real y[4] = {0}, dx[9] = {0}, dw[4] = {0};
    numerics_naive.conv2d(&s, x, w, &(Ending){.bias = bias}, y, NULL);
    numerics_naive.conv2d_grad_input(&s, dy, w, &(Ending){0}, dx, NULL);
    numerics_naive.conv2d_grad_weight(&s, x, dy, false, dw, NULL);
    assert_memory_equal(y, y_wanted, sizeof y);
    assert_memory_equal(dx, dx_wanted, sizeof dx);
    assert_memory_equal(dw, dw_wanted, sizeof dw);
}

/* A mask is a whole kernel whose later taps are 0. */
static void masked_taps_are_zeros(void **state)
{
    (void)state;
    const ConvShape masked = {3, 4, 5, 3, 4, 5, 2, 3, 5, 1, 1, 1, 2, 7};
    ConvShape whole = masked;
    whole.taps = 0;
    const size_t images = 3 * 4 * 5 * 3, grids = 3 * 4 * 5 * 2, live = 7 * 3 * 2, all = 15 * 3 * 2;
    Data x = data_make(images, "x"), w = data_make(all, "w"), dy = data_make(grids, "dy");
    for (size_t i = live; i < all; i++) w.at[i] = 0;
    Data got = data_make(images + grids + live, "got"), wanted = data_make(images + grids + all, "got");
    memset(got.at, 0, got.n * sizeof(real));
    memset(wanted.at, 0, wanted.n * sizeof(real));
    const ConvShape *shape[] = {&masked, &whole};
    real *at[] = {got.at, wanted.at};
    for (size_t i = 0; i < 2; i++) {
        numerics_naive.conv2d(shape[i], x.at, w.at, &(Ending){0}, at[i], NULL);
        numerics_naive.conv2d_grad_input(shape[i], dy.at, w.at, &(Ending){0}, at[i] + grids, NULL);
        numerics_naive.conv2d_grad_weight(shape[i], x.at, dy.at, false, at[i] + grids + images, NULL);
    }
    for (size_t i = 0; i < got.n; i++) assert_true(got.at[i] == wanted.at[i]);
    real *all_data[] = {x.at, w.at, dy.at, got.at, wanted.at};
    for (size_t i = 0; i < 5; i++) free(all_data[i]);
}

static void names(void **state)
{
    (void)state;
    assert_true(numerics_count >= 1);
    for (size_t i = 0; i < numerics_count; i++) {
        const Numerics *numerics = numerics_find(numerics_names[i]);
        assert_non_null(numerics);
#ifdef MAYVAE_DOUBLE
        assert_ptr_equal(numerics, &numerics_naive);
#else
        assert_string_equal(numerics->name, numerics_names[i]);
        assert_true(strlen(numerics->doc) > 0);
#endif
    }
    assert_non_null(numerics_find(NUMERICS_DEFAULT));
    assert_null(numerics_find("naive"));
    assert_null(numerics_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(naive_by_hand),
        cmocka_unit_test(masked_taps_are_zeros),
        cmocka_unit_test(dense_functions),
        cmocka_unit_test(convolution_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
