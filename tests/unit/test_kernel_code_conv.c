/* Convolutions of codes against the naive twin of conv2d on the one-hot images that they stand for, bit for bit, and
 * against OpenBLAS, which shares nothing with either. */
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
#include "nn/kernel/code_conv.h"
#include "nn/kernel/gate.h"

/* n, image, codes, grid, filters, kernel, stride, padding, taps */
static const ConvShape shapes[] = {
    {5, 7, 7, 10, 7, 7, 33, 7, 7, 1, 1, 3, 3, 24},   {3, 4, 5, 128, 4, 5, 64, 13, 13, 1, 1, 6, 6, 84},
    {1, 1, 1, 1, 1, 1, 1, 3, 3, 1, 1, 1, 1, 5},      {33, 3, 4, 3, 3, 4, 5, 2, 3, 1, 1, 0, 1, 0},
    {2, 11, 12, 6, 11, 12, 70, 9, 9, 1, 1, 4, 4, 0},
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

typedef struct Data {
    size_t codes, images, weights, grids;
    real *code, *x, *w, *bias, *dy; /* x: code as one-hot images */
} Data;

static real *numbers(size_t n, const char *stream)
{
    real *at = mem_zeroed(n, sizeof *at);
    rng_uniform(rng_stream(9, stream), 0, 0, n, at);
    for (size_t i = 0; i < n; i++) at[i] = at[i] * 2 - 1;
    return at;
}

static Data data_make(const ConvShape *s)
{
    Data d = {.codes = s->n * s->ih * s->iw, .grids = s->n * s->oh * s->ow * s->cout};
    d.images = d.codes * s->cin;
    d.weights = conv_taps(s) * s->cin * s->cout;
    d.code = numbers(d.codes, "code");
    d.x = mem_zeroed(d.images, sizeof *d.x);
    for (size_t i = 0; i < d.codes; i++) {
        const size_t code = (size_t)((d.code[i] + 1) / 2 * (real)s->cin);
        d.code[i] = (real)code;
        d.x[i * s->cin + code] = 1;
    }
    d.w = numbers(d.weights, "w");
    d.bias = numbers(s->cout, "bias");
    d.dy = numbers(d.grids, "dy");
    return d;
}

static void data_release(Data *d)
{
    real *all[] = {d->code, d->x, d->w, d->bias, d->dy};
    for (size_t i = 0; i < 5; i++) free(all[i]);
}

static void conv_of_one_hot(const Numerics *v, const ConvShape *s, const Data *d, real *y, real *dw)
{
    real *scratch = mem_zeroed(v->conv2d_scratch(s) + 1, sizeof *scratch);
    v->conv2d(s, d->x, d->w, &(Ending){.bias = d->bias}, y, scratch);
    v->conv2d_grad_weight(s, d->x, d->dy, true, dw, scratch);
    free(scratch);
}

static void one_hot_convolution(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        const ConvShape *s = &shapes[i];
        Data d = data_make(s);
        real *y = mem_zeroed(d.grids, sizeof *y), *wanted_y = mem_zeroed(d.grids, sizeof *y);
        real *wanted_dw = mem_zeroed(d.weights, sizeof *y);
        conv_of_one_hot(&numerics_naive, s, &d, wanted_y, wanted_dw);
        for (size_t threads = 1; threads <= 3; threads++) {
            real *dw = mem_zeroed(d.weights, sizeof *dw);
            pool_start(threads);
            code_conv(s, d.code, d.w, d.bias, y);
            code_conv_grad_weight(s, d.code, d.dy, dw);
            assert_memory_equal(y, wanted_y, d.grids * sizeof *y);
            assert_memory_equal(dw, wanted_dw, d.weights * sizeof *dw);
            free(dw);
        }
        const Numerics *openblas = numerics_find("openblas");
        real *dw = mem_zeroed(d.weights, sizeof *dw);
        conv_of_one_hot(openblas, s, &d, y, dw);
        for (size_t k = 0; k < d.grids; k++) assert_true(fabs((double)(y[k] - wanted_y[k])) < 1e-4);
        for (size_t k = 0; k < d.weights; k++) assert_true(fabs((double)(dw[k] - wanted_dw[k])) < 1e-3);
        pool_stop();
        free(dw);
        free(y);
        free(wanted_y);
        free(wanted_dw);
        data_release(&d);
    }
}

/* What is no code makes what sees it a NaN, and gives no gradient. */
static void odd_codes(void **state)
{
    (void)state;
    const ConvShape s = {1, 1, 3, 2, 1, 3, 1, 1, 3, 1, 1, 0, 1, 2};
    const real code[3] = {1, 2, 0}, w[4] = {1, 10, 100, 1000}, dy[3] = {1, 2, 3};
    real y[3], dw[4] = {0};
    code_conv(&s, code, w, NULL, y);
    assert_true(y[0] == 1000 && isnan(y[1]) && isnan(y[2]));
    code_conv_grad_weight(&s, code, dy, dw);
    assert_true(dw[0] == 0 && dw[1] == 2 && dw[2] == 3 && dw[3] == 1);
}

/* tanh(log 2) = 3/5, sigmoid(log 3) = 3/4. */
static void gates(void **state)
{
    (void)state;
    const real two = (real)0.69314718055994531, three = (real)1.0986122886681098;
    const real x[4] = {two, -two, three, -three}, dy[2] = {1, 2};
    real keep[4], y[2], dx[4] = {0};
    gate(1, 2, x, keep, y);
    gate_grad(1, 2, keep, dy, dx);
    const double wanted[6] = {0.45, -0.15, 0.75 * 0.64, 2 * 0.25 * 0.64, 0.6 * 0.1875, -2 * 0.6 * 0.1875};
    const real got[6] = {y[0], y[1], dx[0], dx[1], dx[2], dx[3]};
    for (size_t i = 0; i < 6; i++) assert_true(fabs((double)got[i] - wanted[i]) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_hot_convolution),
        cmocka_unit_test(odd_codes),
        cmocka_unit_test(gates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
