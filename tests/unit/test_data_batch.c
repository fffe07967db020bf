#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/pool.h"
#include "tests/support/small_set.h"

static void test_the_order_is_a_permutation(void **state)
{
    (void)state;
    enum { N = 1000 };
    uint32_t order[3][N];
    batch_order(1, 0, N, order[0]);
    batch_order(1, 1, N, order[1]);
    batch_order(2, 0, N, order[2]);
    for (size_t k = 0; k < 3; k++) {
        size_t seen[N] = {0}, stayed = 0;
        for (size_t i = 0; i < N; i++) {
            assert_true(order[k][i] < N);
            seen[order[k][i]]++;
            stayed += order[k][i] == i;
        }
        for (size_t i = 0; i < N; i++) assert_int_equal(seen[i], 1);
        assert_true(stayed < 10); /* one is expected */
    }
    assert_memory_not_equal(order[0], order[1], sizeof order[0]);
    assert_memory_not_equal(order[0], order[2], sizeof order[0]);
    uint32_t again[N];
    batch_order(1, 1, N, again);
    assert_memory_equal(again, order[1], sizeof again);
}

/* A data set in memory: 300 images of 7 x 3 bytes of every level. */
enum { N = 300, HEIGHT = 7, WIDTH = 3, PIXELS = HEIGHT * WIDTH };

typedef struct Made {
    uint8_t images[N * PIXELS], labels[N];
    Dataset dataset;
    uint32_t index[N];
} Made;

static Made *make(void)
{
    static Made made;
    made.dataset = (Dataset){.info = {.height = HEIGHT, .width = WIDTH, .channels = 1, .classes = 10}};
    for (size_t i = 0; i < sizeof made.images; i++) made.images[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < N; i++) {
        made.labels[i] = (uint8_t)(i * 3 % 10);
        made.index[i] = (uint32_t)((i * 77 + 5) % N);
    }
    made.dataset.train = (Split){.name = "train", .images = made.images, .labels = made.labels, .n = N};
    made.dataset.test = (Split){.name = "test", .images = made.images, .labels = made.labels, .n = N};
    return &made;
}

static void test_grey_is_byte_over_255(void **state)
{
    (void)state;
    const Made *made = make();
    static real images[N * PIXELS], labels[N];
    const DataOptions options = {.binarize = "none"};
    batch_gather(&made->dataset, &made->dataset.train, &options, 1, 0, made->index, N, images, labels);
    for (size_t i = 0; i < N; i++) {
        assert_true(labels[i] == made->labels[made->index[i]]);
        for (size_t p = 0; p < PIXELS; p++)
            assert_true(images[i * PIXELS + p] == (real)made->images[made->index[i] * PIXELS + p] / 255);
    }
    batch_gather(&made->dataset, &made->dataset.train, &options, 1, 0, made->index, 1, images, NULL);
}

static void binarized(const char *how, const char *split, uint64_t seed, uint64_t epoch, real *images)
{
    const Made *made = make();
    const DataOptions options = {.binarize = how};
    batch_gather(&made->dataset, split[1] == 'r' ? &made->dataset.train : &made->dataset.test, &options, seed, epoch,
                 made->index, N, images, NULL);
}

/* The mean of n Bernoulli draws of probability p is within 5 sqrt(p (1 - p) / n) of it. */
static void test_binarized_with_the_right_probability(void **state)
{
    (void)state;
    const Made *made = make();
    static real images[N * PIXELS];
    double ones[4] = {0}, expected[4] = {0}, variance[4] = {0};
    for (uint64_t epoch = 0; epoch < 20; epoch++) {
        binarized("dynamic", "train", 1, epoch, images);
        for (size_t i = 0; i < N; i++) {
            for (size_t p = 0; p < PIXELS; p++) {
                const uint8_t byte = made->images[made->index[i] * PIXELS + p];
                const real value = images[i * PIXELS + p];
                assert_true(value == 0 || value == 1);
                if (byte == 0) assert_true(value == 0);
                if (byte == 255) assert_true(value == 1);
                ones[byte / 64] += (double)value;
                expected[byte / 64] += byte / 255.0;
                variance[byte / 64] += byte / 255.0 * (1 - byte / 255.0);
            }
        }
    }
    for (size_t k = 0; k < 4; k++) {
        const double off = ones[k] - expected[k];
        assert_true(variance[k] > 1000);
        assert_true(off * off < 25 * variance[k]);
    }
}

static void test_which_stream_binarizes(void **state)
{
    (void)state;
    static real a[N * PIXELS], b[N * PIXELS];
    binarized("static", "train", 1, 0, a);
    binarized("static", "train", 2, 5, b);
    assert_memory_equal(a, b, sizeof a);
    binarized("dynamic", "train", 1, 0, b);
    assert_memory_not_equal(a, b, sizeof a);
    binarized("dynamic", "train", 1, 1, a);
    assert_memory_not_equal(a, b, sizeof a);
    binarized("dynamic", "train", 2, 1, b);
    assert_memory_not_equal(a, b, sizeof a);
    /* what a model is judged on never changes */
    binarized("dynamic", "test", 1, 0, a);
    binarized("static", "test", 2, 7, b);
    assert_memory_equal(a, b, sizeof a);
}

/* An image's bits go with its place in the file, wherever it stands in a batch or a split. */
static void test_an_image_keeps_its_bits(void **state)
{
    (void)state;
    const Made *made = make();
    static real all[N * PIXELS], one[PIXELS];
    const DataOptions options = {.binarize = "static"};
    binarized("static", "train", 1, 0, all);
    const Split tail = {.name = "valid",
                        .images = made->images + 100 * PIXELS,
                        .labels = made->labels + 100,
                        .n = N - 100,
                        .first = 100};
    for (size_t i = 0; i < N; i++) {
        if (made->index[i] < 100) continue;
        const uint32_t index = made->index[i] - 100;
        batch_gather(&made->dataset, &tail, &options, 9, 3, &index, 1, one, NULL);
        assert_memory_equal(one, all + i * PIXELS, sizeof one);
    }
}

static void test_any_number_of_threads(void **state)
{
    (void)state;
    static real one[N * PIXELS], many[N * PIXELS];
    const char *const how[] = {"none", "static", "dynamic"};
    for (size_t k = 0; k < 3; k++) {
        pool_stop();
        binarized(how[k], "train", 3, 2, one);
        for (size_t threads = 2; threads <= 5; threads += 3) {
            pool_start(threads);
            memset(many, 0xff, sizeof many);
            binarized(how[k], "train", 3, 2, many);
            assert_memory_equal(one, many, sizeof one);
        }
    }
    pool_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_order_is_a_permutation),
        cmocka_unit_test(test_grey_is_byte_over_255),
        cmocka_unit_test(test_binarized_with_the_right_probability),
        cmocka_unit_test(test_which_stream_binarizes),
        cmocka_unit_test(test_an_image_keeps_its_bits),
        cmocka_unit_test(test_any_number_of_threads),
    };
    return cmocka_run_group_tests_name("data/batch", tests, NULL, NULL);
}
