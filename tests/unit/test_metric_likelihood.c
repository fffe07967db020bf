/* The importance-weighted bound: against models whose likelihood is known in closed form or by quadrature. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/pool.h"
#include "runner/metric/importance.h"
#include "runner/metric/metric.h"
#include "runner/model/use.h"
#include "tests/support/tiny.h"

static MetricList list;

static int teardown(void **state)
{
    (void)state;
    pool_stop();
    metric_release(&list);
    return 0;
}

static void near(double got, double wanted, double slack)
{
    if (!(fabs(got - wanted) <= slack)) fail_msg("%.12g is not %.12g +- %g", got, wanted, slack);
}

static const double half_log_two_pi = 0.91893853320467274178;

/* z ~ N(0, 1), x_p = w_p z + b_p + s e: x ~ N(b, s^2 I + w w^T), and q(z|x) is a Gaussian with precision 1 + |w|^2 /
 * s^2. With D pixels log det = 2 (D - 1) log s + log(s^2 + |w|^2). */
enum { PIXELS = 3, IMAGES = 4, BATCH = 7 };
static const double w[PIXELS] = {0.8, -0.5, 1.2}, b[PIXELS] = {0.1, 0.2, -0.3}, s = 0.7;
static const double x[IMAGES][PIXELS] = {{0, 0, 0}, {1, -1, 0.5}, {-2, 0.3, 1.4}, {0.1, 0.2, -0.3}};

static double log_likelihood(const double *image)
{
    double along = 0, square = 0, norm = 0;
    for (size_t p = 0; p < PIXELS; p++) {
        along += w[p] * (image[p] - b[p]);
        square += (image[p] - b[p]) * (image[p] - b[p]);
        norm += w[p] * w[p];
    }
    const double distance = (square - along * along / (s * s + norm)) / (s * s);
    return -PIXELS * half_log_two_pi - (PIXELS - 1) * log(s) - 0.5 * log(s * s + norm) - 0.5 * distance;
}

/* The posterior, off by a shift of its mean and a factor of its standard deviation; dim latents, the further ones of
 * the prior and without effect. */
static void bound_of(size_t dim, double shift, double factor, size_t samples, size_t counts, const size_t *count,
                     double *bound)
{
    real mean[IMAGES * 2] = {0}, log_variance[IMAGES * 2] = {0}, z[BATCH * 2];
    const uint32_t number[IMAGES] = {0, 1, 2, 3};
    double norm = 0, value[BATCH];
    for (size_t p = 0; p < PIXELS; p++) norm += w[p] * w[p];
    const double precision = 1 + norm / (s * s);
    for (size_t i = 0; i < IMAGES; i++) {
        double along = 0;
        for (size_t p = 0; p < PIXELS; p++) along += w[p] * (x[i][p] - b[p]);
        mean[i * dim] = (real)(along / (s * s) / precision + shift);
        log_variance[i * dim] = (real)(2 * log(factor) - log(precision));
    }
    Importance importance = {.images = IMAGES, .dim = dim, .samples = samples, .mean = mean};
    importance.log_variance = log_variance;
    importance.number = number;
    importance.counts = counts;
    importance.count = count;
    importance.noise = rng_stream(3, "importance");
    importance_init(&importance, BATCH);
    for (size_t first = 0; first < IMAGES * samples; first += BATCH) {
        const size_t n = IMAGES * samples - first < BATCH ? IMAGES * samples - first : BATCH;
        importance_draw(&importance, first, n, z);
        for (size_t r = 0; r < n; r++) {
            value[r] = -PIXELS * (half_log_two_pi + log(s));
            for (size_t p = 0; p < PIXELS; p++) {
                const double off = x[(first + r) / samples][p] - b[p] - w[p] * (double)z[r * dim];
                value[r] -= off * off / (2 * s * s);
            }
        }
        importance_add(&importance, first, n, value);
    }
    memcpy(bound, importance.bound, counts * IMAGES * sizeof *bound);
    importance_release(&importance);
}

/* With the true posterior every weight is p(x): one sample tells. */
static void the_true_posterior_needs_one_sample(void **state)
{
    (void)state;
    for (size_t dim = 1; dim <= 2; dim++) {
        const size_t count[] = {1, 3};
        double bound[2 * IMAGES];
        bound_of(dim, 0, 1, 3, 2, count, bound);
        for (size_t i = 0; i < 2 * IMAGES; i++) near(bound[i], log_likelihood(x[i % IMAGES]), 1e-5);
    }
}

/* With another one the bound rises to it. */
static void the_bound_rises_to_the_likelihood(void **state)
{
    (void)state;
    const size_t count[] = {1, 10, 20000};
    double bound[3 * IMAGES], mean[3] = {0}, wanted = 0;
    bound_of(1, 0.3, 1.4, 20000, 3, count, bound);
    for (size_t i = 0; i < IMAGES; i++) {
        for (size_t c = 0; c < 3; c++) mean[c] += bound[c * IMAGES + i] / IMAGES;
        wanted += log_likelihood(x[i]) / IMAGES;
        near(bound[2 * IMAGES + i], log_likelihood(x[i]), 0.02);
    }
    near(mean[2], wanted, 0.01);
    assert_true(fabs(mean[0] - wanted) > 0.05);
}

/* Far below the smallest double nothing is lost. */
static void weights_stay_logarithms(void **state)
{
    (void)state;
    const size_t count[] = {2};
    const uint32_t number[] = {0};
    const real zero[] = {0};
    Importance importance = {.images = 1, .dim = 1, .samples = 2, .mean = zero, .log_variance = zero};
    importance.number = number;
    importance.counts = 1;
    importance.count = count;
    real z[2];
    importance_init(&importance, 2);
    importance_draw(&importance, 0, 2, z);
    importance_add(&importance, 0, 2, (double[]){-5000, -5000 + log(3)});
    near(importance.bound[0], -5000 + log(2), 1e-9);
    importance_draw(&importance, 0, 2, z);
    importance_add(&importance, 0, 2, (double[]){-5000 + log(3), -9000});
    near(importance.bound[0], -5000 + log(1.5), 1e-9);
    importance_release(&importance);
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

/* -log of the integral of p(x|z) p(z) over a fine grid, as a mean over some of the test images. */
static double quadrature(Tiny *t, size_t images)
{
    enum { SIDE = 121, GRID = SIDE * SIDE };
    static real z[GRID * 2], pixels[GRID * TINY_PIXELS];
    static real binary[TINY_TEST * TINY_PIXELS];
    uint32_t index[TINY_TEST];
    double sum = 0;
    const double step = 0.1;
    for (size_t g = 0; g < GRID; g++) {
        z[g * 2] = (real)(((double)(g % SIDE) - SIDE / 2) * step);
        z[g * 2 + 1] = (real)(((double)(g / SIDE) - SIDE / 2) * step);
    }
    model_decode(&t->model, 0, GRID, z, pixels);
    for (size_t i = 0; i < images; i++) index[i] = (uint32_t)(i * TINY_TEST / images);
    batch_gather(&t->dataset, &t->dataset.test, &t->experiment.data, 1, 0, index, images, binary, NULL);
    for (size_t i = 0; i < images; i++) {
        double integral = 0;
        for (size_t g = 0; g < GRID; g++) {
            double p = step * step *
                       exp(-2 * half_log_two_pi -
                           ((double)z[g * 2] * (double)z[g * 2] + (double)z[g * 2 + 1] * (double)z[g * 2 + 1]) / 2);
            for (size_t k = 0; k < TINY_PIXELS; k++) {
                const double on = (double)pixels[g * TINY_PIXELS + k];
                p *= binary[i * TINY_PIXELS + k] > 0 ? on : 1 - on;
            }
            integral += p;
        }
        sum -= log(integral) / (double)images;
    }
    return sum;
}

static void nll_agrees_with_quadrature(void **state)
{
    (void)state;
    Tiny t;
    tiny_make(&t, TINY_WITH("data.binarize=static"));
    size_t n;
    real *weight = tiny_param(&t, "decoder.dense.weight", &n);
    for (size_t i = 0; i < n; i++) weight[i] *= 3; /* so that z matters */
    measure(&t, "nll: {k: 4000, images: 10, bounds: [1, 50]}");
    near(row_of("nll")->value, quadrature(&t, 10), 0.01);
    assert_int_equal(row_of("nll")->n, 10);
    const double all = quadrature(&t, TINY_TEST);
    near(row_of("nll_all")->value, all, 0.01);
    assert_int_equal(row_of("nll_all")->n, TINY_TEST);
    assert_int_equal(row_of("nll_k50")->n, TINY_TEST);
    assert_true(row_of("nll_k1")->value > row_of("nll_k50")->value + 0.01);
    near(row_of("nll_k50")->value, all, 0.1);
    assert_int_equal(list.n, 4);
    tiny_release(&t);
}

/* One sample is the negative ELBO, but for its noise: both on average over the draws of many seeds. */
static void one_sample_is_the_negative_elbo(void **state)
{
    (void)state;
    enum { SEEDS = 200 };
    Tiny t;
    double elbo = 0, bound = 0;
    tiny_make(&t, NULL);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        t.experiment.seed = seed;
        measure(&t, "elbo");
        elbo += row_of("negative_elbo")->value / SEEDS;
        metric_release(&list);
        measure(&t, "iw_bce_bound: {k: 1, images: 100, bounds: 1}");
        bound += row_of("iw_bce_bound")->value / SEEDS;
        metric_release(&list);
    }
    near(bound, elbo, 0.05);
    measure(&t, "iw_bce_bound: {k: 300, images: 100, bounds: 1}");
    assert_true(row_of("iw_bce_bound")->value < elbo);
    tiny_release(&t);
}

static void neither_threads_nor_the_batch_matter(void **state)
{
    (void)state;
    Tiny t;
    tiny_make(&t, TINY_WITH("data.binarize=dynamic"));
    measure(&t, "nll: {k: 60, images: 30}");
    const double alone = row_of("nll")->value, one = row_of("nll_k1")->value;
    metric_release(&list);
    pool_start(3);
    measure(&t, "nll: {k: 60, images: 30}");
    pool_stop();
    assert_true(row_of("nll")->value == alone);
    metric_release(&list);
    measure(&t, "nll: {k: 100, images: 37, bounds: [1, 60]}"); /* more samples take the same first ones */
    assert_true(row_of("nll_k1")->value == one);
    tiny_release(&t);
}

static void refuse(const char *const *overrides, const char *yaml, const char *file, const char *message)
{
    Tiny other;
    Err err = {0};
    tiny_make(&other, overrides);
    const Spec spec = tiny_spec(&other, &metrics_table, yaml);
    assert_false(((const Metric *)spec.row)->check(&(UseContext){.model = &other.model}, &spec, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, file);
    assert_string_equal(err.text, message);
    tiny_release(&other);
}

static void what_is_no_likelihood_is_refused(void **state)
{
    (void)state;
    refuse(NULL, "nll", "spec.yaml",
           "nll: on grey pixels the cross entropy is no likelihood; say `binarize: dynamic` (or static) in data, or "
           "measure iw_bce_bound");
    refuse(TINY_WITH("data.binarize=static"), "iw_bce_bound", "spec.yaml",
           "iw_bce_bound: is meant for grey pixels; on binary ones measure nll");
    refuse(TINY_WITH("data.binarize=static", "loss.kl=~"), "nll", "spec.yaml",
           "nll: the experiment has no posterior to draw from; add a kl_divergence term");
    refuse(TINY_WITH("data.binarize=static", "loss.reconstruction=~", "network.decoder=~"), "nll", "spec.yaml",
           "nll: wants a reconstruction by binary_cross_entropy, which is -log p(x|z)");
    refuse(TINY_WITH("loss.reconstruction={squared_error: {prediction: decoder, target: image}}"), "iw_bce_bound",
           "-o loss.reconstruction={squared_error: {prediction: decoder, target: image}}",
           "iw_bce_bound: wants a reconstruction by binary_cross_entropy, which is -log p(x|z)");
    refuse(TINY_WITH("data.binarize=static", "data.split=~", "train.history=none"), "nll: {split: valid}", "spec.yaml",
           "split \"valid\": the experiment has none; add `split: {train: N, valid: M}` to its data");
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_true_posterior_needs_one_sample),
        TEST(the_bound_rises_to_the_likelihood),
        TEST(weights_stay_logarithms),
        TEST(nll_agrees_with_quadrature),
        TEST(one_sample_is_the_negative_elbo),
        TEST(neither_threads_nor_the_batch_matter),
        TEST(what_is_no_likelihood_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
