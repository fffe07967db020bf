/* Encoding, decoding and reconstructing, beside the same reckoned by hand; the layers of a model added up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "runner/model/summary.h"
#include "runner/model/use.h"
#include "tests/support/tiny.h"

enum { HIDDEN = 6, DIM = 2 };

static Tiny tiny;

/* Without the convolution, so that a pass is short enough for a hand. */
static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, TINY_WITH("network.encoder.layers=[flatten, dense: {units: 6}, relu]"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pool_stop();
    tiny_release(&tiny);
    return 0;
}

/* x (in) through the dense layer of that name. */
static void dense(const char *name, size_t in, size_t out, const double *x, double *y)
{
    char path[128];
    size_t n;
    snprintf(path, sizeof path, "%s.weight", name);
    const real *weight = tiny_param(&tiny, path, &n);
    assert_int_equal(n, in * out);
    snprintf(path, sizeof path, "%s.bias", name);
    const real *bias = tiny_param(&tiny, path, &n);
    assert_int_equal(n, out);
    for (size_t o = 0; o < out; o++) {
        y[o] = (double)bias[o];
        for (size_t i = 0; i < in; i++) y[o] += x[i] * (double)weight[i * out + o];
    }
}

static void encode_by_hand(size_t image, double mean[DIM], double log_variance[DIM])
{
    double x[TINY_PIXELS], hidden[HIDDEN];
    for (size_t p = 0; p < TINY_PIXELS; p++) x[p] = tiny_pixel(true, image, p) / 255.0;
    dense("encoder.dense", TINY_PIXELS, HIDDEN, x, hidden);
    for (size_t i = 0; i < HIDDEN; i++) hidden[i] = fmax(hidden[i], 0);
    dense("latent.gaussian_posterior.mean", HIDDEN, DIM, hidden, mean);
    dense("latent.gaussian_posterior.log_variance", HIDDEN, DIM, hidden, log_variance);
}

static void decode_by_hand(const double z[DIM], double pixels[TINY_PIXELS])
{
    dense("decoder.dense", DIM, TINY_PIXELS, z, pixels);
    for (size_t p = 0; p < TINY_PIXELS; p++) pixels[p] = 1 / (1 + exp(-pixels[p]));
}

static void near(real got, double wanted)
{
    if (!(fabs((double)got - wanted) < 2e-6)) fail_msg("%.9g is not %.9g", (double)got, wanted);
}

static void encoding_agrees_with_a_hand(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 16, TINY_TEST};
    for (size_t s = 0; s < 3; s++) {
        const size_t n = sizes[s];
        real means[(TINY_TEST + 1) * DIM];
        means[n * DIM] = -77;
        model_encode(&tiny.model, &tiny.dataset, &tiny.dataset.test, n, "latent.mean", means);
        for (size_t i = 0; i < n; i++) {
            double mean[DIM], log_variance[DIM];
            encode_by_hand(i, mean, log_variance);
            for (size_t k = 0; k < DIM; k++) near(means[i * DIM + k], mean[k]);
        }
        assert_true(means[n * DIM] == -77);
    }
}

static void decoding_agrees_with_a_hand(void **state)
{
    (void)state;
    enum { N = 19 };
    real z[N * DIM], pixels[N * TINY_PIXELS + 1];
    pixels[N * TINY_PIXELS] = -77;
    model_prior(&tiny.model, "samples", 0, N, DIM, z);
    z[0] = 1000; /* far out: still a picture */
    model_decode(&tiny.model, 0, N, z, pixels);
    for (size_t i = 0; i < N; i++) {
        double wanted[TINY_PIXELS];
        decode_by_hand((double[]){(double)z[i * DIM], (double)z[i * DIM + 1]}, wanted);
        for (size_t p = 0; p < TINY_PIXELS; p++) {
            const real got = pixels[i * TINY_PIXELS + p];
            assert_true(got >= 0 && got <= 1);
            near(got, wanted[p]);
        }
    }
    assert_true(pixels[N * TINY_PIXELS] == -77);
}

/* z = mean + exp(log_variance / 2) x noise, the noise of the batch's step. */
static void reconstructing_agrees_with_a_hand(void **state)
{
    (void)state;
    real pixels[TINY_TEST * TINY_PIXELS];
    model_reconstruct(&tiny.model, &tiny.dataset, &tiny.dataset.test, 0, TINY_TEST, pixels);
    const Rng rng = rng_stream(1, "latent.gaussian_posterior/noise");
    for (size_t i = 0; i < TINY_TEST; i++) {
        double mean[DIM], log_variance[DIM], z[DIM], wanted[TINY_PIXELS];
        real noise[DIM];
        encode_by_hand(i, mean, log_variance);
        rng_normal(rng, EVALUATION_STEP + i / TINY_BATCH, (uint32_t)(i % TINY_BATCH), DIM, noise);
        for (size_t k = 0; k < DIM; k++) z[k] = mean[k] + exp(log_variance[k] / 2) * (double)noise[k];
        decode_by_hand(z, wanted);
        for (size_t p = 0; p < TINY_PIXELS; p++) near(pixels[i * TINY_PIXELS + p], wanted[p]);
    }
}

/* A prediction of pixels is no logit: no sigmoid is put behind it. */
static void predictions_are_taken_as_they_are(void **state)
{
    (void)state;
    Tiny other;
    tiny_make(&other, TINY_WITH("loss.reconstruction={squared_error: {prediction: decoder, target: image}}"));
    real z[DIM] = {0, 0}, pixels[TINY_PIXELS];
    size_t n;
    const real *bias = tiny_param(&other, "decoder.dense.bias", &n);
    model_decode(&other.model, 0, 1, z, pixels);
    assert_memory_equal(pixels, bias, sizeof pixels);
    tiny_release(&other);
}

/* A posterior beside the way from the image to the pixels is decoded by nothing. */
static void a_latent_aside_is_not_decoded(void **state)
{
    (void)state;
    Tiny aside;
    tiny_make(&aside, TINY_WITH("network.decoder.input=encoder"));
    assert_true(model_can_decode(&tiny.model));
    assert_false(model_can_decode(&aside.model));
    tiny_release(&aside);
}

static void the_prior_is_a_stream(void **state)
{
    (void)state;
    real a[10 * DIM], b[4 * DIM], c[4 * DIM];
    model_prior(&tiny.model, "samples", 0, 10, DIM, a);
    model_prior(&tiny.model, "samples", 6, 4, DIM, b);
    model_prior(&tiny.model, "other", 6, 4, DIM, c);
    assert_memory_equal(a + 6 * DIM, b, sizeof b);
    assert_memory_not_equal(b, c, sizeof c);
}

static void expect_latent(const char *section, const char *mean, size_t dim, const char *const *overrides)
{
    Tiny other;
    Latent latent;
    tiny_make(&other, overrides);
    if (model_latent(&other.model, &latent) != (section != NULL)) fail_msg("%s: found, or not found", overrides[0]);
    assert_int_equal(model_can_decode(&other.model), section != NULL && model_term(&other.model, "reconstruction"));
    if (section) {
        assert_string_equal(latent.section, section);
        assert_string_equal(latent.mean, mean);
        assert_int_equal(latent.dim, dim);
    }
    tiny_release(&other);
}

/* The posterior; without a KL term the narrowest section before the pixels, the last of equals. */
static void where_the_latents_are(void **state)
{
    (void)state;
    expect_latent("latent", "latent.mean", 2, TINY_WITH("train.epochs=3"));
    expect_latent("latent", "latent.mean", 2, TINY_WITH("loss.kl=~"));
    expect_latent("latent", "latent", 3, TINY_WITH("loss.kl=~", "network.latent.layers=[dense: {units: 3}]"));
    expect_latent("latent", "latent", 6, TINY_WITH("loss.kl=~", "network.latent.layers=[dense: {units: 6}]"));
    expect_latent("encoder", "encoder", 6, TINY_WITH("loss.kl=~", "network.latent.layers=[dense: {units: 7}]"));
    expect_latent("latent", "latent.mean", 2, TINY_WITH("loss.reconstruction=~", "network.decoder=~"));
    expect_latent(NULL, NULL, 0,
                  TINY_WITH("loss.kl=~", "network.latent=~", "network.encoder=~", "network.decoder.input=image",
                            "network.decoder.layers=[flatten, dense: {units: 20}, reshape: [4, 5, 1]]"));
}

static void everything(Tiny *t, real *out)
{
    model_encode(&t->model, &t->dataset, &t->dataset.test, TINY_TEST, "latent", out);
    out += TINY_TEST * DIM;
    model_reconstruct(&t->model, &t->dataset, &t->dataset.train, 0, TINY_TRAIN, out);
    out += TINY_TRAIN * TINY_PIXELS;
    model_prior(&t->model, "samples", 0, TINY_TEST, DIM, out);
    model_decode(&t->model, 0, TINY_TEST, out, out + TINY_TEST * DIM);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    enum { N = TINY_TEST * DIM * 2 + (TINY_TRAIN + TINY_TEST) * TINY_PIXELS };
    static real alone[N], many[N];
    Tiny other; /* with a convolution */
    tiny_make(&other, NULL);
    everything(&other, alone);
    for (size_t threads = 2; threads <= 5; threads += 3) {
        pool_start(threads);
        everything(&other, many);
        pool_stop();
        assert_memory_equal(alone, many, sizeof alone);
    }
    tiny_release(&other);
}

static const LayerLine *line_named(const LayerList *list, const char *section, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (!strcmp(list->items[i].section, section) && !strcmp(list->items[i].name, name)) return &list->items[i];
    fail_msg("no line %s.%s", section, name);
    return NULL;
}

static void the_layers_add_up(void **state)
{
    (void)state;
    Tiny other;
    tiny_make(&other, NULL);
    const LayerList list = model_layers(&other.model, &other.arena);
    size_t parameters = 0;
    double multiply_adds = 0;
    for (size_t i = 0; i < list.n; i++) {
        parameters += list.items[i].parameters;
        multiply_adds += list.items[i].multiply_adds;
    }
    assert_int_equal(list.n, 7);
    assert_int_equal(list.parameters, parameters);
    assert_int_equal(list.parameters, params_count(&other.model.params));
    assert_true(list.multiply_adds == multiply_adds);

    const LayerLine *conv = line_named(&list, "encoder", "conv2d");
    assert_int_equal(conv->parameters, 3 * 3 * 3 + 3);
    assert_true(shape_equal(conv->shape, (Shape){3, {2, 3, 3}}));
    assert_string_equal(conv->kind, "conv2d");
    assert_string_equal(conv->detail, "filters 3, 3x3, stride 2");
    /* taps in the image: 4 rows by strides of 2 with nothing above see 3 and 2; 5 columns with one before 2, 3, 2 */
    assert_true(conv->multiply_adds == (3 + 2) * (2 + 3 + 2) * 3);
    const LayerLine *latent = line_named(&list, "latent", "gaussian_posterior");
    assert_int_equal(latent->parameters, 2 * (HIDDEN * DIM + DIM));
    assert_true(latent->multiply_adds == 2 * HIDDEN * DIM);
    const LayerLine *relu = line_named(&list, "encoder", "relu");
    assert_true(relu->parameters == 0 && relu->multiply_adds == 0 && relu->detail[0] == '\0');
    assert_true(shape_equal(line_named(&list, "encoder", "flatten")->shape, (Shape){1, {18}}));
    assert_int_equal(line_named(&list, "decoder", "dense")->parameters, DIM * TINY_PIXELS + TINY_PIXELS);
    tiny_release(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(encoding_agrees_with_a_hand),
        TEST(decoding_agrees_with_a_hand),
        TEST(reconstructing_agrees_with_a_hand),
        TEST(predictions_are_taken_as_they_are),
        TEST(the_prior_is_a_stream),
        TEST(a_latent_aside_is_not_decoded),
        TEST(where_the_latents_are),
        TEST(threads_change_no_bit),
        TEST(the_layers_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
