/* Every metric by its row, and what the numbers must be. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/metric/metric.h"
#include "runner/model/use.h"
#include "tests/support/tiny_codes.h"

static Tiny tiny, judge;
static NeededModel needed[3];
static Needs needs = {needed, 2};
static MetricList list;

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, NULL);
    tiny_make(&judge, TINY_WITH(TINY_CLASSIFIER));
    needed[0] = tiny_needed(&judge, "resnet18");
    needed[1] = tiny_needed(&judge, "convnet");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    metric_release(&list);
    tiny_release(&judge);
    tiny_release(&tiny);
    return 0;
}

static void measure(Tiny *t, const char *yaml)
{
    Err err = {0};
    const Spec spec = tiny_spec(t, &metrics_table, yaml);
    const Metric *metric = (const Metric *)spec.row;
    const UseContext use = {.model = &t->model, .dataset = &t->dataset, .needs = &needs};
    if (metric->check && !metric->check(&use, &spec, &err)) fail_msg("%s: %s", yaml, err.text);
    if (!metric_measure(&use, &spec, &list, &err)) fail_msg("%s: %s", yaml, err.text);
}

static const MetricValue *row_of(const char *metric, const char *split)
{
    for (size_t i = 0; i < list.n; i++)
        if (!strcmp(list.items[i].metric, metric) && !strcmp(list.items[i].split, split)) return &list.items[i];
    fail_msg("no row %s of split %s", metric, split);
    return NULL;
}

static double value_of(const char *metric, const char *split)
{
    return row_of(metric, split)->value;
}

static void near(double got, double wanted, double relative)
{
    if (!(fabs(got - wanted) <= relative * (1 + fabs(wanted)))) fail_msg("%.12g is not %.12g", got, wanted);
}

/* And a codebook behind its encoder. */
#define TINY_QUANTIZER                                                                                                 \
    "network.codes={input: encoder, layers: [vector_quantize: 4]}", "loss.codebook={codebook: {quantizer: codes}}"

/* The first that a row can be measured on. */
static Tiny *fitting(const char *yaml, Tiny *const *tinies, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        Err err = {0};
        const Spec spec = tiny_spec(tinies[i], &metrics_table, yaml);
        const Metric *metric = (const Metric *)spec.row;
        if (!metric->check || metric->check(&(UseContext){.model = &tinies[i]->model, .needs = &needs}, &spec, &err))
            return tinies[i];
    }
    fail_msg("%s fits none", yaml);
    return NULL;
}

static void every_row_is_described_and_runs(void **state)
{
    (void)state;
    static Tiny grey, binary;
    static TinyCodes codes;
    tiny_make(&grey, TINY_WITH(TINY_CLASSIFIER, TINY_QUANTIZER));
    tiny_make(&binary, TINY_WITH("data.binarize=static"));
    tiny_codes_make(&codes, NULL, NULL);
    needed[2] = codes.item;
    needs.n = 3;
    Tiny *const kinds[] = {&grey, &binary, &codes.prior};
    assert_true(metrics_table.n > 0);
    for (size_t i = 0; i < metrics_table.n; i++) {
        const Row *row = metrics_table.rows[i];
        const Metric *metric = (const Metric *)row;
        char yaml[512];
        assert_ptr_equal(table_find(&metrics_table, row->name), row);
        if (!row->doc || !row->doc[0]) fail_msg("%s has no doc", row->name);
        for (const Field *field = row->fields; field && field->key; field++)
            if (!field->help || !field->help[0]) fail_msg("%s: %s has no help", row->name, field->key);
        if (row->fields && !row->example) fail_msg("%s has no example", row->name);
        if (!metric->measure) fail_msg("%s measures nothing", row->name);
        snprintf(yaml, sizeof yaml, "%s: %s", row->name, row->example ? row->example : "{}");
        const size_t before = list.n;
        measure(fitting(yaml, kinds, 3), yaml);
        if (list.n == before) fail_msg("%s adds no row", row->name);
        for (size_t r = before; r < list.n; r++) {
            const MetricValue *value = &list.items[r];
            if (!value->metric[0] || !value->unit[0] || !value->detail[0] || value->n == 0)
                fail_msg("%s: row %zu lacks a part", yaml, r);
            if (!isfinite(value->value)) fail_msg("%s: %s is %g", yaml, value->metric, value->value);
        }
    }
    needs.n = 2;
    tiny_codes_release(&codes);
    tiny_release(&binary);
    tiny_release(&grey);
}

static void refuse(const char *const *overrides, const char *yaml, const char *message)
{
    Tiny other;
    Err err = {0};
    tiny_make(&other, overrides);
    const Spec spec = tiny_spec(&other, &metrics_table, yaml);
    assert_false(((const Metric *)spec.row)->check(&(UseContext){.model = &other.model, .needs = &needs}, &spec, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "spec.yaml");
    assert_int_equal(err.loc.line, 1);
    assert_string_equal(err.text, message);
    tiny_release(&other);
}

static void what_the_experiment_lacks_is_refused(void **state)
{
    (void)state;
    refuse(TINY_WITH("loss.kl=~"), "active_units",
           "active_units: the experiment has no posterior; add a kl_divergence term to its loss");
    refuse(TINY_WITH("loss.reconstruction=~", "network.decoder=~"), "elbo",
           "elbo: the experiment has no reconstruction term; add one to its loss");
    const char *no_valid = "split \"valid\": the experiment has none; add `split: {train: N, valid: M}` to its data";
    const char *const *without = TINY_WITH("data.split=~", "train.history=none");
    refuse(without, "elbo: {split: valid}", no_valid);
    refuse(without, "active_units: {split: valid}", no_valid);
    refuse(NULL, "codebook", "codebook: no section of the network ends with vector_quantize");
    refuse(TINY_WITH("data.split=~", "train.history=none", TINY_QUANTIZER), "codebook: {split: valid}", no_valid);
    refuse(NULL, "accuracy", "accuracy: the experiment is no classifier; add a cross_entropy term to its loss");
    refuse(TINY_WITH("data.split=~", "train.history=none", TINY_CLASSIFIER), "accuracy: {split: valid}", no_valid);
}

/* -1/2 sum 1 + l - m^2 - exp(l), the mean over a split. */
static double kl_by_hand(Tiny *t, const Split *split)
{
    real *mean = mem_zeroed(split->n * 2, sizeof *mean), *log_variance = mem_zeroed(split->n * 2, sizeof *mean);
    double sum = 0;
    model_encode(&t->model, &t->dataset, split, split->n, "latent.mean", mean);
    model_encode(&t->model, &t->dataset, split, split->n, "latent.log_variance", log_variance);
    for (size_t i = 0; i < split->n * 2; i++) {
        const double m = (double)mean[i], l = (double)log_variance[i];
        sum -= 0.5 * (1 + l - m * m - exp(l));
    }
    free(mean);
    free(log_variance);
    return sum / (double)split->n;
}

/* softplus(l) - x l of the logits behind the same z that the sweep draws. */
static double reconstruction_by_hand(Tiny *t, const Split *split)
{
    real *pixels = mem_zeroed(split->n * TINY_PIXELS, sizeof *pixels);
    double sum = 0;
    model_reconstruct(&t->model, &t->dataset, split, 0, split->n, pixels);
    for (size_t i = 0; i < split->n * TINY_PIXELS; i++) {
        const double p = (double)pixels[i], x = split->images[i] / 255.0;
        sum -= x * log(p) + (1 - x) * log(1 - p);
    }
    free(pixels);
    return sum / (double)split->n;
}

static void the_elbo_is_the_sum_of_its_terms(void **state)
{
    (void)state;
    const Split *splits[] = {&tiny.dataset.train, &tiny.dataset.valid, &tiny.dataset.test};
    static const char *const texts[] = {"elbo: {split: train}", "elbo: {split: valid}", "elbo: {split: test}"};
    for (size_t i = 0; i < 3; i++) {
        measure(&tiny, texts[i]);
        const char *split = splits[i]->name;
        const double reconstruction = value_of("reconstruction", split), kl = value_of("kl", split);
        near(value_of("negative_elbo", split), reconstruction + kl, 1e-15);
        near(value_of("objective", split), reconstruction + 2 * kl, 1e-15);
        near(kl, kl_by_hand(&tiny, splits[i]), 1e-6);
        near(reconstruction, reconstruction_by_hand(&tiny, splits[i]), 1e-5);
        assert_int_equal(row_of("negative_elbo", split)->n, splits[i]->n);
        assert_string_equal(row_of("kl", split)->unit, "nats/image");
        assert_string_equal(row_of("kl", split)->detail, "grey pixels; sum over latents; one z an image");
    }
}

/* Rows of an item with a name of its own are told apart by it. */
static void a_name_stands_for_the_split(void **state)
{
    (void)state;
    measure(&tiny, "active_units: {split: train}");
    measure(&tiny, "active_units: {split: train, name: again, threshold: 0.5}");
    assert_int_equal(list.n, 2);
    assert_string_equal(list.items[0].split, "train");
    assert_string_equal(list.items[1].split, "again");
}

/* A weight that rises enters the objective as it is at the last step; without a KL term there is no bound;
 * what is binary is called so. */
static void the_objective_is_that_of_the_last_step(void **state)
{
    (void)state;
    Tiny other;
    tiny_make(&other, TINY_WITH("loss.kl.weight={linear: {from: 0, to: 1, epochs: 2}}", "data.binarize=static"));
    measure(&other, "elbo");
    const double last = 7.0 / 8; /* step 7 of 8 */
    near(value_of("objective", "test"), value_of("reconstruction", "test") + last * value_of("kl", "test"), 1e-14);
    assert_string_equal(row_of("kl", "test")->detail, "binary pixels; sum over latents; one z an image");
    tiny_release(&other);
    metric_release(&list);

    tiny_make(&other, TINY_WITH("loss.kl=~"));
    measure(&other, "elbo");
    for (size_t i = 0; i < list.n; i++) assert_string_not_equal(list.items[i].metric, "negative_elbo");
    assert_string_equal(row_of("reconstruction", "test")->detail, "grey pixels; sum over pixels");
    near(value_of("objective", "test"), value_of("reconstruction", "test"), 0);
    assert_string_equal(row_of("objective", "test")->unit, "nats/image");
    tiny_release(&other);
    metric_release(&list);

    tiny_make(&other, TINY_WITH(TINY_QUANTIZER));
    measure(&other, "elbo");
    near(value_of("negative_elbo", "test"), value_of("reconstruction", "test") + value_of("kl", "test"), 1e-15);
    assert_string_equal(row_of("codebook", "test")->unit, "squared distance/image");
    assert_string_equal(row_of("objective", "test")->unit, "mixed/image");
    tiny_release(&other);
}

/* KL draws nothing, so its mean doesn't depend on how the split is cut into batches. */
static void means_do_not_depend_on_the_batch(void **state)
{
    (void)state;
    Tiny other;
    tiny_make(&other, TINY_WITH("data.batch=5"));
    measure(&tiny, "elbo: {split: train}");
    const double by_16 = value_of("kl", "train");
    metric_release(&list);
    measure(&other, "elbo: {split: train}");
    near(value_of("kl", "train"), by_16, 1e-6);
    tiny_release(&other);
}

/* Unit 0's mean is constant; unit 1's is pixel 3: its variance by the bytes. */
static void active_units_go_by_the_variance(void **state)
{
    (void)state;
    Tiny other;
    tiny_make(&other, TINY_WITH("network.encoder.layers=[flatten]"));
    size_t n;
    real *weight = tiny_param(&other, "latent.gaussian_posterior.mean.weight", &n);
    assert_int_equal(n, TINY_PIXELS * 2);
    memset(weight, 0, n * sizeof *weight);
    weight[3 * 2 + 1] = 1;
    double mean = 0, variance = 0;
    for (size_t i = 0; i < TINY_TEST; i++) mean += tiny_pixel(true, i, 3) / 255.0 / TINY_TEST;
    for (size_t i = 0; i < TINY_TEST; i++) variance += pow(tiny_pixel(true, i, 3) / 255.0 - mean, 2) / TINY_TEST;

    static const double factor[] = {1 - 1e-5, 1 + 1e-5};
    for (size_t k = 0; k < 2; k++) {
        char yaml[100], detail[100];
        metric_release(&list);
        snprintf(yaml, sizeof yaml, "active_units: {threshold: %.17g}", variance * factor[k]);
        measure(&other, yaml);
        assert_int_equal(list.n, 1);
        assert_true(value_of("active_units", "test") == (k == 0));
        assert_int_equal(row_of("active_units", "test")->n, TINY_TEST);
        snprintf(detail, sizeof detail, "of 2; variance of the posterior mean > %.9g", variance * factor[k]);
        assert_string_equal(row_of("active_units", "test")->detail, detail);
    }
    tiny_release(&other);
}

/* Weights that score class c by pixel c, so the largest of the first three pixels decides, and the first of equals. */
static void accuracy_counts_the_largest_score(void **state)
{
    (void)state;
    Tiny other;
    tiny_make(&other, TINY_WITH(TINY_CLASSIFIER));
    size_t n, right = 0;
    real *weight = tiny_param(&other, "classifier.dense.weight", &n), *bias;
    memset(weight, 0, n * sizeof *weight);
    for (size_t c = 0; c < TINY_CLASSES; c++) weight[c * TINY_CLASSES + c] = 1;
    bias = tiny_param(&other, "classifier.dense.bias", &n);
    memset(bias, 0, n * sizeof *bias);
    for (size_t i = 0; i < TINY_TEST; i++) {
        size_t best = 0;
        for (size_t c = 1; c < TINY_CLASSES; c++)
            if (tiny_pixel(true, i, c) > tiny_pixel(true, i, best)) best = c;
        right += best == i % TINY_CLASSES;
    }
    assert_true(right > 0 && right < TINY_TEST);
    measure(&other, "accuracy");
    assert_true(value_of("accuracy", "test") == (double)right / TINY_TEST);
    assert_int_equal(row_of("accuracy", "test")->n, TINY_TEST);
    assert_string_equal(row_of("accuracy", "test")->unit, "share");

    memset(weight, 0, TINY_CLASSES * TINY_PIXELS * sizeof *weight); /* all equal: class 0 */
    measure(&other, "accuracy: {split: train}");
    assert_true(value_of("accuracy", "train") == 20.0 / 60);
    tiny_release(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_is_described_and_runs),   TEST(what_the_experiment_lacks_is_refused),
        TEST(the_elbo_is_the_sum_of_its_terms),  TEST(the_objective_is_that_of_the_last_step),
        TEST(means_do_not_depend_on_the_batch),  TEST(active_units_go_by_the_variance),
        TEST(accuracy_counts_the_largest_score), TEST(a_name_stands_for_the_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
