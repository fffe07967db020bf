#include "runner/metric/judged.h"
#include "runner/model/judge.h"

typedef struct FrechetOptions {
    ImageOptions from;
    Ref classifier;
} FrechetOptions;

static const Field fields[] = {
    IMAGE_FIELDS(FrechetOptions, from),
    JUDGE_FIELD(FrechetOptions, classifier, "the run of the classifier whose features are compared"),
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const FrechetOptions *options = spec->options;
    const Model *judge;
    if (!judged_check_judge(use, options->classifier, err) || !judged_check(use, spec, &options->from, err) ||
        !needs_network(use->needs, options->classifier, &judge, err))
        return false;
    if (use->model->experiment->data.limit == 1)
        return err_config(err, spec->loc, "frechet_distance: a `limit` of 1 leaves one image, which has no covariance");
    return judge_features(judge) > 0 ||
           err_config(err, options->classifier.loc,
                      "frechet_distance: %s has no dense layer, whose input would be its features",
                      options->classifier.name);
}

static const char *label(Arena *arena, const UseContext *use, const Spec *spec)
{
    return judged_label(arena, use, spec, &((const FrechetOptions *)spec->options)->from);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    const FrechetOptions *options = spec->options;
    const Ref judge = options->classifier;
    FeatureFit generated, test, train;
    const char *protocol;
    if (!judged_features(list, use, &options->from, judge, &generated, err)) return false;
    const ImageOptions some_test = judged_real(use, "test", generated.n);
    if (!judged_features(list, use, &some_test, judge, &test, err)) return false;
    const ImageOptions some_train = judged_real(use, "train", test.n);
    if (!judged_features(list, use, &some_train, judge, &train, err) ||
        !judged_protocol(list, use, &options->from, judge, &protocol, err))
        return false;
    const size_t size = test.gaussian.size;
    MetricValue value = {.metric = "frechet_distance", .unit = "squared distance", .n = generated.n};
    value.value = gaussian_distance(&test.gaussian, &generated.gaussian);
    value.detail = arena_printf(&list->arena, "squared, between %zu features of %zu test images and of: %s", size,
                                test.n, protocol);
    judged_add(list, use, spec, &options->from, &value);
    value.metric = "frechet_distance_floor";
    value.n = train.n;
    value.value = gaussian_distance(&test.gaussian, &train.gaussian);
    value.detail = arena_printf(&list->arena,
                                "squared, between %zu features of %zu test images and of %zu training "
                                "images; judge %s",
                                size, test.n, train.n, judge.name);
    judged_add(list, use, spec, &options->from, &value);
    return true;
}

const Metric metric_frechet_distance = {
    .row = {.name = "frechet_distance",
            .doc = "|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of Gaussians fitted to a classifier's features, the "
                   "input of its last dense layer, of as many test images and generated ones (Heusel et al., GANs "
                   "Trained by a Two Time-Scale Update Rule, 2017, eq. 6, there with features of an Inception "
                   "network). _floor: test images against training images, what no model is expected to go below. It "
                   "depends on the classifier and, for few images, on their number.",
            .fields = fields,
            .size = sizeof(FrechetOptions),
            .example = "{samples: 10000, classifier: resnet18}"},
    .names = METRIC_NAMES("frechet_distance", "frechet_distance_floor"),
    .features = true,
    .check = check,
    .label = label,
    .measure = measure,
};
