/* Inception Score and Wilson's interval against hand cases. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/alloc.h"
#include "nn/base/rng.h"
#include "runner/metric/scores.h"

enum { CLASSES = 10, SMALL = 100, LARGE = 1000, TRIALS = 1000 };

static void near(double got, double wanted, double relative)
{
    if (!(fabs(got - wanted) <= relative * (1 + fabs(wanted)))) fail_msg("%.17g is not %.17g", got, wanted);
}

/* Rows that are sure of a class: log p is 0 there and too small to have an exponential elsewhere. */
static void sure_of(size_t n, const size_t *class, double *rows)
{
    for (size_t i = 0; i < n * CLASSES; i++) rows[i] = i % CLASSES == class[i / CLASSES] ? 0 : -1e6;
}

static void balanced_and_sure_is_the_number_of_classes(void **state)
{
    (void)state;
    static double rows[SMALL * CLASSES];
    size_t class[SMALL];
    for (size_t i = 0; i < SMALL; i++) class[i] = i * 7 % CLASSES;
    sure_of(SMALL, class, rows);
    near(score_inception(SMALL, CLASSES, rows), 10, 1e-14);
}

static void of_a_constant_is_one(void **state)
{
    (void)state;
    static double rows[SMALL * CLASSES];
    size_t class[SMALL] = {0};
    sure_of(SMALL, class, rows);
    near(score_inception(SMALL, CLASSES, rows), 1, 1e-15);
    for (size_t i = 0; i < SMALL * CLASSES; i++) rows[i] = log((double[]){0.3, 0.2, 0.1, 0.4}[i % 4]);
    near(score_inception(SMALL, 4, rows), 1, 1e-14);
}

/* p(y) = (3/4, 1/4): KL is log 4/3 and log(4/3)/2, exp of their mean (4/3)^(3/4). */
static void of_two_rows_by_hand(void **state)
{
    (void)state;
    const double rows[] = {0, -INFINITY, log(0.5), log(0.5)};
    const double wanted = exp((log(4.0 / 3) + 0.5 * log(0.5 / 0.75) + 0.5 * log(0.5 / 0.25)) / 2);
    near(score_inception(2, 2, rows), wanted, 1e-15);
    near(score_inception(2, 2, rows), 1.2408, 1e-4);
}

/* The plug-in estimate is too low by about 9 / (2 n) in the exponent. */
static void the_bias_of_few_images(void **state)
{
    (void)state;
    static double rows[LARGE * CLASSES];
    static size_t class[LARGE];
    real draws[LARGE];
    static const size_t images[] = {SMALL, LARGE};
    static const double wanted[] = {-0.44, -0.045}, tolerance[] = {0.02, 0.002};
    for (size_t k = 0; k < 2; k++) {
        double sum = 0;
        for (uint64_t trial = 0; trial < TRIALS; trial++) {
            rng_uniform(rng_stream(3, "bias"), trial, 0, images[k], draws);
            for (size_t i = 0; i < images[k]; i++) class[i] = (size_t)((double)draws[i] * CLASSES);
            sure_of(images[k], class, rows);
            sum += score_inception(images[k], CLASSES, rows) - 10;
        }
        if (!(fabs(sum / TRIALS - wanted[k]) < tolerance[k])) fail_msg("bias %g is not %g", sum / TRIALS, wanted[k]);
    }
}

static void splits_are_runs_of_images(void **state)
{
    (void)state;
    static double rows[(size_t)SMALL * CLASSES];
    size_t class[SMALL];
    for (size_t i = 0; i < SMALL; i++) class[i] = i < 30 ? i % 10 : i < 60 ? i % 5 : i < 90 ? i % 2 : 0;
    sure_of(SMALL, class, rows);
    SplitScore score = score_inception_splits(3, 30, CLASSES, rows); /* 10, 5 and 2 */
    near(score.mean, 17.0 / 3, 1e-14);
    near(score.sd, sqrt((pow(10 - 17.0 / 3, 2) + pow(5 - 17.0 / 3, 2) + pow(2 - 17.0 / 3, 2)) / 2), 1e-14);
    score = score_inception_splits(1, 60, CLASSES, rows);
    near(score.mean, score_inception(60, CLASSES, rows), 0);
    assert_true(score.sd == 0);
}

static void wilson_by_known_values(void **state)
{
    (void)state;
    static const struct {
        size_t k, n;
        double lower, upper;
    } cases[] = {
        {8, 10, 0.490162, 0.943318},       {0, 10, 0, 0.277533}, {10, 10, 0.722467, 1}, {5, 10, 0.236593, 0.763407},
        {8000, 10000, 0.792047, 0.807724},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Interval interval = score_wilson(cases[i].k, cases[i].n);
        near(interval.lower, cases[i].lower, 1e-5);
        near(interval.upper, cases[i].upper, 1e-5);
    }
    assert_true(score_wilson(0, 10).lower == 0 && score_wilson(10, 10).upper == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balanced_and_sure_is_the_number_of_classes),
        cmocka_unit_test(of_a_constant_is_one),
        cmocka_unit_test(of_two_rows_by_hand),
        cmocka_unit_test(the_bias_of_few_images),
        cmocka_unit_test(splits_are_runs_of_images),
        cmocka_unit_test(wilson_by_known_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
