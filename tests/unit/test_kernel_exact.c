/* The exact back end against the naive twins, bit for bit: every function, at odd sizes and at those of the study's
 * layers, with every instruction set that this processor has, on 1, 2, 3 and 8 threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "tests/support/kernel_cases.h"

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

static void dense_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dense_shapes / sizeof dense_shapes[0]; i++) {
        const size_t *d = dense_shapes[i];
        const ConvShape s = {d[0], 1, 1, d[1], 1, 1, d[2], 1, 1, 1, 1, 0, 0, 0};
        KernelData data = kernel_data_make(&s);
        kernel_check(&s, &data, 0, 3, KERNEL_THREADS);
        kernel_data_release(&data);
    }
}

static void convolution_functions(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        KernelData data = kernel_data_make(&shapes[i]);
        kernel_check(&shapes[i], &data, 3, KERNEL_FUNCTIONS, KERNEL_THREADS);
        kernel_data_release(&data);
    }
}

/* Every number of channels on both sides, which makes every kind and height of a tile. */
static void every_width(void **state)
{
    (void)state;
    for (size_t c = 1; c <= 70; c++) {
        const size_t other = 71 - c;
        const ConvShape s = {1 + c % 19, 3, 4, c, 2, 2, other, 3, 3, 2, 2, c % 3, c % 2, 0};
        KernelData data = kernel_data_make(&s);
        kernel_check(&s, &data, 3, KERNEL_FUNCTIONS, 1);
        kernel_data_release(&data);
    }
}

/* Denormals, infinities and NaN go the same way; what lies behind padding is never multiplied. */
static void odd_numbers(void **state)
{
    (void)state;
    const real odd[] = {(real)1e-40, (real)-1e-39, INFINITY, -INFINITY, NAN, (real)-0.0, (real)3e38, (real)1e-38};
    const ConvShape s = {18, 5, 6, 3, 5, 6, 20, 3, 3, 1, 1, 1, 1, 0};
    KernelData data = kernel_data_make(&s);
    for (size_t i = 0; i < 8; i++) {
        data.x[i * 13 % data.images] = odd[i];
        data.dy[i * 1201 % data.grids] = odd[i];
        data.w[(i * 29 + 7) % data.weights] = i < 2 ? odd[i] : (real)1e-20;
    }
    kernel_check(&s, &data, 3, KERNEL_FUNCTIONS, 1);
    const ConvShape flat = {18, 1, 1, 5 * 6 * 3, 1, 1, 6, 1, 1, 1, 1, 0, 0, 0};
    kernel_check(&flat, &data, 0, 3, 1);
    for (size_t i = 0; i < data.images; i++) data.x[i] *= (real)1e-38;
    kernel_check(&s, &data, 3, KERNEL_FUNCTIONS, 1);
    kernel_data_release(&data);
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
