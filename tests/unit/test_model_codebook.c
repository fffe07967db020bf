/* The codebook of a model: found, counted over a whole split, ranked; and the metric's arithmetic. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/metric/metric.h"
#include "runner/model/codebook.h"
#include "runner/model/use.h"
#include "tests/support/tiny.h"

enum { CODES = 5, DIM = 2, CELLS = 6 };

#define QUANTIZED                                                                                                      \
    TINY_WITH("network.latent=~", "loss.kl=~", "loss.codebook={codebook: codes}",                                      \
              "network.encoder.layers=[conv2d: {filters: 2, kernel: 3, stride: 2}]",                                   \
              "network.codes={input: encoder, layers: [vector_quantize: 5]}",                                          \
              "network.decoder={input: codes, layers: [flatten, dense: {units: 20}, reshape: [4, 5, 1]]}")

static Tiny tiny;
static Codebook codebook;

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, QUANTIZED);
    assert_true(codebook_find(&tiny.model, &codebook));
    /* far apart, and code 3 where no vector comes near */
    real *vectors = tiny_param(&tiny, "codes.vector_quantize.codebook", NULL);
    model_initialise_from_data(&tiny.model, &tiny.dataset);
    vectors[3 * DIM] = vectors[3 * DIM + 1] = 1000;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tiny_release(&tiny);
    return 0;
}

static void it_is_found(void **state)
{
    (void)state;
    assert_string_equal(codebook.section, "codes");
    assert_string_equal(codebook.parameter, "codes.vector_quantize.codebook");
    assert_int_equal(codebook.codes, CODES);
    assert_int_equal(codebook.dim, DIM);
    assert_int_equal(codebook.cells, CELLS);
    assert_true(model_decodes(&tiny.model, codebook.section));
    Tiny plain;
    Codebook none;
    tiny_make(&plain, NULL);
    assert_false(codebook_find(&plain.model, &none));
    tiny_release(&plain);
    /* a codebook beside the way from the image to its reconstruction */
    tiny_make(&plain, TINY_WITH("network.codes={input: encoder, layers: [vector_quantize: 4]}",
                                "loss.codebook={codebook: {quantizer: codes}}"));
    assert_true(codebook_find(&plain.model, &none));
    assert_false(model_decodes(&plain.model, none.section));
    tiny_release(&plain);
    /* one that moves by averages */
    tiny_make(&plain, TINY_WITH("network.codes={input: encoder, layers: [vector_quantize: {codes: 4, update: "
                                "moving_average}]}",
                                "loss.commitment={commitment: {quantizer: codes}}"));
    assert_true(codebook_find(&plain.model, &none));
    assert_string_equal(none.parameter, "codes.vector_quantize.codebook");
    tiny_release(&plain);
}

/* The nearest code of each vector that the encoder gives, counted here by hand over all 37 images, which are no
 * multiple of the batch. */
static void count_by_hand(size_t count[CODES])
{
    static real x[TINY_TEST * CELLS * DIM];
    const real *e = tiny_param(&tiny, "codes.vector_quantize.codebook", NULL);
    memset(count, 0, CODES * sizeof *count);
    model_encode(&tiny.model, &tiny.dataset, &tiny.dataset.test, TINY_TEST, "encoder", x);
    for (size_t p = 0; p < TINY_TEST * CELLS; p++) {
        size_t best = 0;
        double least = INFINITY;
        for (size_t k = 0; k < CODES; k++) {
            const double a = (double)(x[p * DIM] - e[k * DIM]), b = (double)(x[p * DIM + 1] - e[k * DIM + 1]);
            if (a * a + b * b < least) least = a * a + b * b, best = k;
        }
        count[best]++;
    }
}

static void every_cell_of_a_split_is_counted(void **state)
{
    (void)state;
    size_t count[CODES], wanted[CODES], total = 0;
    count_by_hand(wanted);
    codebook_count(&tiny.model, &tiny.dataset, &tiny.dataset.test, &codebook, count);
    assert_memory_equal(count, wanted, sizeof count);
    for (size_t i = 0; i < CODES; i++) total += count[i];
    assert_int_equal(total, TINY_TEST * CELLS);
    assert_int_equal(count[3], 0);
}

static void codes_are_ranked_by_brightness(void **state)
{
    (void)state;
    size_t rank[CODES], n;
    real *weight = tiny_param(&tiny, "decoder.dense.weight", &n);
    const real *e = tiny_param(&tiny, "codes.vector_quantize.codebook", NULL);
    /* every pixel's logit is the first number of the code, summed over cells */
    assert_int_equal(n, CELLS * DIM * TINY_PIXELS);
    for (size_t i = 0; i < n; i++) weight[i] = i / TINY_PIXELS % DIM == 0 ? (real)0.01 : 0;
    codebook_rank(&tiny.model, &codebook, rank);
    for (size_t i = 0; i < CODES; i++) {
        size_t wanted = 0;
        for (size_t j = 0; j < CODES; j++) wanted += e[j * DIM] < e[i * DIM];
        assert_int_equal(rank[i], wanted);
    }
    for (size_t i = 0; i < n; i++) weight[i] = 0;
    codebook_rank(&tiny.model, &codebook, rank);
    for (size_t i = 0; i < CODES; i++) assert_int_equal(rank[i], i);
}

static double value_of(const MetricList *list, const char *metric)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].metric, metric) == 0) return list->items[i].value;
    fail_msg("no row %s", metric);
    return 0;
}

static double perplexity(const size_t *count, size_t without)
{
    double total = 0, entropy = 0;
    for (size_t i = 0; i < CODES; i++) total += i == without ? 0 : (double)count[i];
    for (size_t i = 0; i < CODES; i++)
        if (i != without && count[i]) entropy -= (double)count[i] / total * log((double)count[i] / total);
    return exp(entropy);
}

static void measure(MetricList *list)
{
    Err err = {0};
    const Spec spec = tiny_spec(&tiny, &metrics_table, "codebook");
    const UseContext use = {.model = &tiny.model, .dataset = &tiny.dataset};
    *list = (MetricList){0};
    if (!((const Metric *)spec.row)->measure(&use, &spec, list, &err)) fail_msg("%s", err.text);
}

static void the_rows_follow_from_the_counts(void **state)
{
    (void)state;
    MetricList list;
    size_t count[CODES], used = 0, most = 0;
    count_by_hand(count);
    for (size_t i = 0; i < CODES; i++) {
        used += count[i] > 0;
        if (count[i] > count[most]) most = i;
    }
    assert_true(used > 2);
    measure(&list);
    assert_int_equal(list.n, 6);
    assert_true(value_of(&list, "codes_used") == (double)used);
    assert_true(value_of(&list, "dead_codes") == (double)(CODES - used));
    assert_true(value_of(&list, "codes_used_without_commonest") == (double)(used - 1));
    assert_true(fabs(value_of(&list, "codebook_perplexity") - perplexity(count, CODES)) < 1e-12);
    assert_true(fabs(value_of(&list, "codebook_perplexity_without_commonest") - perplexity(count, most)) < 1e-12);
    assert_true(value_of(&list, "commonest_code_share") == (double)count[most] / (TINY_TEST * CELLS));
    metric_release(&list);
}

/* All cells at one code: nothing is left beside it. */
static void a_codebook_that_has_collapsed(void **state)
{
    (void)state;
    MetricList list;
    real *e = tiny_param(&tiny, "codes.vector_quantize.codebook", NULL);
    for (size_t i = 0; i < CODES * DIM; i++) e[i] = i / DIM == 2 ? 0 : 1000;
    measure(&list);
    assert_true(value_of(&list, "codes_used") == 1 && value_of(&list, "dead_codes") == CODES - 1);
    assert_true(value_of(&list, "codebook_perplexity") == 1);
    assert_true(value_of(&list, "codes_used_without_commonest") == 0);
    assert_true(value_of(&list, "codebook_perplexity_without_commonest") == 1);
    assert_true(value_of(&list, "commonest_code_share") == 1);
    metric_release(&list);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_found),
        TEST(every_cell_of_a_split_is_counted),
        TEST(codes_are_ranked_by_brightness),
        TEST(the_rows_follow_from_the_counts),
        TEST(a_codebook_that_has_collapsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
