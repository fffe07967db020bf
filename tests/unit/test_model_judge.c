/* What a classifier says of images. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/model/judge.h"
#include "tests/support/tiny.h"

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-14 * (1 + fabs(wanted)))) fail_msg("%.17g is not %.17g", got, wanted);
}

static void log_softmax_of_known_logits(void **state)
{
    (void)state;
    double p[3];
    judge_log_softmax(3, (real[]){0, 0, 0}, p);
    for (size_t c = 0; c < 3; c++) near(p[c], -log(3));
    judge_log_softmax(3, (real[]){1, 2, 4}, p);
    for (size_t c = 0; c < 3; c++) near(p[c], (double[]){1, 2, 4}[c] - log(exp(1) + exp(2) + exp(4)));
    judge_log_softmax(1, (real[]){-8}, p);
    assert_true(p[0] == 0);
}

/* Where exp(logit) would leave the range of numbers; and a probability of 0 has a finite logarithm. */
static void log_softmax_of_huge_logits(void **state)
{
    (void)state;
    double p[3];
    judge_log_softmax(3, (real[]){20000, 19999, -20000}, p);
    near(p[0], -log(1 + exp(-1)));
    near(p[1], -1 - log(1 + exp(-1)));
    near(p[2], -40000 - log(1 + exp(-1)));
}

static void the_first_of_equals_is_the_class(void **state)
{
    (void)state;
    assert_int_equal(judge_class(3, (double[]){-1, -1, -1}), 0);
    assert_int_equal(judge_class(3, (double[]){-2, -1, -1}), 1);
    assert_int_equal(judge_class(3, (double[]){-3, -2, -1}), 2);
}

static void what_is_a_classifier(void **state)
{
    (void)state;
    Tiny tiny;
    tiny_make(&tiny, NULL);
    assert_null(judge_logits(&tiny.model));
    tiny_release(&tiny);
    tiny_make(&tiny, TINY_WITH("network.judge={input: image, layers: [flatten, dense: {units: 3}]}",
                               "loss.class={cross_entropy: {logits: judge, target: label}, weight: 1}"));
    assert_string_equal(judge_logits(&tiny.model), "judge");
    tiny_release(&tiny);
}

/* Dropout does nothing, batch_norm uses what it kept, and keeps that: an image's verdict depends on nothing else. */
static void a_judge_is_not_in_training(void **state)
{
    (void)state;
    Tiny judge;
    Err err = {0};
    size_t n;
    tiny_make(&judge, TINY_WITH("network.classifier={input: image, layers: [batch_norm, dropout: 0.9, flatten, "
                                "dense: {units: 3}]}",
                                "loss.class={cross_entropy: {logits: classifier, target: label}, weight: 1}"));
    real pixels[TINY_TEST * TINY_PIXELS];
    double all[TINY_TEST * TINY_CLASSES], one[TINY_CLASSES];
    for (size_t i = 0; i < TINY_TEST * TINY_PIXELS; i++)
        pixels[i] = (real)tiny_pixel(true, i / TINY_PIXELS, i % TINY_PIXELS) / 255;
    const UseContext use = {.model = &judge.model, .dataset = &judge.dataset};
    const real mean = *tiny_param(&judge, "classifier.batch_norm.running_mean", &n);
    assert_true(judge_classify(&use, &judge.model, TINY_TEST, pixels, all, NULL, &err));
    for (size_t i = 0; i < TINY_TEST; i++) {
        assert_true(judge_classify(&use, &judge.model, 1, pixels + i * TINY_PIXELS, one, NULL, &err));
        assert_memory_equal(one, all + i * TINY_CLASSES, sizeof one);
    }
    assert_memory_equal(&mean, tiny_param(&judge, "classifier.batch_norm.running_mean", &n), sizeof mean);
    tiny_release(&judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_softmax_of_known_logits),      cmocka_unit_test(log_softmax_of_huge_logits),
        cmocka_unit_test(the_first_of_equals_is_the_class), cmocka_unit_test(what_is_a_classifier),
        cmocka_unit_test(a_judge_is_not_in_training),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
