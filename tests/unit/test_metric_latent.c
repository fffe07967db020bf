/* Metrics of the latent space and of reconstructions, beside the same reckoned by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "runner/metric/metric.h"
#include "runner/metric/neighbours.h"
#include "runner/model/use.h"
#include "tests/support/tiny.h"

static Tiny tiny;
static MetricList list;

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pool_stop();
    metric_release(&list);
    tiny_release(&tiny);
    return 0;
}

static void measure(Tiny *t, const char *yaml)
{
    Err err = {0};
    const Spec spec = tiny_spec(t, &metrics_table, yaml);
    const Metric *metric = (const Metric *)spec.row;
    const UseContext use = {.model = &t->model, .dataset = &t->dataset};
    if (!metric->check(&use, &spec, &err)) fail_msg("%s: %s", yaml, err.text);
    if (!metric->measure(&use, &spec, &list, &err)) fail_msg("%s: %s", yaml, err.text);
}

static const MetricValue *row_of(const char *metric)
{
    for (size_t i = 0; i < list.n; i++)
        if (!strcmp(list.items[i].metric, metric)) return &list.items[i];
    fail_msg("no row %s", metric);
    return NULL;
}

static void near(double got, double wanted, double relative)
{
    if (!(fabs(got - wanted) <= relative * (1 + fabs(wanted)))) fail_msg("%.12g is not %.12g", got, wanted);
}

static void dimensions_add_up_to_the_kl_term(void **state)
{
    (void)state;
    measure(&tiny, "elbo");
    const double kl = row_of("kl")->value;
    measure(&tiny, "kl_dim");
    const MetricValue *first = row_of("kl_dim[1]"), *second = row_of("kl_dim[2]");
    near(first->value + second->value, kl, 1e-6);
    assert_true(first->value > 0 && second->value > 0 && first->value != second->value);
    assert_string_equal(second->detail, "dimension 2 of 2");
    assert_int_equal(second->n, TINY_TEST);
}

/* Pixels (n) to the squared error and the cross entropy an image. */
static void errors_by_hand(const real *pixels, double *square, double *cross_entropy)
{
    *square = *cross_entropy = 0;
    for (size_t i = 0; i < TINY_TEST * TINY_PIXELS; i++) {
        const double p = (double)pixels[i], x = tiny_pixel(true, i / TINY_PIXELS, i % TINY_PIXELS) / 255.0;
        *square += (p - x) * (p - x) / TINY_TEST;
        *cross_entropy -= (x * log(p) + (1 - x) * log(1 - p)) / TINY_TEST;
    }
}

static void reconstructions_are_compared_with_their_images(void **state)
{
    (void)state;
    static real z[TINY_TEST * 2], pixels[TINY_TEST * TINY_PIXELS];
    double square, cross_entropy, sampled;
    model_encode(&tiny.model, &tiny.dataset, &tiny.dataset.test, TINY_TEST, "latent.mean", z);
    model_decode(&tiny.model, 0, TINY_TEST, z, pixels);
    errors_by_hand(pixels, &square, &cross_entropy);
    measure(&tiny, "reconstruction_error");
    near(row_of("reconstruction_error")->value, square, 1e-6);
    near(row_of("reconstruction_bce")->value, cross_entropy, 1e-5);
    assert_string_equal(row_of("reconstruction_error")->unit, "squared error/image");
    assert_string_equal(row_of("reconstruction_error")->detail,
                        "grey pixels; sum over 20 pixels; from the posterior mean");

    metric_release(&list);
    model_reconstruct(&tiny.model, &tiny.dataset, &tiny.dataset.test, 0, TINY_TEST, pixels);
    errors_by_hand(pixels, &sampled, &cross_entropy);
    assert_true(fabs(sampled - square) > 1e-4);
    measure(&tiny, "reconstruction_error: {z: sample}");
    near(row_of("reconstruction_error")->value, sampled, 1e-6);
    assert_string_equal(row_of("reconstruction_error")->detail, "grey pixels; sum over 20 pixels; one z an image");
    metric_release(&list);
    measure(&tiny, "elbo");
    near(row_of("reconstruction")->value, cross_entropy, 1e-5);
}

/* Without a posterior there is one reconstruction; without logits no cross entropy. */
static void an_autoencoder_has_an_error(void **state)
{
    (void)state;
    static real pixels[TINY_TEST * TINY_PIXELS];
    Tiny plain;
    double square, cross_entropy;
    tiny_make(&plain, TINY_WITH("loss.kl=~", "network.latent.layers=[dense: {units: 2}]",
                                "loss.reconstruction={squared_error: {prediction: decoder, target: image}}"));
    model_reconstruct(&plain.model, &plain.dataset, &plain.dataset.test, 0, TINY_TEST, pixels);
    errors_by_hand(pixels, &square, &cross_entropy);
    measure(&plain, "reconstruction_error");
    assert_int_equal(list.n, 1);
    near(row_of("reconstruction_error")->value, square, 1e-6);
    assert_string_equal(row_of("reconstruction_error")->detail, "grey pixels; sum over 20 pixels");
    measure(&plain, "knn_accuracy");
    tiny_release(&plain);
}

/* Every pair, in double. */
static void nearest_by_hand(size_t k, size_t dim, size_t m, const real *x, const real *y, uint32_t *nearest)
{
    bool *taken = mem_zeroed(m, sizeof *taken);
    for (size_t place = 0; place < k; place++) {
        double least = INFINITY;
        for (size_t j = 0; j < m; j++) {
            double square = 0;
            for (size_t d = 0; d < dim; d++) square += pow((double)x[d] - (double)y[j * dim + d], 2);
            if (taken[j] || !(square < least)) continue;
            least = square;
            nearest[place] = (uint32_t)j;
        }
        taken[nearest[place]] = true;
    }
    free(taken);
}

/* Whole numbers: many equal distances, all exact. */
static void neighbours_agree_with_a_hand(void **state)
{
    (void)state;
    static const size_t cases[][4] = {{10, 2, 70, 200}, {1, 3, 5, 1}, {7, 1, 64, 64}, {3, 17, 130, 333}};
    for (size_t c = 0; c < 4; c++) {
        const size_t k = cases[c][0], dim = cases[c][1], n = cases[c][2], m = cases[c][3];
        real *x = mem_zeroed(n * dim, sizeof *x), *y = mem_zeroed(m * dim, sizeof *y);
        uint32_t *nearest = mem_zeroed(n * k, sizeof *nearest), *threaded = mem_zeroed(n * k, sizeof *nearest);
        rng_uniform(rng_stream(c, "x"), 0, 0, n * dim, x);
        rng_uniform(rng_stream(c, "y"), 0, 0, m * dim, y);
        for (size_t i = 0; i < n * dim; i++) x[i] = (real)(int)(x[i] * 9);
        for (size_t i = 0; i < m * dim; i++) y[i] = (real)(int)(y[i] * 9);
        neighbours_find(k, dim, n, x, m, y, nearest);
        for (size_t i = 0; i < n; i++) {
            uint32_t wanted[16];
            nearest_by_hand(k, dim, m, x + i * dim, y, wanted);
            assert_memory_equal(nearest + i * k, wanted, k * sizeof *wanted);
        }
        pool_start(3);
        neighbours_find(k, dim, n, x, m, y, threaded);
        pool_stop();
        assert_memory_equal(nearest, threaded, n * k * sizeof *nearest);
        free(x);
        free(y);
        free(nearest);
        free(threaded);
    }
}

static void the_commonest_label_wins_the_lowest_of_equals(void **state)
{
    (void)state;
    static const uint8_t labels[] = {9, 3, 3, 0, 9, 255};
    assert_int_equal(neighbours_vote(3, (uint32_t[]){0, 1, 2}, labels), 3);
    assert_int_equal(neighbours_vote(5, (uint32_t[]){0, 1, 2, 3, 4}, labels), 3);
    assert_int_equal(neighbours_vote(3, (uint32_t[]){0, 4, 1}, labels), 9);
    assert_int_equal(neighbours_vote(2, (uint32_t[]){3, 0}, labels), 0);
    assert_int_equal(neighbours_vote(1, (uint32_t[]){5}, labels), 255);
}

static void accuracy_is_the_share_of_right_votes(void **state)
{
    (void)state;
    static real test[TINY_TEST * 2], train[TINY_TRAIN * 2];
    size_t right = 0;
    model_encode(&tiny.model, &tiny.dataset, &tiny.dataset.test, TINY_TEST, "latent.mean", test);
    model_encode(&tiny.model, &tiny.dataset, &tiny.dataset.train, TINY_TRAIN, "latent.mean", train);
    for (size_t i = 0; i < TINY_TEST; i++) {
        uint32_t nearest[5];
        nearest_by_hand(5, 2, TINY_TRAIN, test + i * 2, train, nearest);
        right += neighbours_vote(5, nearest, tiny.dataset.train.labels) == tiny.dataset.test.labels[i];
    }
    measure(&tiny, "knn_accuracy: {neighbours: 5}");
    near(row_of("knn_accuracy")->value, (double)right / TINY_TEST, 1e-15);
    assert_int_equal(row_of("knn_accuracy")->n, TINY_TEST);
}

static void refuse(const char *const *overrides, const char *yaml, const char *message)
{
    Tiny other;
    Err err = {0};
    tiny_make(&other, overrides);
    const Spec spec = tiny_spec(&other, &metrics_table, yaml);
    assert_false(((const Metric *)spec.row)->check(&(UseContext){.model = &other.model}, &spec, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "spec.yaml");
    assert_string_equal(err.text, message);
    tiny_release(&other);
}

static void what_the_experiment_lacks_is_refused(void **state)
{
    (void)state;
    static const char no_valid[] = "split \"valid\": the experiment has none; add `split: {train: N, valid: M}` to its "
                                   "data";
    const char *const *without = TINY_WITH("data.split=~", "train.history=none");
    refuse(TINY_WITH("loss.kl=~"), "kl_dim",
           "kl_dim: the experiment has no posterior; add a kl_divergence term to its loss");
    refuse(without, "kl_dim: {split: valid}", no_valid);
    refuse(TINY_WITH("loss.reconstruction=~", "network.decoder=~"), "reconstruction_error",
           "reconstruction_error: the experiment has no reconstruction term; add one to its loss");
    refuse(without, "reconstruction_error: {split: valid}", no_valid);
    refuse(without, "knn_accuracy: {split: valid}", no_valid);
    refuse(NULL, "knn_accuracy: {neighbours: 61}", "knn_accuracy: wants 61 neighbours of 60 training images");
    refuse(TINY_WITH("loss.kl=~", "network.latent=~", "network.encoder=~", "network.decoder.input=image",
                     "network.decoder.layers=[flatten, dense: {units: 20}, reshape: [4, 5, 1]]"),
           "knn_accuracy",
           "knn_accuracy: the experiment has no latent space: no kl_divergence term, and no section between the image "
           "and a reconstruction term");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dimensions_add_up_to_the_kl_term),
        TEST(reconstructions_are_compared_with_their_images),
        TEST(an_autoencoder_has_an_error),
        TEST(neighbours_agree_with_a_hand),
        TEST(the_commonest_label_wins_the_lowest_of_equals),
        TEST(accuracy_is_the_share_of_right_votes),
        TEST(what_the_experiment_lacks_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
