/* Every sampler by its row: pixels in [0, 1], image i a function of i alone; and where each draws its latents. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/model/use.h"
#include "runner/sampler/sampler.h"
#include "tests/support/tiny_codes.h"

enum { DIM = 2, N = 400 };

static Tiny tiny;
static real pixels[N * TINY_PIXELS];

/* A decoder whose first two pixels are the latents themselves. */
static void show_latents(Tiny *t)
{
    size_t n;
    real *weight = tiny_param(t, "decoder.dense.weight", &n);
    memset(weight, 0, n * sizeof *weight);
    for (size_t k = 0; k < DIM; k++) weight[k * TINY_PIXELS + k] = 1;
    real *bias = tiny_param(t, "decoder.dense.bias", &n);
    memset(bias, 0, n * sizeof *bias);
}

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, TINY_WITH("loss.reconstruction={squared_error: {prediction: decoder, target: image}}"));
    show_latents(&tiny);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tiny_release(&tiny);
    return 0;
}

static void draw_from(const UseContext *use, const Spec *spec, const char *stream, size_t n, real *out)
{
    Err err = {0};
    if (!sampler_check(use, spec, (Loc){0}, &err) || !sampler_draw(use, spec, stream, n, out, &err))
        fail_msg("%s", err.text);
}

static void draw(Tiny *t, const char *yaml, const char *stream, size_t n, real *out)
{
    const Spec spec = yaml ? tiny_spec(t, &samplers_table, yaml) : (Spec){0};
    const UseContext use = {.model = &t->model, .dataset = &t->dataset};
    draw_from(&use, &spec, stream, n, out);
}

static double latent(size_t image, size_t k)
{
    return (double)pixels[image * TINY_PIXELS + k];
}

static void every_row_is_described_and_draws(void **state)
{
    (void)state;
    Tiny vae;
    TinyCodes codes;
    enum { SOME = 2 * TINY_BATCH + 3, FEW = 5 };
    static real all[SOME * TINY_PIXELS], few[FEW * TINY_PIXELS], other[FEW * TINY_PIXELS];
    static real part[3 * TINY_PIXELS];
    tiny_make(&vae, NULL);
    tiny_codes_make(&codes, NULL, NULL);
    const UseContext alone = {.model = &vae.model, .dataset = &vae.dataset};
    assert_true(samplers_table.n > 0);
    for (size_t i = 0; i < samplers_table.n; i++) {
        const Row *row = samplers_table.rows[i];
        char yaml[512];
        if (!row->doc || !row->doc[0]) fail_msg("%s has no doc", row->name);
        for (const Field *field = row->fields; field && field->key; field++)
            if (!field->help || !field->help[0]) fail_msg("%s: %s has no help", row->name, field->key);
        if (row->fields && !row->example) fail_msg("%s has no example", row->name);
        snprintf(yaml, sizeof yaml, "%s: %s", row->name, row->example ? row->example : "{}");
        const Spec spec = tiny_spec(&vae, &samplers_table, yaml);
        const UseContext *use = sampler_check(&alone, &spec, (Loc){0}, &(Err){0}) ? &alone : &codes.use;
        draw_from(use, &spec, "samples", SOME, all);
        for (size_t p = 0; p < SOME * TINY_PIXELS; p++) assert_true(all[p] >= 0 && all[p] <= 1);
        draw_from(use, &spec, "samples", FEW, few);
        if (memcmp(all, few, sizeof few) != 0) fail_msg("%s: an image depends on how many are drawn", row->name);
        Drawing drawing;
        assert_true(drawing_begin(&drawing, use, &spec, "samples", &(Err){0}));
        assert_true(drawing_images(&drawing, 2 * TINY_BATCH, 3, part, &(Err){0}));
        drawing_end(&drawing);
        if (memcmp(all + 2 * TINY_BATCH * TINY_PIXELS, part, sizeof part) != 0)
            fail_msg("%s: an image depends on where a part begins", row->name);
        draw_from(use, &spec, "others", FEW, other);
        if (memcmp(other, few, sizeof few) == 0) fail_msg("%s: the stream's name changes nothing", row->name);
        for (size_t image = 1; image < FEW; image++)
            if (memcmp(few, few + image * TINY_PIXELS, TINY_PIXELS * sizeof *few) == 0)
                fail_msg("%s: images 0 and %zu are the same", row->name, image);
    }
    tiny_codes_release(&codes);
    tiny_release(&vae);
}

static void the_prior_is_normal_noise_decoded(void **state)
{
    (void)state;
    real z[N * DIM];
    model_prior(&tiny.model, "samples", 0, N, DIM, z);
    draw(&tiny, "prior", "samples", N, pixels);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < DIM; k++) assert_true(latent(i, k) == (double)z[i * DIM + k]);
}

static void a_vae_that_names_none_means_the_prior(void **state)
{
    (void)state;
    static real wanted[N * TINY_PIXELS];
    draw(&tiny, "prior", "samples", N, wanted);
    draw(&tiny, NULL, "samples", N, pixels);
    assert_memory_equal(pixels, wanted, sizeof wanted);
}

static int compare(const void *a, const void *b)
{
    const real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

/* The training images' means in dimension k, sorted. */
static void encoded(size_t k, real sorted[TINY_TRAIN])
{
    real means[TINY_TRAIN * DIM];
    model_encode(&tiny.model, &tiny.dataset, &tiny.dataset.train, TINY_TRAIN, "latent.mean", means);
    for (size_t i = 0; i < TINY_TRAIN; i++) sorted[i] = means[i * DIM + k];
    qsort(sorted, TINY_TRAIN, sizeof *sorted, compare);
}

/* Of 60 values the 1st percentile lies 0.59 of the way from the first to the second. */
static void centres_fill_the_box(void **state)
{
    (void)state;
    draw(&tiny, "region: {scale: 0}", "samples", N, pixels);
    for (size_t k = 0; k < DIM; k++) {
        real sorted[TINY_TRAIN];
        encoded(k, sorted);
        const double low = (double)sorted[0] + 0.59 * ((double)sorted[1] - (double)sorted[0]);
        const double high = (double)sorted[59] - 0.59 * ((double)sorted[59] - (double)sorted[58]);
        double least = latent(0, k), most = least, sum = 0;
        for (size_t i = 0; i < N; i++) {
            least = fmin(least, latent(i, k));
            most = fmax(most, latent(i, k));
            sum += latent(i, k) / N;
        }
        const double width = high - low, slack = 1e-6 * (1 + fabs(low) + fabs(high));
        assert_true(width > 0);
        assert_true(least >= low - slack && least < low + 0.03 * width);
        assert_true(most <= high + slack && most > high - 0.03 * width);
        assert_true(fabs(sum - (low + high) / 2) < 0.08 * width);
    }
}

static void centres_are_encoded_images(void **state)
{
    (void)state;
    real means[TINY_TRAIN * DIM];
    size_t used[TINY_TRAIN] = {0}, different = 0;
    model_encode(&tiny.model, &tiny.dataset, &tiny.dataset.train, TINY_TRAIN, "latent.mean", means);
    draw(&tiny, "region: {centre: encoded, scale: 0}", "samples", N, pixels);
    for (size_t i = 0; i < N; i++) {
        size_t found = 0;
        while (found < TINY_TRAIN && memcmp(means + found * DIM, pixels + i * TINY_PIXELS, DIM * sizeof(real)) != 0)
            found++;
        if (found >= TINY_TRAIN) {
            fail_msg("sample %zu is at no training image", i);
            return;
        }
        used[found]++;
    }
    for (size_t i = 0; i < TINY_TRAIN; i++) different += used[i] > 0;
    assert_true(different > TINY_TRAIN * 9 / 10);
}

/* About one centre the spread is the scale. */
static void a_batch_has_one_centre(void **state)
{
    (void)state;
    real first[DIM];
    draw(&tiny, "region: {per: batch, scale: 0}", "samples", N, pixels);
    memcpy(first, pixels, sizeof first);
    for (size_t i = 0; i < N; i++) assert_memory_equal(pixels + i * TINY_PIXELS, first, sizeof first);
    draw(&tiny, "region: {per: batch, scale: 2}", "samples", N, pixels);
    for (size_t k = 0; k < DIM; k++) {
        double sum = 0, square = 0;
        for (size_t i = 0; i < N; i++) {
            const double away = latent(i, k) - (double)first[k];
            sum += away / N;
            square += away * away / N;
        }
        assert_true(fabs(sum) < 0.4 && fabs(sqrt(square) - 2) < 0.25);
    }
}

/* Other centres, the same noise. */
static void samples_have_centres_of_their_own(void **state)
{
    (void)state;
    static real still[N * TINY_PIXELS], z[N * DIM];
    draw(&tiny, "region: {scale: 0}", "samples", N, still);
    draw(&tiny, "region", "samples", N, pixels);
    model_prior(&tiny.model, "samples", 0, N, DIM, z);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < DIM; k++)
            assert_true(fabs(latent(i, k) - (double)still[i * TINY_PIXELS + k] - 0.5 * (double)z[i * DIM + k]) < 1e-6);
    assert_memory_not_equal(still, still + TINY_PIXELS, DIM * sizeof *still);
}

/* One Gaussian has the mean and the spread of the training images' posterior samples. */
static void a_mixture_of_one_is_the_encoded_images(void **state)
{
    (void)state;
    real z[TINY_TRAIN * DIM];
    model_encode(&tiny.model, &tiny.dataset, &tiny.dataset.train, TINY_TRAIN, "latent", z);
    draw(&tiny, "gmm: {components: 1}", "samples", N, pixels);
    for (size_t k = 0; k < DIM; k++) {
        double wanted = 0, got = 0, wanted_square = 0, got_square = 0;
        for (size_t i = 0; i < TINY_TRAIN; i++) wanted += (double)z[i * DIM + k] / TINY_TRAIN;
        for (size_t i = 0; i < N; i++) got += latent(i, k) / N;
        for (size_t i = 0; i < TINY_TRAIN; i++) wanted_square += pow((double)z[i * DIM + k] - wanted, 2) / TINY_TRAIN;
        for (size_t i = 0; i < N; i++) got_square += pow(latent(i, k) - got, 2) / N;
        assert_true(wanted_square > 0.1);
        assert_true(fabs(got - wanted) < 0.2 * sqrt(wanted_square));
        assert_true(fabs(sqrt(got_square / wanted_square) - 1) < 0.12);
    }
}

/* A plain autoencoder has no prior, but a space to take regions from. */
static void an_autoencoder_is_sampled_by_region(void **state)
{
    (void)state;
    Tiny plain;
    tiny_make(&plain, TINY_WITH("loss.kl=~", "network.latent.layers=[dense: {units: 2}]"));
    draw(&plain, "region", "samples", N, pixels);
    tiny_release(&plain);
}

static void refuse(const char *const *overrides, const char *yaml, const char *message)
{
    Tiny other;
    Err err = {0};
    tiny_make(&other, overrides);
    const Spec spec = yaml ? tiny_spec(&other, &samplers_table, yaml) : (Spec){0};
    if (sampler_check(&(UseContext){.model = &other.model}, &spec, (Loc){"figure.yaml", 4, 5}, &err))
        fail_msg("%s is not refused", yaml);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, yaml ? "spec.yaml" : "figure.yaml");
    assert_string_equal(err.text, message);
    tiny_release(&other);
}

static void what_cannot_be_sampled_is_refused(void **state)
{
    (void)state;
    static const char no_prior[] = "prior: the loss has no KL term, so nothing draws the latents to N(0, I); add one, "
                                   "or sample in another way, e.g. `sampler: region`";
    static const char nothing[] = "prior: needs a reconstruction and a KL term in the loss, to know what to decode";
    refuse(TINY_WITH("loss.kl=~"), "prior", no_prior);
    refuse(TINY_WITH("loss.kl=~"), NULL, no_prior);
    refuse(TINY_WITH("loss.reconstruction=~", "network.decoder=~"), "prior", nothing);
    refuse(TINY_WITH("loss.reconstruction=~", "network.decoder=~"), "region",
           "region: needs a reconstruction term in the loss and a section between the image and the pixels, to know "
           "what to decode");
}

/* A VQ-VAE's latents are codes: no KL term would make them normal. */
static void codes_want_a_prior_of_their_own(void **state)
{
    (void)state;
    TinyCodes codes;
    Err err = {0};
    tiny_codes_make(&codes, NULL, NULL);
    assert_false(
        sampler_check(&(UseContext){.model = &codes.vqvae.model}, &(Spec){0}, (Loc){"figure.yaml", 4, 5}, &err));
    assert_string_equal(err.text, "prior: the latents are codes, which N(0, I) doesn't draw; sample another experiment "
                                  "that learns a prior over them, with `data: {codes: tiny}`, as pixelcnn.yaml does");
    tiny_codes_release(&codes);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_is_described_and_draws),
        TEST(the_prior_is_normal_noise_decoded),
        TEST(a_vae_that_names_none_means_the_prior),
        TEST(centres_fill_the_box),
        TEST(centres_are_encoded_images),
        TEST(a_batch_has_one_centre),
        TEST(samples_have_centres_of_their_own),
        TEST(a_mixture_of_one_is_the_encoded_images),
        TEST(an_autoencoder_is_sampled_by_region),
        TEST(what_cannot_be_sampled_is_refused),
        TEST(codes_want_a_prior_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
