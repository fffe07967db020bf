/* Metrics that classifiers judge: which images, how often they are drawn and judged, and the numbers by hand. The judge
 * is a dense layer on the pixels, so its features are the pixels. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/pool.h"
#include "runner/metric/frechet.h"
#include "runner/metric/pictures.h"
#include "runner/metric/scores.h"
#include "runner/model/judge.h"
#include "tests/support/tiny.h"

static Tiny tiny, judges[2];
static NeededModel needed[3];
static Needs needs = {needed, 3};
static UseContext use;
static MetricList list;

/* Scores class c by `sharpness` x pixel c + first. */
static void score_by_pixels(Tiny *judge, size_t first, real sharpness)
{
    size_t n;
    real *weight = tiny_param(judge, "classifier.dense.weight", &n);
    memset(weight, 0, n * sizeof *weight);
    for (size_t c = 0; c < TINY_CLASSES; c++) weight[(c + first) * TINY_CLASSES + c] = sharpness;
    memset(tiny_param(judge, "classifier.dense.bias", &n), 0, TINY_CLASSES * sizeof *weight);
}

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, NULL);
    for (size_t i = 0; i < 2; i++) {
        tiny_make(&judges[i], TINY_WITH(TINY_CLASSIFIER));
        score_by_pixels(&judges[i], i, 9);
    }
    needed[0] = tiny_needed(&judges[0], "a");
    needed[1] = tiny_needed(&judges[1], "b");
    needed[2] = tiny_needed(&tiny, "vae");
    use = (UseContext){.model = &tiny.model, .dataset = &tiny.dataset, .needs = &needs};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    metric_release(&list);
    for (size_t i = 0; i < 2; i++) tiny_release(&judges[i]);
    tiny_release(&tiny);
    return 0;
}

static void near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-12 * (1 + fabs(wanted)))) fail_msg("%.17g is not %.17g", got, wanted);
}

static void measure(const char *yaml)
{
    Err err = {0};
    const Spec spec = tiny_spec(&tiny, &metrics_table, yaml);
    if (!((const Metric *)spec.row)->check(&use, &spec, &err)) fail_msg("%s: %s", yaml, err.text);
    if (!metric_measure(&use, &spec, &list, &err)) fail_msg("%s: %s", yaml, err.text);
}

static const MetricValue *row_of(const char *metric, const char *split)
{
    for (size_t i = 0; i < list.n; i++)
        if (!strcmp(list.items[i].metric, metric) && !strcmp(list.items[i].split, split)) return &list.items[i];
    fail_msg("no row %s of %s", metric, split);
    return NULL;
}

static double value_of(const char *metric, const char *split)
{
    return row_of(metric, split)->value;
}

/* log softmax of the judge's scores of test images, by libm. */
static void verdicts_by_hand(size_t n, size_t first, double sharpness, double *rows)
{
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t c = 0; c < TINY_CLASSES; c++) {
            rows[i * TINY_CLASSES + c] = sharpness * (double)((real)tiny_pixel(true, i, c + first) / 255);
            sum += exp(rows[i * TINY_CLASSES + c]);
        }
        for (size_t c = 0; c < TINY_CLASSES; c++) rows[i * TINY_CLASSES + c] -= log(sum);
    }
}

static void classifying_agrees_with_a_hand(void **state)
{
    (void)state;
    double wanted[TINY_TEST * TINY_CLASSES], got[TINY_TEST * TINY_CLASSES], again[TINY_TEST * TINY_CLASSES];
    real pixels[TINY_TEST * TINY_PIXELS], features[TINY_TEST * TINY_PIXELS];
    Err err = {0};
    for (size_t i = 0; i < TINY_TEST * TINY_PIXELS; i++)
        pixels[i] = (real)tiny_pixel(true, i / TINY_PIXELS, i % TINY_PIXELS) / 255;
    verdicts_by_hand(TINY_TEST, 1, 9, wanted);
    assert_int_equal(judge_features(&judges[1].model), TINY_PIXELS);
    assert_int_equal(judge_classes(&judges[1].model), TINY_CLASSES);
    assert_true(judge_classify(&use, &judges[1].model, TINY_TEST, pixels, got, features, &err));
    for (size_t i = 0; i < TINY_TEST * TINY_CLASSES; i++)
        if (!(fabs(got[i] - wanted[i]) < 1e-5)) fail_msg("%g is not %g", got[i], wanted[i]);
    assert_memory_equal(features, pixels, sizeof pixels);
    pool_start(3);
    assert_true(judge_classify(&use, &judges[1].model, TINY_TEST, pixels, again, NULL, &err));
    pool_stop();
    assert_memory_equal(got, again, sizeof got);
}

static bool stop(void *context, size_t done, size_t total, Err *err)
{
    (void)context;
    return err_failed(err, (Loc){0}, "stopped at %zu of %zu", done, total);
}

static void a_stop_ends_the_judging(void **state)
{
    (void)state;
    Err err = {0};
    use.progress = stop;
    const Spec spec = tiny_spec(&tiny, &metrics_table, "class_histogram: {classifier: a}");
    assert_false(metric_measure(&use, &spec, &list, &err));
    assert_string_equal(err.text, "stopped at 512 of 10000");
}

static void inception_of_test_images(void **state)
{
    (void)state;
    double rows[TINY_TEST * TINY_CLASSES];
    verdicts_by_hand(TINY_TEST, 0, 9, rows);
    measure("inception_score: {images: test, splits: 3, classifier: a}");
    const SplitScore wanted = score_inception_splits(3, 12, TINY_CLASSES, rows);
    assert_int_equal(list.n, 3);
    assert_true(fabs(value_of("inception_score", "test") - wanted.mean) < 1e-5);
    assert_true(fabs(value_of("inception_score_sd", "test") - wanted.sd) < 1e-5);
    assert_true(fabs(value_of("inception_score_whole", "test") - score_inception(36, TINY_CLASSES, rows)) < 1e-5);
    assert_int_equal(row_of("inception_score", "test")->n, 36);
    size_t right = 0;
    for (size_t i = 0; i < TINY_TEST; i++) right += judge_class(3, rows + i * TINY_CLASSES) == i % TINY_CLASSES;
    char detail[200];
    snprintf(detail, sizeof detail, "mean over 3 splits of 12; test images; judge a, accuracy %.9g on %d test images",
             (double)right / TINY_TEST, TINY_TEST);
    assert_string_equal(row_of("inception_score", "test")->detail, detail);
}

/* The ceiling is the score of as many test images, in as many splits of the same size as they fill. */
static void inception_and_its_ceiling(void **state)
{
    (void)state;
    measure("inception_score: {images: test, samples: 30, splits: 3, classifier: a}");
    measure("inception_score: {samples: 30, splits: 3, classifier: a}");
    near(value_of("inception_score_ceiling", "prior"), value_of("inception_score", "test"));
    near(value_of("inception_score_ceiling_sd", "prior"), value_of("inception_score_sd", "test"));
    near(value_of("inception_score_ceiling_whole", "prior"), value_of("inception_score_whole", "test"));
    near(value_of("inception_score_ratio", "prior"),
         value_of("inception_score", "prior") / value_of("inception_score", "test"));
    assert_true(value_of("inception_score", "prior") >= 1 && value_of("inception_score", "prior") <= 3);

    measure("inception_score: {samples: 100, splits: 5, classifier: a, name: more}"); /* 20 each: one of 37 */
    assert_int_equal(row_of("inception_score_ceiling", "more")->n, 20);
    assert_int_equal(row_of("inception_score", "more")->n, 100);
    measure("inception_score: {samples: 100, splits: 2, classifier: a, name: most}"); /* 50 each: more than there are */
    assert_int_equal(row_of("inception_score_ceiling", "most")->n, 37);

    measure("inception_score: {samples: 20, splits: 1, classifier: a, name: one}");
    assert_int_equal(list.n, 3 + 7 + 5 + 5 + 3); /* one split has neither sd nor whole */
}

/* Each item of one metric is told apart by its sampler or its name. */
static void labels(void **state)
{
    (void)state;
    measure("class_histogram: {samples: 20, classifier: a}");
    measure("class_histogram: {samples: 20, classifier: a, sampler: region}");
    measure("class_histogram: {samples: 20, classifier: a, sampler: {region: {scale: 2}}, name: wide}");
    measure("class_histogram: {classifier: a, images: reconstructions}");
    static const char *const splits[] = {"prior", "region", "wide", "reconstructions"};
    static const char *const said[] = {"; prior; judge a", "region: {centre: box, scale: 0.5, per: sample}; ",
                                       "region: {centre: box, scale: 2, per: sample}; ",
                                       "reconstructions of test images; "};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(row_of("class_histogram_entropy", splits[i])->n, i < 3 ? 20 : TINY_TEST);
        if (!strstr(row_of("class_histogram_0", splits[i])->detail, said[i]))
            fail_msg("%s: %s", splits[i], row_of("class_histogram_0", splits[i])->detail);
    }
}

static void histogram_by_hand(void **state)
{
    (void)state;
    double rows[TINY_TEST * TINY_CLASSES], entropy = 0;
    size_t count[TINY_CLASSES] = {0};
    verdicts_by_hand(TINY_TEST, 0, 9, rows);
    for (size_t i = 0; i < TINY_TEST; i++) count[judge_class(TINY_CLASSES, rows + i * TINY_CLASSES)]++;
    measure("class_histogram: {images: test, classifier: a}");
    assert_int_equal(list.n, TINY_CLASSES + 1);
    for (size_t c = 0; c < TINY_CLASSES; c++) {
        char name[40];
        snprintf(name, sizeof name, "class_histogram_%zu", c);
        const double share = (double)count[c] / TINY_TEST;
        near(value_of(name, "test"), share);
        if (share > 0) entropy -= share * log(share);
    }
    near(value_of("class_histogram_entropy", "test"), entropy);
}

static void digits_are_what_both_are_sure_of(void **state)
{
    (void)state;
    double one[TINY_TEST * TINY_CLASSES], other[TINY_TEST * TINY_CLASSES];
    size_t agreed = 0;
    verdicts_by_hand(TINY_TEST, 0, 9, one);
    verdicts_by_hand(TINY_TEST, 1, 9, other);
    for (size_t i = 0; i < TINY_TEST; i++)
        for (size_t c = 0; c < TINY_CLASSES; c++)
            agreed += exp(one[i * TINY_CLASSES + c]) >= 0.7 && exp(other[i * TINY_CLASSES + c]) >= 0.7;
    assert_true(agreed > 0 && agreed < TINY_TEST / 2);
    measure("digit_rate: {images: test, classifier: a, second: b, threshold: 0.7}");
    near(value_of("digit_rate", "test"), (double)agreed / TINY_TEST);
    near(value_of("digit_rate_lower", "test"), score_wilson(agreed, TINY_TEST).lower);
    near(value_of("digit_rate_upper", "test"), score_wilson(agreed, TINY_TEST).upper);
    measure("digit_rate: {images: test, classifier: a, second: b, threshold: 1, name: never}");
    assert_true(value_of("digit_rate", "never") == 0);
    measure("digit_rate: {images: test, classifier: a, second: b, threshold: 0, name: same}");
    assert_true(value_of("digit_rate", "same") > value_of("digit_rate", "test"));
}

/* Judges that know outliers have a class more, which is no digit even where both agree on it. */
static void what_both_call_an_outlier_is_no_digit(void **state)
{
    (void)state;
    size_t n;
    for (size_t i = 0; i < 2; i++) {
        tiny_release(&judges[i]);
        tiny_make(&judges[i], TINY_WITH("network.classifier={input: image, layers: [flatten, dense: {units: 4}]}",
                                        "data.outliers=0.1",
                                        "loss.class={cross_entropy: {logits: classifier, target: label}, weight: 1}"));
        needed[i] = tiny_needed(&judges[i], i ? "b" : "a");
        tiny_param(&judges[i], "classifier.dense.bias", &n)[3] = 1000;
    }
    measure("digit_rate: {images: test, classifier: a, second: b}");
    assert_true(value_of("digit_rate", "test") == 0);
    metric_release(&list);
    for (size_t i = 0; i < 2; i++) tiny_param(&judges[i], "classifier.dense.bias", &n)[1] = 2000;
    measure("digit_rate: {images: test, classifier: a, second: b, name: ones}");
    assert_true(value_of("digit_rate", "ones") == 1);
}

static void distances_of_pixels(void **state)
{
    (void)state;
    real test[TINY_TEST * TINY_PIXELS], train[TINY_TEST * TINY_PIXELS];
    for (size_t i = 0; i < TINY_TEST * TINY_PIXELS; i++) {
        test[i] = (real)tiny_pixel(true, i / TINY_PIXELS, i % TINY_PIXELS) / 255;
        train[i] = (real)tiny_pixel(false, i / TINY_PIXELS, i % TINY_PIXELS) / 255;
    }
    Gaussian a, b;
    gaussian_fit(&a, TINY_TEST, TINY_PIXELS, test);
    gaussian_fit(&b, TINY_TEST, TINY_PIXELS, train);
    measure("frechet_distance: {images: test, classifier: a}");
    measure("frechet_distance: {samples: 36, classifier: a}");
    assert_true(fabs(value_of("frechet_distance", "test")) < 1e-6);
    near(value_of("frechet_distance_floor", "test"), gaussian_distance(&a, &b));
    assert_true(value_of("frechet_distance", "prior") > 0.1);
    assert_int_equal(row_of("frechet_distance_floor", "prior")->n, 36);
    gaussian_release(&a);
    gaussian_release(&b);
}

/* A second metric asks no judge again, so it doesn't notice that the judge has changed; a new list does. */
static void images_are_judged_once(void **state)
{
    (void)state;
    measure("class_histogram: {samples: 30, classifier: a}");
    const double before = value_of("class_histogram_0", "prior");
    score_by_pixels(&judges[0], 2, -9);
    measure("class_histogram: {samples: 30, classifier: a, name: again}");
    assert_true(value_of("class_histogram_0", "again") == before);
    measure("inception_score: {samples: 20, splits: 1, classifier: a}"); /* the first 20 of those 30 */
    const double of_20 = value_of("inception_score", "prior");
    metric_release(&list);
    measure("class_histogram: {samples: 30, classifier: a}");
    assert_true(value_of("class_histogram_0", "prior") != before);
    metric_release(&list);
    score_by_pixels(&judges[0], 0, 9);
    measure("inception_score: {samples: 20, splits: 1, classifier: a}");
    assert_true(value_of("inception_score", "prior") == of_20);
    measure("class_histogram: {samples: 30, classifier: a}"); /* more than before: drawn and judged again */
    assert_true(value_of("class_histogram_0", "prior") == before);
    assert_int_equal(row_of("class_histogram_0", "prior")->n, 30);
}

static void the_limit_of_the_data_holds(void **state)
{
    (void)state;
    Tiny small;
    tiny_make(&small, TINY_WITH("data.limit=25"));
    use.model = &small.model;
    use.dataset = &small.dataset;
    measure("inception_score: {classifier: a}");
    assert_int_equal(row_of("inception_score", "prior")->n, 20); /* 10 splits of 2 */
    assert_int_equal(row_of("inception_score_ceiling", "prior")->n, 20);
    measure("class_histogram: {classifier: a, images: noise}");
    assert_int_equal(row_of("class_histogram_0", "noise")->n, 25);
    tiny_release(&small);
}

static int compare(const void *a, const void *b)
{
    const real x = *(const real *)a, y = *(const real *)b;
    return (x > y) - (x < y);
}

/* The first n images, n below the size of a part. */
static void draw(const char *images, size_t n, real *out)
{
    Err err = {0};
    Pictures pictures = {0};
    PictureReader reader;
    const real *pixels;
    const ImageOptions options = {.images = images, .samples = (int64_t)n};
    const PictureSource source = picture_source(&tiny.arena, &use, &options);
    assert_true(n <= pictures_part(&use));
    assert_true(pictures_open(&pictures, &use, &source, &reader, &err));
    assert_true(pictures_read(&reader, 0, n, &pixels, &err));
    memcpy(out, pixels, n * TINY_PIXELS * sizeof *out);
    pictures_close(&pictures, &reader, true);
    pictures_release(&pictures);
}

static void controls(void **state)
{
    (void)state;
    real test[TINY_TEST * TINY_PIXELS], mixed[TINY_TEST * TINY_PIXELS], noise[4 * TINY_PIXELS], more[9 * TINY_PIXELS];
    size_t moved = 0;
    draw("test", TINY_TEST, test);
    draw("shuffled", TINY_TEST, mixed);
    for (size_t i = 0; i < TINY_TEST; i++) {
        real *image = test + i * TINY_PIXELS, *shuffled = mixed + i * TINY_PIXELS;
        for (size_t p = 0; p < TINY_PIXELS; p++) {
            assert_true(image[p] == (real)tiny_pixel(true, i, p) / 255);
            moved += image[p] != shuffled[p];
        }
        qsort(shuffled, TINY_PIXELS, sizeof *shuffled, compare);
        qsort(image, TINY_PIXELS, sizeof *image, compare);
    }
    assert_memory_equal(mixed, test, sizeof test);
    assert_true(moved > TINY_TEST * TINY_PIXELS / 2);
    draw("noise", 4, noise);
    draw("noise", 9, more);
    assert_memory_equal(more, noise, sizeof noise);
    for (size_t i = 0; i < 4 * TINY_PIXELS; i++) assert_true(noise[i] >= 0 && noise[i] < 1);
}

/* Only a dear sampler's images are kept, and the others are the same when they are drawn again. */
static void dear_images_are_kept(void **state)
{
    (void)state;
    enum { N = 30 };
    static const char *const samplers[] = {"prior", "gmm: {components: 2}"};
    for (size_t s = 0; s < 2; s++) {
        const ImageOptions options = {
            .images = "samples", .samples = N, .sampler = tiny_spec(&tiny, &samplers_table, samplers[s])};
        const PictureSource source = picture_source(&tiny.arena, &use, &options);
        Pictures pictures = {0};
        PictureReader reader;
        real before[N * TINY_PIXELS];
        const real *pixels[2];
        for (size_t time = 0; time < 2; time++) {
            assert_true(pictures_open(&pictures, &use, &source, &reader, &(Err){0}));
            assert_true(pictures_read(&reader, 0, N, &pixels[time], &(Err){0}));
            if (time == 0) memcpy(before, pixels[0], sizeof before);
            assert_memory_equal(pixels[time], before, sizeof before);
            pictures_close(&pictures, &reader, true);
            assert_int_equal(pictures.n, s);
        }
        if (s) assert_ptr_equal(pixels[0], pixels[1]);
        pictures_release(&pictures);
    }
}

/* More images than a part holds are judged as all at once would be, by metrics of a vae and of a dear sampler. */
static void parts_add_up(void **state)
{
    (void)state;
    enum { N = 2500 };
    static const char *const samplers[] = {"prior", "region", "gmm: {components: 2}"};
    real *pixels = mem_zeroed((size_t)N * TINY_PIXELS, sizeof *pixels);
    double *rows = mem_zeroed((size_t)N * TINY_CLASSES, sizeof *rows);
    assert_true(N > 2 * pictures_part(&use));
    for (size_t s = 0; s < 3; s++) {
        Judgement judgement;
        const ImageOptions options = {
            .images = "samples", .samples = N, .sampler = tiny_spec(&tiny, &samplers_table, samplers[s])};
        const Ref a = {.name = "a"};
        assert_true(sampler_draw(&use, &options.sampler, "judged", N, pixels, &(Err){0}));
        assert_true(judge_classify(&use, &judges[0].model, N, pixels, rows, NULL, &(Err){0}));
        assert_true(judged(&list, &use, &options, a, &judgement, &(Err){0}));
        assert_int_equal(judgement.n, N);
        assert_memory_equal(judgement.log_probabilities, rows, N * TINY_CLASSES * sizeof *rows);
    }
    free(pixels);
    free(rows);
}

/* Judges know grey images, whatever the model is trained on. */
static void real_images_are_grey(void **state)
{
    (void)state;
    Tiny binary;
    real test[3 * TINY_PIXELS];
    tiny_make(&binary, TINY_WITH("data.binarize=static"));
    use.model = &binary.model;
    use.dataset = &binary.dataset;
    draw("test", 3, test);
    for (size_t p = 0; p < TINY_PIXELS; p++) assert_true(test[p] == (real)tiny_pixel(true, 0, p) / 255);
    tiny_release(&binary);
}

static void refuse(const char *const *overrides, const char *yaml, const char *message)
{
    Tiny other;
    Err err = {0};
    tiny_make(&other, overrides);
    const Spec spec = tiny_spec(&other, &metrics_table, yaml);
    use.model = &other.model;
    assert_false(metric_check(&use, &spec, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "spec.yaml");
    assert_string_equal(err.text, message);
    tiny_release(&other);
}

static void what_cant_be_judged_is_refused(void **state)
{
    (void)state;
    refuse(NULL, "inception_score: {classifier: vae}", "vae is no classifier: its loss has no cross_entropy term");
    refuse(NULL, "digit_rate: {classifier: a, second: vae}",
           "vae is no classifier: its loss has no cross_entropy term");
    refuse(NULL, "digit_rate: {classifier: a, second: a}",
           "digit_rate: both judges are a, which always agrees with itself");
    refuse(NULL, "inception_score: {classifier: a, samples: 9}",
           "inception_score: 9 images can't be cut into 10 splits");
    refuse(NULL, "class_histogram: {classifier: a, images: test, sampler: prior}",
           "class_histogram: a sampler draws samples, and images are \"test\"");
    refuse(TINY_WITH("loss.reconstruction=~", "network.decoder=~"),
           "class_histogram: {classifier: a, images: reconstructions}",
           "class_histogram: the experiment has no reconstruction term; add one to its loss");
    refuse(TINY_WITH("evaluate=[class_histogram: {classifier: b, sampler: prior}]"), "class_histogram: {classifier: a}",
           "two class_histogram write rows of the name \"prior\"; give one another with `name:`");
    refuse(TINY_WITH("evaluate=[elbo, reconstruction_error: {z: sample}]"), "reconstruction_error: {z: mean}",
           "two reconstruction_error write rows of the name \"test\"; give one another with `name:`");
    refuse(TINY_WITH("data.limit=1", "data.split=~"), "frechet_distance: {classifier: a}",
           "frechet_distance: a `limit` of 1 leaves one image, which has no covariance");
}

static void judges_of_other_images_are_refused(void **state)
{
    (void)state;
    needed[0].model.info.width++;
    refuse(NULL, "frechet_distance: {classifier: a}", "a judges images of 4x6x1, but made_up has 4x5x1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(classifying_agrees_with_a_hand),
        TEST(a_stop_ends_the_judging),
        TEST(inception_of_test_images),
        TEST(inception_and_its_ceiling),
        TEST(labels),
        TEST(histogram_by_hand),
        TEST(digits_are_what_both_are_sure_of),
        TEST(what_both_call_an_outlier_is_no_digit),
        TEST(distances_of_pixels),
        TEST(images_are_judged_once),
        TEST(the_limit_of_the_data_holds),
        TEST(controls),
        TEST(dear_images_are_kept),
        TEST(parts_add_up),
        TEST(real_images_are_grey),
        TEST(what_cant_be_judged_is_refused),
        TEST(judges_of_other_images_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
