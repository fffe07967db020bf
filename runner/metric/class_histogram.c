#include <stdlib.h>

#include "nn/base/fmath.h"
#include "runner/metric/judged.h"
#include "runner/model/judge.h"

typedef struct HistogramOptions {
    ImageOptions from;
    Ref classifier;
} HistogramOptions;

static const Field fields[] = {
    IMAGE_FIELDS(HistogramOptions, from),
    JUDGE_FIELD(HistogramOptions, classifier, "the run of the classifier that tells the class of an image"),
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const HistogramOptions *options = spec->options;
    return judged_check_judge(use, options->classifier, err) && judged_check(use, spec, &options->from, err);
}

static const char *label(Arena *arena, const UseContext *use, const Spec *spec)
{
    return judged_label(arena, use, spec, &((const HistogramOptions *)spec->options)->from);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    const HistogramOptions *options = spec->options;
    Judgement judgement;
    const char *protocol;
    if (!judged(list, use, &options->from, options->classifier, &judgement, err) ||
        !judged_protocol(list, use, &options->from, options->classifier, &protocol, err))
        return false;
    const size_t classes = judgement.classes;
    size_t *count = mem_zeroed(classes, sizeof *count);
    double entropy = 0;
    for (size_t i = 0; i < judgement.n; i++) count[judge_class(classes, judgement.log_probabilities + i * classes)]++;
    MetricValue value = {.unit = "share", .n = judgement.n};
    for (size_t c = 0; c < classes; c++) {
        value.metric = arena_printf(&list->arena, "class_histogram_%zu", c);
        value.value = (double)count[c] / (double)judgement.n;
        value.detail = arena_printf(&list->arena, "share judged to be of class %zu; %s", c, protocol);
        judged_add(list, use, spec, &options->from, &value);
        if (count[c]) entropy -= value.value * d_log(value.value);
    }
    free(count);
    value.metric = "class_histogram_entropy";
    value.unit = "nats";
    value.value = entropy;
    value.detail = arena_printf(&list->arena, "of the shares of the classes; the most is log %zu = %.9g; %s", classes,
                                d_log((double)classes), protocol);
    judged_add(list, use, spec, &options->from, &value);
    return true;
}

const Metric metric_class_histogram = {
    .row = {.name = "class_histogram",
            .doc = "The share of images that a classifier judges to be of each class (_0, _1, ...), and the entropy of "
                   "these shares: do samples show every class, or a few again and again?",
            .fields = fields,
            .size = sizeof(HistogramOptions),
            .example = "{samples: 10000, classifier: resnet18}"},
    .names = METRIC_NAMES("class_histogram_#", "class_histogram_entropy"),
    .check = check,
    .label = label,
    .measure = measure,
};
