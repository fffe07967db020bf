#include <string.h>

#include "nn/base/fmath.h"
#include "runner/metric/judged.h"
#include "runner/metric/scores.h"
#include "runner/model/judge.h"

typedef struct DigitOptions {
    ImageOptions from;
    Ref classifier, second;
    double threshold;
} DigitOptions;

static const Field fields[] = {
    IMAGE_FIELDS(DigitOptions, from),
    JUDGE_FIELD(DigitOptions, classifier, "the run of one classifier"),
    JUDGE_FIELD(DigitOptions, second, "the run of another classifier, best of another architecture and seed"),
    {.key = "threshold",
     .kind = FIELD_REAL,
     .offset = offsetof(DigitOptions, threshold),
     .fallback = "0.9",
     .min = 0,
     .max = 1,
     .help = "the probability that both must give the class"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const DigitOptions *options = spec->options;
    if (strcmp(options->classifier.name, options->second.name) == 0)
        return err_config(err, options->second.loc, "digit_rate: both judges are %s, which always agrees with itself",
                          options->second.name);
    return judged_check_judge(use, options->classifier, err) && judged_check_judge(use, options->second, err) &&
           judged_check(use, spec, &options->from, err);
}

/* How many images both judges give one class below `classes`, each with a probability of at least threshold. */
static size_t agreements(const Judgement *a, const Judgement *b, size_t classes, double threshold)
{
    size_t count = 0;
    for (size_t i = 0; i < a->n; i++) {
        const double *one = a->log_probabilities + i * a->classes, *other = b->log_probabilities + i * b->classes;
        const size_t class = judge_class(a->classes, one);
        count += class < classes && class == judge_class(b->classes, other) && d_exp(one[class]) >= threshold &&
                 d_exp(other[class]) >= threshold;
    }
    return count;
}

static const char *label(Arena *arena, const UseContext *use, const Spec *spec)
{
    return judged_label(arena, use, spec, &((const DigitOptions *)spec->options)->from);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    const DigitOptions *options = spec->options;
    Judgement first, second;
    const char *protocol, *other;
    if (!judged(list, use, &options->from, options->classifier, &first, err) ||
        !judged(list, use, &options->from, options->second, &second, err) ||
        !judged_protocol(list, use, &options->from, options->classifier, &protocol, err) ||
        !judged_judge(list, use, options->second, &other, err))
        return false;
    const size_t agreed = agreements(&first, &second, use->model->info.classes, options->threshold);
    const Interval interval = score_wilson(agreed, first.n);
    MetricValue value = {.metric = "digit_rate", .unit = "share", .n = first.n};
    value.value = (double)agreed / (double)first.n;
    const char *agreement =
        arena_printf(&list->arena, "both judges give one class p >= %.9g; %s; %s", options->threshold, protocol, other);
    value.detail = agreement;
    judged_add(list, use, spec, &options->from, &value);
    value.metric = "digit_rate_lower";
    value.value = interval.lower;
    value.detail = arena_printf(&list->arena, "lower end of Wilson's 95%% interval; %s", agreement);
    judged_add(list, use, spec, &options->from, &value);
    value.metric = "digit_rate_upper";
    value.value = interval.upper;
    value.detail = arena_printf(&list->arena, "upper end of Wilson's 95%% interval; %s", agreement);
    judged_add(list, use, spec, &options->from, &value);
    return true;
}

const Metric metric_digit_rate = {
    .row = {.name = "digit_rate",
            .doc = "The share of images to which two classifiers give the same class, each with a probability of at "
                   "least `threshold`: what both are sure of is a digit. With Wilson's 95% interval (_lower, _upper). "
                   "`images: test`, `noise` and `shuffled` tell what the judges can be trusted with.",
            .fields = fields,
            .size = sizeof(DigitOptions),
            .example = "{samples: 10000, classifier: resnet18, second: convnet}"},
    .names = METRIC_NAMES("digit_rate", "digit_rate_lower", "digit_rate_upper"),
    .check = check,
    .label = label,
    .measure = measure,
};
