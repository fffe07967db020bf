/* A judge's network is not in training. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "runner/model/judge.h"
#include "tests/support/tiny.h"

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
    const real mean = *tiny_param(&judge, "classifier.batch_norm.running_mean", &n);
    assert_true(judge_classify(&(UseContext){0}, &judge.model, TINY_TEST, pixels, all, NULL, &err));
    for (size_t i = 0; i < TINY_TEST; i++) {
        assert_true(judge_classify(&(UseContext){0}, &judge.model, 1, pixels + i * TINY_PIXELS, one, NULL, &err));
        assert_memory_equal(one, all + i * TINY_CLASSES, sizeof one);
    }
    assert_memory_equal(&mean, tiny_param(&judge, "classifier.batch_norm.running_mean", &n), sizeof mean);
    tiny_release(&judge);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_judge_is_not_in_training)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
