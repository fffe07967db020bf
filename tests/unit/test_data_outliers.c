/* Training images that are replaced by ones of no class: how many, of which kinds, and by what they are decided. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/data/outliers.h"

enum { N = 600, HEIGHT = 8, WIDTH = 12, PIXELS = HEIGHT * WIDTH, CLASSES = 10 };

static Dataset dataset = {.info = {.height = HEIGHT, .width = WIDTH, .channels = 1, .classes = CLASSES}};
static real images[N * PIXELS], labels[N];
static uint32_t indices[N];

/* Image i's pixels are i x PIXELS + p, so each tells where it comes from. */
static void put(double share, uint64_t seed, uint64_t epoch)
{
    const DataOptions options = {.outliers = share};
    for (size_t i = 0; i < N; i++) {
        indices[i] = (uint32_t)(i * 7 % N);
        labels[i] = 3;
        for (size_t p = 0; p < PIXELS; p++) images[i * PIXELS + p] = (real)(i * PIXELS + p);
    }
    outliers_put(&dataset, &options, seed, epoch, indices, N, images, labels);
}

static int compare(const void *a, const void *b)
{
    const real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

static bool is_noise(const real *image)
{
    for (size_t p = 0; p < PIXELS; p++)
        if (image[p] < 0 || image[p] >= 1) return false;
    return true;
}

/* Blocks of 2 x 3: each row of a block is three neighbours of the image that it was, within one block. */
static bool is_blocks(const real *image, size_t i)
{
    for (size_t p = 0; p < PIXELS; p += 3) {
        const size_t from = (size_t)image[p] - i * PIXELS;
        if (from % 3 != 0 || from / WIDTH % 2 != p / WIDTH % 2) return false;
        for (size_t k = 1; k < 3; k++)
            if (image[p + k] != image[p] + (real)k) return false;
    }
    return true;
}

static void three_kinds_in_equal_parts(void **state)
{
    (void)state;
    size_t kinds[3] = {0}, left = 0;
    put(0.5, 1, 4);
    for (size_t i = 0; i < N; i++) {
        real *image = images + i * PIXELS, sorted[PIXELS];
        if (labels[i] == 3) {
            for (size_t p = 0; p < PIXELS; p++) assert_true(image[p] == (real)(i * PIXELS + p));
            left++;
            continue;
        }
        assert_true(labels[i] == CLASSES);
        if (i > 0 && is_noise(image)) {
            kinds[2]++;
            continue;
        }
        memcpy(sorted, image, sizeof sorted);
        qsort(sorted, PIXELS, sizeof *sorted, compare);
        for (size_t p = 0; p < PIXELS; p++) assert_true(sorted[p] == (real)(i * PIXELS + p)); /* the same pixels */
        kinds[is_blocks(image, i)]++;
    }
    assert_true(left > 250 && left < 350);
    for (size_t k = 0; k < 3; k++)
        if (kinds[k] < 60 || kinds[k] > 140) fail_msg("%zu of kind %zu", kinds[k], k);
}

static void a_share_of_zero_changes_nothing(void **state)
{
    (void)state;
    put(0, 1, 0);
    for (size_t i = 0; i < N; i++) assert_true(labels[i] == 3);
    for (size_t i = 0; i < N * PIXELS; i++) assert_true(images[i] == (real)i);
}

static void seed_epoch_and_image_decide(void **state)
{
    (void)state;
    static real before[N * PIXELS], chosen[N];
    put(0.5, 1, 0);
    memcpy(before, images, sizeof images);
    memcpy(chosen, labels, sizeof labels);
    put(0.5, 1, 0);
    assert_memory_equal(before, images, sizeof images);
    put(0.5, 2, 0);
    assert_memory_not_equal(chosen, labels, sizeof labels);
    put(0.5, 1, 1);
    assert_memory_not_equal(chosen, labels, sizeof labels);

    /* alone, an image becomes what it became among others */
    const DataOptions options = {.outliers = 0.5};
    for (size_t i = 0; i < 20; i++) {
        real image[PIXELS], label = 3;
        for (size_t p = 0; p < PIXELS; p++) image[p] = (real)(i * PIXELS + p);
        outliers_put(&dataset, &options, 1, 0, indices + i, 1, image, &label);
        assert_true(label == chosen[i]);
        assert_memory_equal(image, before + i * PIXELS, sizeof image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_kinds_in_equal_parts),
        cmocka_unit_test(a_share_of_zero_changes_nothing),
        cmocka_unit_test(seed_epoch_and_image_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
