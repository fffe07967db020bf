/* Codes as data: what a VQ-VAE makes of the images, what fits a prior over them and what doesn't, sampling and
 * decoding. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/rng.h"
#include "runner/metric/metric.h"
#include "runner/model/code_prior.h"
#include "runner/model/codes.h"
#include "runner/model/judge.h"
#include "runner/model/use.h"
#include "runner/sampler/sampler.h"
#include "tests/support/tiny_codes.h"

enum { N = 40 };

static void every_split_has_the_codes_of_its_images(void **state)
{
    (void)state;
    TinyCodes tiny;
    tiny_codes_make(&tiny, NULL, NULL);
    const Dataset *dataset = &tiny.prior.dataset;
    const Split *splits[] = {&dataset->train, &dataset->valid, &dataset->test};
    size_t different = 0;
    for (size_t s = 0; s < 3; s++) {
        const Split *split = splits[s];
        real *wanted = mem_zeroed(split->n * TINY_CELLS, sizeof *wanted), got[2 * TINY_CELLS];
        model_encode(&tiny.vqvae.model, dataset, split, split->n, "codes.codes", wanted);
        for (size_t i = 0; i < split->n * TINY_CELLS; i++) {
            assert_true(split->codes[i] < TINY_CODES && (real)split->codes[i] == wanted[i]);
            different += split->codes[i] != split->codes[0];
        }
        batch_codes(dataset, split, (const uint32_t[]){7, 2}, 2, got);
        assert_memory_equal(got, wanted + 7 * TINY_CELLS, TINY_CELLS * sizeof *got);
        assert_memory_equal(got + TINY_CELLS, wanted + 2 * TINY_CELLS, TINY_CELLS * sizeof *got);
        free(wanted);
    }
    assert_true(different > 0);
    assert_int_equal(dataset->info.codes, TINY_CODES);
    assert_null(judge_logits(&tiny.prior.model));
    tiny_codes_release(&tiny);
}

static void decode_to_the_reconstruction(const char *const *overrides)
{
    TinyCodes tiny;
    tiny_codes_make(&tiny, overrides, NULL);
    assert_true(codes_can_decode(&tiny.vqvae.model));
    const Split *test = &tiny.prior.dataset.test;
    real code[TINY_TEST * TINY_CELLS], pixels[TINY_TEST * TINY_PIXELS], wanted[TINY_TEST * TINY_PIXELS];
    model_reconstruct(&tiny.vqvae.model, &tiny.prior.dataset, test, 0, TINY_TEST, wanted);
    for (size_t i = 0; i < TINY_TEST * TINY_CELLS; i++) code[i] = test->codes[i];
    codes_decode(&tiny.vqvae.model, TINY_TEST, code, pixels);
    assert_memory_equal(pixels, wanted, sizeof wanted);
    tiny_codes_release(&tiny);
}

static void codes_decode_to_the_reconstruction(void **state)
{
    (void)state;
    decode_to_the_reconstruction(NULL);
    decode_to_the_reconstruction(
        TINY_WITH("network.codes.layers.1={vector_quantize: {codes: 5, update: moving_average}}", "loss.codebook=~"));
}

/* Each code lies where its cell's uniform falls among the probabilities that a whole pass over the drawn codes gives.
 */
static void follow_the_distribution(double temperature)
{
    TinyCodes tiny;
    tiny_codes_make(&tiny, NULL, NULL);
    Model *prior = &tiny.prior.model;
    static real code[N * TINY_CELLS], logits[N * TINY_CELLS * TINY_CODES], uniform[TINY_CELLS];
    code_prior_sample(prior, "draws", 0, N, temperature, code);
    Split drawn = tiny.prior.dataset.train;
    uint16_t codes[N * TINY_CELLS];
    for (size_t i = 0; i < N * TINY_CELLS; i++) codes[i] = (uint16_t)code[i];
    drawn.codes = codes;
    drawn.n = N;
    model_encode(prior, &tiny.prior.dataset, &drawn, N, "prior", logits);
    for (size_t i = 0; i < N; i++) {
        rng_uniform(rng_stream(1, "draws"), 0, (uint32_t)i, TINY_CELLS, uniform);
        for (size_t c = 0; c < TINY_CELLS; c++) {
            double below = 0, sum = 0;
            for (size_t k = 0; k < TINY_CODES; k++) {
                const double e = exp((double)logits[(i * TINY_CELLS + c) * TINY_CODES + k] / temperature);
                below += k < codes[i * TINY_CELLS + c] ? e : 0;
                sum += e;
            }
            const double own =
                exp((double)logits[(i * TINY_CELLS + c) * TINY_CODES + codes[i * TINY_CELLS + c]] / temperature);
            assert_true((double)uniform[c] > below / sum - 1e-5 && (double)uniform[c] < (below + own) / sum + 1e-5);
        }
    }
    tiny_codes_release(&tiny);
}

static void samples_follow_the_distribution(void **state)
{
    (void)state;
    follow_the_distribution(1);
    follow_the_distribution(2);
    follow_the_distribution(0.5);
}

static void an_image_depends_on_its_number_alone(void **state)
{
    (void)state;
    TinyCodes tiny;
    tiny_codes_make(&tiny, NULL, NULL);
    Model *prior = &tiny.prior.model;
    static real all[N * TINY_CELLS], some[3 * TINY_CELLS], cold[N * TINY_CELLS], colder[N * TINY_CELLS];
    code_prior_sample(prior, "draws", 0, N, 1, all);
    code_prior_sample(prior, "draws", 17, 3, 1, some);
    assert_memory_equal(some, all + 17 * TINY_CELLS, sizeof some);
    code_prior_sample(prior, "other", 17, 3, 1, some);
    assert_memory_not_equal(some, all + 17 * TINY_CELLS, sizeof some);
    /* Near 0 only the likeliest code is drawn, whatever the uniform is. */
    code_prior_sample(prior, "draws", 0, N, 0.0001, cold);
    code_prior_sample(prior, "other", 0, N, 0.0001, colder);
    assert_memory_equal(cold, colder, sizeof cold);
    assert_memory_not_equal(cold, all, sizeof all);
    tiny_codes_release(&tiny);
}

static void the_natural_sampler_of_a_prior(void **state)
{
    (void)state;
    TinyCodes tiny;
    Err err = {0};
    tiny_codes_make(&tiny, NULL, NULL);
    static real pixels[300 * TINY_PIXELS], code[300 * TINY_CELLS], wanted[300 * TINY_PIXELS];
    const Spec absent = {0};
    if (!sampler_check(&tiny.use, &absent, (Loc){0}, &err) ||
        !sampler_draw(&tiny.use, &absent, "draws", 300, pixels, &err))
        fail_msg("%s", err.text);
    code_prior_sample(&tiny.prior.model, "draws", 0, 300, 1, code);
    codes_decode(&tiny.vqvae.model, 300, code, wanted);
    assert_memory_equal(pixels, wanted, sizeof wanted);
    tiny_codes_release(&tiny);
}

static double value_of(const MetricList *list, const char *metric)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].metric, metric) == 0) return list->items[i].value;
    fail_msg("no %s", metric);
    return 0;
}

static void measure(TinyCodes *tiny, const char *yaml, MetricList *list)
{
    Err err = {0};
    const Spec spec = tiny_spec(&tiny->prior, &metrics_table, yaml);
    const Metric *metric = (const Metric *)spec.row;
    if (!metric->check(&tiny->use, &spec, &err) || !metric->measure(&tiny->use, &spec, list, &err))
        fail_msg("%s", err.text);
}

/* All codes alike: a cell's own frequency is (60 + 1) / (60 + 5), given a neighbour (60 + 20 f) / (60 + 20). */
static void bounds_by_hand(void **state)
{
    (void)state;
    TinyCodes tiny;
    MetricList list = {0};
    tiny_codes_make(&tiny, NULL, NULL);
    memset(tiny.prior.dataset.codes[0], 0, TINY_TRAIN * TINY_CELLS * sizeof(uint16_t));
    memset(tiny.prior.dataset.codes[2], 0, TINY_TEST * TINY_CELLS * sizeof(uint16_t));
    measure(&tiny, "code_nll: {split: test}", &list);
    const double own = 61.0 / 65, given = (60 + 20 * own) / 80;
    assert_true(fabs(value_of(&list, "code_nll_unigram") + 6 * log(own)) < 1e-9);
    assert_true(fabs(value_of(&list, "code_nll_left") + 2 * log(own) + 4 * log(given)) < 1e-9);
    assert_true(fabs(value_of(&list, "code_nll_above") + 3 * log(own) + 3 * log(given)) < 1e-9);
    metric_release(&list);
    tiny_codes_release(&tiny);
}

/* Of untrained logits of 0 each code costs log 5. */
static void nats_by_hand(void **state)
{
    (void)state;
    TinyCodes tiny;
    MetricList list = {0};
    tiny_codes_make(&tiny, NULL, NULL);
    size_t n;
    real *weight = tiny_param(&tiny.prior, "prior.conv2d.weight", &n);
    memset(weight, 0, n * sizeof *weight);
    weight = tiny_param(&tiny.prior, "prior.conv2d.bias", &n);
    memset(weight, 0, n * sizeof *weight);
    measure(&tiny, "code_nll: {split: test}", &list);
    assert_true(fabs(value_of(&list, "code_nll") - TINY_CELLS * log(5)) < 1e-5);
    metric_release(&list);
    tiny_codes_release(&tiny);
}

/* The prior's nats, and the softplus(l) - x l of the VQ-VAE's reconstructions. */
static void the_description_is_the_sum_of_both(void **state)
{
    (void)state;
    TinyCodes tiny;
    MetricList list = {0};
    tiny_codes_make(&tiny, NULL, NULL);
    const Split *test = &tiny.prior.dataset.test;
    static real pixels[TINY_TEST * TINY_PIXELS];
    double reconstruction = 0;
    model_reconstruct(&tiny.vqvae.model, &tiny.prior.dataset, test, 0, TINY_TEST, pixels);
    for (size_t i = 0; i < TINY_TEST * TINY_PIXELS; i++) {
        const double p = (double)pixels[i], x = test->images[i] / 255.0;
        reconstruction -= (x * log(p) + (1 - x) * log(1 - p)) / TINY_TEST;
    }
    measure(&tiny, "code_nll", &list);
    measure(&tiny, "description_length", &list);
    const double wanted = value_of(&list, "code_nll") + reconstruction;
    assert_true(fabs(value_of(&list, "description_length") / wanted - 1) < 1e-5);
    metric_release(&list);
    tiny_codes_release(&tiny);
}

static void refused(const char *const *vqvae, const char *const *prior, const char *message)
{
    TinyCodes tiny;
    Err err = {0};
    if (tiny_codes_try(&tiny, vqvae, prior, &err)) fail_msg("not refused: %s", message);
    if (!strstr(err.text, message)) fail_msg("%s, not %s", err.text, message);
    assert_true(err.kind == ERR_CONFIG && err.loc.file);
    tiny_codes_release(&tiny);
}

static void misfits_have_a_place(void **state)
{
    (void)state;
    refused(TINY_WITH("network.codes.layers.1=relu", "loss.codebook=~", "loss.commitment=~"), NULL,
            "codes: vq/seed1 has no grid of codes; name a VQ-VAE, whose encoder ends in vector_quantize");
    refused(TINY_WITH("network.codes.layers.1.vector_quantize=9"), NULL,
            "cross_entropy: \"prior\" has 5 numbers a cell, but vq/seed1 has 9 codes");
    refused(TINY_WITH("network.codes.layers.1.vector_quantize=9"), TINY_WITH("network.prior.layers.2.conv2d.filters=9"),
            "code_conv2d \"prior.code_conv2d\": has a row for 5 codes, but vq/seed1 has 9");
    refused(NULL, TINY_WITH("network.prior.layers.2.conv2d.filters=9"),
            "cross_entropy: \"prior\" has 9 numbers a cell, but vq/seed1 has 5 codes");
    refused(NULL, TINY_WITH("data.codes=~"), "the input \"code\" holds the codes of a trained VQ-VAE; name it in data");
    refused(NULL, TINY_WITH("network.prior={input: image, layers: [conv2d: {filters: 5, kernel: 1, stride: 2}]}"),
            "conv2d \"prior.conv2d\": takes the images, but where data has codes they stand for those");
    refused(NULL, TINY_WITH("network.prior.input=label"), "code_conv2d \"prior.code_conv2d\": wants codes");
}

/* A prior that can be trained but not sampled. */
static void a_prior_that_sees_later_cells_has_no_sampler(void **state)
{
    (void)state;
    TinyCodes tiny;
    Err err = {0};
    const Spec absent = {0};
    tiny_codes_make(&tiny, NULL, TINY_WITH("network.prior.layers.2={conv2d: {filters: 5, kernel: 3}}"));
    assert_false(sampler_check(&tiny.use, &absent, (Loc){0}, &err));
    assert_non_null(strstr(err.text, "conv2d \"prior.conv2d\": can't be sampled place by place"));
    tiny_codes_release(&tiny);
}

/* A cell that sees its own code would learn to copy it. */
static void a_prior_that_sees_what_it_predicts_is_refused(void **state)
{
    (void)state;
    static const char *const metrics[] = {"code_nll", "description_length"};
    static const char *const masks[][2] = {{"network.prior.layers.0.code_conv2d.mask=B", NULL},
                                           {"network.prior.layers.0.code_conv2d.mask=none", NULL}};
    for (size_t m = 0; m < 2; m++) {
        TinyCodes tiny;
        tiny_codes_make(&tiny, NULL, masks[m]);
        for (size_t i = 0; i < 2; i++) {
            Err err = {0};
            const Spec spec = tiny_spec(&tiny.prior, &metrics_table, metrics[i]);
            assert_false(metric_check(&tiny.use, &spec, &err));
            assert_string_equal(err.text, "code_conv2d \"prior.code_conv2d\": shows each cell the code that is to be "
                                          "predicted; take `mask: A`");
        }
        tiny_codes_release(&tiny);
    }
}

/* Numbers that don't belong together are not added up. */
static void descriptions_need_a_decoder_of_the_codes(void **state)
{
    (void)state;
    static const char *const aside[] = {"network.decoder.input=image", NULL};
    static const char *const squares[] = {"loss.reconstruction={squared_error: {prediction: decoder, target: image}}",
                                          NULL};
    static const char *const *const overrides[] = {aside, squares};
    static const char *const said[] = {
        "description_length: the reconstruction of vq/seed1 isn't computed from its codes",
        "description_length: the reconstruction of vq/seed1 is a squared error, not in "
        "nats"};
    for (size_t i = 0; i < 2; i++) {
        TinyCodes tiny;
        Err err = {0};
        tiny_codes_make(&tiny, overrides[i], NULL);
        const Spec spec = tiny_spec(&tiny.prior, &metrics_table, "description_length");
        assert_false(metric_check(&tiny.use, &spec, &err));
        assert_string_equal(err.text, said[i]);
        tiny_codes_release(&tiny);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_split_has_the_codes_of_its_images),
        cmocka_unit_test(codes_decode_to_the_reconstruction),
        cmocka_unit_test(samples_follow_the_distribution),
        cmocka_unit_test(an_image_depends_on_its_number_alone),
        cmocka_unit_test(the_natural_sampler_of_a_prior),
        cmocka_unit_test(bounds_by_hand),
        cmocka_unit_test(nats_by_hand),
        cmocka_unit_test(the_description_is_the_sum_of_both),
        cmocka_unit_test(misfits_have_a_place),
        cmocka_unit_test(a_prior_that_sees_later_cells_has_no_sampler),
        cmocka_unit_test(a_prior_that_sees_what_it_predicts_is_refused),
        cmocka_unit_test(descriptions_need_a_decoder_of_the_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
