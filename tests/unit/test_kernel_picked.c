/* Weights' gradients from what is not zero in the grid, called by itself: the exact back end makes all products where
 * it declines, so that a run through all of it doesn't tell whether it was of use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"
#include "nn/kernel/exact/isa.h"
#include "tests/support/kernel_cases.h"

/* n, image, channels, grid, filters, kernel, stride, padding at the beginning, taps (0: all) */
static const ConvShape picked[] = {
    {3, 10, 10, 32, 5, 5, 64, 3, 3, 2, 2, 0, 0, 0},   /* places at two edges that see less */
    {2, 9, 11, 16, 7, 9, 16, 3, 3, 1, 1, 0, 0, 0},    /* one vector of channels; all places see everything */
    {2, 30, 28, 32, 15, 14, 48, 3, 3, 2, 2, 0, 0, 0}, /* stretches of an image */
    {1, 6, 14, 96, 5, 5, 80, 3, 3, 1, 3, 0, 0, 0},    /* one image; pixels that nothing sees */
    {2, 10, 42, 32, 4, 20, 32, 3, 3, 2, 2, 0, 0, 0},  /* more in a stretch than the cache is meant for */
    {4, 14, 14, 32, 7, 7, 64, 3, 3, 2, 2, 0, 0, 0},   /* of the networks */
};

static const ConvShape others[] = {
    {3, 10, 10, 32, 8, 8, 64, 3, 3, 1, 1, 1, 0, 0}, /* padding above */
    {3, 10, 10, 32, 8, 8, 64, 3, 3, 1, 1, 0, 1, 0}, /* on the left */
    {3, 10, 10, 32, 8, 8, 64, 3, 3, 1, 1, 0, 0, 5}, /* a mask */
    {3, 10, 10, 32, 8, 9, 64, 3, 2, 1, 1, 0, 0, 0}, /* another kernel */
    {3, 9, 10, 32, 5, 5, 64, 3, 3, 2, 2, 0, 0, 0},  /* places that see one line, */
    {3, 10, 9, 32, 5, 5, 64, 3, 3, 2, 2, 0, 0, 0},  /* or one column */
    {3, 10, 10, 20, 5, 5, 64, 3, 3, 2, 2, 0, 0, 0}, /* part of a vector of channels, */
    {3, 10, 10, 32, 5, 5, 60, 3, 3, 2, 2, 0, 0, 0}, /* of filters */
    {3, 10, 8, 32, 5, 4, 64, 3, 3, 2, 2, 0, 0, 0},  /* few places */
    {0, 10, 10, 32, 5, 5, 64, 3, 3, 2, 2, 0, 0, 0}, /* no images */
};

enum { PICKED = sizeof picked / sizeof picked[0], OTHERS = sizeof others / sizeof others[0] };

static const char *const isas[] = {"avx512", "avx2", "portable"};

static float number(size_t i)
{
    return (float)(kernel_mixed(i) % 2001) / 1000 - 1;
}

typedef struct Pages {
    void *at;
    size_t size;
    float *array; /* ends where a page begins that nothing may touch */
} Pages;

static Pages pages_of(size_t elements)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), used = size_ceil_div(elements * sizeof(float), page) * page;
    Pages p = {.size = used + page};
    p.at = mmap(NULL, p.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p.at != MAP_FAILED);
    assert_int_equal(mprotect((char *)p.at + used, page, PROT_NONE), 0);
    p.array = (float *)(void *)((char *)p.at + used) - elements;
    return p;
}

typedef struct Case {
    const ConvShape *shape;
    Pages x, dy, scratch;
    float *dw, *expected;
    size_t images, grids, weights;
    bool add;
} Case;

/* Of the grid, `live` elements of 16 are not 0. */
static Case case_of(const ConvShape *s, bool add, uint32_t live)
{
    Case c = {.shape = s, .add = add};
    c.images = s->n * s->ih * s->iw * s->cin;
    c.grids = s->n * s->oh * s->ow * s->cout;
    c.weights = 9 * s->cin * s->cout;
    c.x = pages_of(c.images);
    c.dy = pages_of(c.grids);
    c.scratch = pages_of(exact_picked_scratch(s));
    for (size_t i = 0; i < c.images; i++) c.x.array[i] = number(i);
    for (size_t i = 0; i < c.grids; i++) c.dy.array[i] = (kernel_mixed(i + 7) >> 8 & 15) < live ? number(i + 3) : 0;
    for (size_t i = 0; i < exact_picked_scratch(s); i++) c.scratch.array[i] = NAN;
    c.dw = mem_zeroed(c.weights, sizeof(float));
    c.expected = mem_zeroed(c.weights, sizeof(float));
    for (size_t i = 0; i < c.weights; i++) c.dw[i] = c.expected[i] = i % 5 ? number(i + 11) : -0.0F;
    return c;
}

static bool run(Case *c)
{
    const ExactProducts products = {c->shape, c->x.array, c->dy.array, c->add, c->dw};
    return exact_picked(&products, c->scratch.array);
}

static void release(Case *c)
{
    munmap(c->x.at, c->x.size);
    munmap(c->dy.at, c->dy.size);
    munmap(c->scratch.at, c->scratch.size);
    free(c->dw);
    free(c->expected);
}

static void check_sums(const ConvShape *s, bool add)
{
    Case c = case_of(s, add, 6);
    assert_true(exact_picked_fits(s));
    assert_true(run(&c));
    numerics_naive.conv2d_grad_weight(s, c.x.array, c.dy.array, add, c.expected, NULL);
    assert_memory_equal(c.dw, c.expected, c.weights * sizeof(float));
    release(&c);
}

static void each_isa(void (*check)(void))
{
    Err err = {0};
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        if (!exact_isa_select(isas[i], &err)) continue;
        check();
    }
    assert_true(exact_isa_select(NULL, &err));
}

static void check_picked(void)
{
    for (size_t i = 0; i < PICKED; i++) {
        for (size_t threads = 1; threads <= 5; threads += 2) {
            pool_start(threads);
            check_sums(&picked[i], threads == 3);
            pool_stop();
        }
    }
}

/* The weight's gradient is left as it was. */
static void check_declined(Case *c)
{
    assert_false(run(c));
    assert_memory_equal(c->dw, c->expected, c->weights * sizeof(float));
    release(c);
}

static void check_not_finite(void)
{
    for (size_t i = 0; i < PICKED; i++) {
        const float wild = i % 2 ? NAN : INFINITY;
        Case c = case_of(&picked[i], false, 6);
        c.x.array[c.images / 3] = wild;
        check_declined(&c);
        c = case_of(&picked[i], false, 6);
        c.dy.array[c.grids - 1] = wild;
        check_declined(&c);
        c = case_of(&picked[i], true, 6);
        c.dw[c.weights / 2] = c.expected[c.weights / 2] = INFINITY;
        check_declined(&c);
        /* Nothing but zeros of the grid sees the image. */
        c = case_of(&picked[i], false, 0);
        c.x.array[0] = wild;
        check_declined(&c);
    }
}

static void check_dense(void)
{
    Case c = case_of(&picked[0], false, 16);
    check_declined(&c);
}

static void sums_of_the_live_places(void **state)
{
    (void)state;
    each_isa(check_picked);
}

static void not_finite_is_left_to_others(void **state)
{
    (void)state;
    each_isa(check_not_finite);
}

static void a_dense_grid_is_left_to_others(void **state)
{
    (void)state;
    each_isa(check_dense);
}

static void check_others(void)
{
    for (size_t i = 0; i < OTHERS; i++) assert_false(exact_picked_fits(&others[i]));
}

static void other_shapes_do_not_fit(void **state)
{
    (void)state;
    each_isa(check_others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_the_live_places),
        cmocka_unit_test(not_finite_is_left_to_others),
        cmocka_unit_test(a_dense_grid_is_left_to_others),
        cmocka_unit_test(other_shapes_do_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
