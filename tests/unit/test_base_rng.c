#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "nn/base/rng.h"

/* kat_vectors of Random123, philox4x32 10. */
static void known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } cases[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t out[4];
        philox4x32_10(cases[i].counter, cases[i].key, out);
        assert_memory_equal(out, cases[i].out, sizeof out);
    }
}

static void counter_words_in_the_documented_order(void **state)
{
    (void)state;
    Rng rng = {{0xa4093822, 0x299f31d0}};
    uint32_t out[4];
    const uint32_t expected[4] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
    rng_block(rng, UINT64_C(0x0370734413198a2e), 0x85a308d3, 0x243f6a88, out);
    assert_memory_equal(out, expected, sizeof out);
}

static void streams_differ_by_seed_and_name(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        const char *name;
    } streams[] = {{1, "latent"},  {2, "latent"}, {UINT64_C(1) << 32, "latent"},
                   {1, "latent2"}, {1, "tnetal"}, {0, "latent"},
                   {1, ""},        {0, ""}};
    enum { N = sizeof streams / sizeof *streams };
    Rng rngs[N];
    for (size_t i = 0; i < N; i++) {
        rngs[i] = rng_stream(streams[i].seed, streams[i].name);
        for (size_t j = 0; j < i; j++) assert_memory_not_equal(&rngs[i], &rngs[j], sizeof(Rng));
    }
    Rng again = rng_stream(1, "latent");
    assert_memory_equal(&rngs[0], &again, sizeof again);
}

/* The keys are part of every result: this one was worked out apart from the program. */
static void key_of_a_stream(void **state)
{
    (void)state;
    Rng rng = rng_stream(1, "shuffle");
    assert_int_equal(rng.key[0], 0x073310ee);
    assert_int_equal(rng.key[1], 0x1f035040);
}

static void uniforms_are_the_words(void **state)
{
    (void)state;
    Rng rng = rng_stream(3, "uniform");
    real values[1000];
    rng_uniform(rng, 7, 9, 1000, values);
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t words[4];
        rng_block(rng, 7, 9, i / 4, words);
        assert_true(values[i] == (real)(words[i % 4] >> 8) * (real)0x1p-24);
        assert_true(values[i] >= 0 && values[i] < 1);
    }
}

/* What is drawn for an element doesn't depend on how many are, and nothing is written behind them. */
static void lengths_are_prefixes(void **state)
{
    (void)state;
    Rng rng = rng_stream(3, "prefix");
    real all[600], some[601];
    for (size_t n = 0; n <= 600; n += n < 20 || n > 500 ? 1 : 50) {
        rng_uniform(rng, 0, 1, 600, all);
        some[n] = 42;
        rng_uniform(rng, 0, 1, n, some);
        assert_memory_equal(all, some, n * sizeof *all);
        assert_true(some[n] == 42);
        rng_normal(rng, 0, 1, 600, all);
        rng_normal(rng, 0, 1, n, some);
        assert_memory_equal(all, some, n * sizeof *all);
        assert_true(some[n] == 42);
    }
}

static void normals_are_box_muller(void **state)
{
    (void)state;
    Rng rng = rng_stream(5, "normal");
    enum { N = 4096 };
    real uniforms[N], normals[N];
    rng_uniform(rng, 2, 3, N, uniforms);
    rng_normal(rng, 2, 3, N, normals);
    for (size_t i = 0; i < N; i += 2) {
        double radius = sqrt(-2 * log(1 - (double)uniforms[i]));
        double angle = 2 * acos(-1.0) * (double)uniforms[i + 1];
        assert_true(fabs(normals[i] - radius * cos(angle)) < 4e-6);
        assert_true(fabs(normals[i + 1] - radius * sin(angle)) < 4e-6);
    }
}

/* Moments of 2^20 normals, each within five standard errors, and of products of neighbours. */
static void normals_have_normal_moments(void **state)
{
    (void)state;
    enum { ROUNDS = 1024, LENGTH = 1024 };
    double n = (double)ROUNDS * LENGTH, sums[4] = {0}, neighbours = 0;
    Rng rng = rng_stream(1, "moments");
    for (uint32_t example = 0; example < ROUNDS; example++) {
        real values[LENGTH];
        rng_normal(rng, 0, example, LENGTH, values);
        for (size_t i = 0; i < LENGTH; i++) {
            double x = values[i];
            assert_true(isfinite(x));
            sums[0] += x;
            sums[1] += x * x;
            sums[2] += x * x * x;
            sums[3] += x * x * x * x;
            if (i > 0) neighbours += x * (double)values[i - 1];
        }
    }
    double error = 5 / sqrt(n);
    assert_true(fabs(sums[0] / n) < error);
    assert_true(fabs(sums[1] / n - 1) < error * sqrt(2));
    assert_true(fabs(sums[2] / n) < error * sqrt(15));
    assert_true(fabs(sums[3] / n - 3) < error * sqrt(96));
    assert_true(fabs(neighbours / n) < error);
}

static void shuffle_is_a_permutation(void **state)
{
    (void)state;
    enum { N = 5000 };
    static uint32_t items[N], again[N];
    static const size_t lengths[] = {0, 1, 2, 3, 127, N};
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        size_t n = lengths[k];
        for (uint32_t i = 0; i < N; i++) items[i] = again[i] = i;
        rng_shuffle(rng_stream(1, "shuffle"), 4, n, items);
        rng_shuffle(rng_stream(1, "shuffle"), 4, n, again);
        assert_memory_equal(items, again, sizeof items);
        static bool seen[N];
        memset(seen, 0, sizeof seen);
        for (size_t i = 0; i < N; i++) {
            assert_true(items[i] < N && !seen[items[i]]);
            assert_true(i < n ? items[i] < n : items[i] == i);
            seen[items[i]] = true;
        }
    }
    rng_shuffle(rng_stream(1, "shuffle"), 5, N, items);
    assert_memory_not_equal(items, again, sizeof items);
}

/* All 24 orders of four items are equally frequent: chi-square with 23 degrees of freedom lies within 4.4 and 60 with
 * a probability of 1 - 1e-4. */
static void shuffle_is_unbiased(void **state)
{
    (void)state;
    enum { TRIALS = 48000, ORDERS = 256 };
    size_t counts[ORDERS] = {0};
    Rng rng = rng_stream(1, "orders");
    for (uint64_t step = 0; step < TRIALS; step++) {
        uint32_t items[4] = {0, 1, 2, 3};
        rng_shuffle(rng, step, 4, items);
        counts[items[0] * 64 + items[1] * 16 + items[2] * 4 + items[3]]++;
    }
    double chi = 0, expected = TRIALS / 24.0;
    size_t orders = 0;
    for (size_t i = 0; i < ORDERS; i++) {
        if (counts[i] == 0) continue;
        orders++;
        chi += ((double)counts[i] - expected) * ((double)counts[i] - expected) / expected;
    }
    assert_int_equal(orders, 24);
    assert_true(chi > 4.4 && chi < 60);
}

/* A draw is refused so rarely that no frequency shows it: against the same shuffle written out word by word, long
 * enough for refusals to happen. */
static void shuffle_refuses_biased_words(void **state)
{
    (void)state;
    enum { N = 300000 };
    static uint32_t items[N], expected[N];
    Rng rng = rng_stream(1, "refusals");
    for (uint32_t i = 0; i < N; i++) items[i] = expected[i] = i;
    rng_shuffle(rng, 0, N, items);
    uint32_t words[4], drawn = 0, refusals = 0;
    for (uint64_t bound = N; bound > 1;) {
        if (drawn % 4 == 0) rng_block(rng, 0, 0, drawn / 4, words);
        uint64_t product = words[drawn++ % 4] * bound;
        if (product % (UINT64_C(1) << 32) < (UINT64_C(1) << 32) % bound) {
            refusals++;
            continue;
        }
        uint64_t j = product >> 32;
        uint32_t item = expected[--bound];
        expected[bound] = expected[j];
        expected[j] = item;
    }
    assert_true(refusals > 0);
    assert_memory_equal(items, expected, sizeof items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(counter_words_in_the_documented_order),
        cmocka_unit_test(streams_differ_by_seed_and_name),
        cmocka_unit_test(key_of_a_stream),
        cmocka_unit_test(uniforms_are_the_words),
        cmocka_unit_test(lengths_are_prefixes),
        cmocka_unit_test(normals_are_box_muller),
        cmocka_unit_test(normals_have_normal_moments),
        cmocka_unit_test(shuffle_is_a_permutation),
        cmocka_unit_test(shuffle_is_unbiased),
        cmocka_unit_test(shuffle_refuses_biased_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
