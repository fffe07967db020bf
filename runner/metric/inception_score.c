#include <string.h>

#include "runner/metric/judged.h"
#include "runner/metric/scores.h"

typedef struct InceptionOptions {
    ImageOptions from;
    int64_t splits;
    Ref classifier;
} InceptionOptions;

static const Field fields[] = {
    IMAGE_FIELDS(InceptionOptions, from),
    {.key = "splits",
     .kind = FIELD_INT,
     .offset = offsetof(InceptionOptions, splits),
     .fallback = "10",
     .min = 1,
     .max = 1000,
     .help = "into how many equal parts the images are cut, in the order in which they are drawn; each has a score of "
             "its own"},
    JUDGE_FIELD(InceptionOptions, classifier, "the run of the classifier that judges"),
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const InceptionOptions *options = spec->options;
    if (options->from.samples < options->splits)
        return err_config(err, spec->loc, "inception_score: %lld images can't be cut into %lld splits",
                          (long long)options->from.samples, (long long)options->splits);
    return judged_check_judge(use, options->classifier, err) && judged_check(use, spec, &options->from, err);
}

/* The scores of n images in parts of `each`, or of all at once where there are fewer. */
typedef struct Scores {
    size_t splits, each;
    SplitScore parts;
    double whole; /* of splits x each images */
} Scores;

static Scores score(const Judgement *judgement, size_t splits, size_t each)
{
    const size_t there = judgement->n / each;
    Scores scores = {.splits = there < splits ? there : splits, .each = each};
    if (there == 0) scores.splits = 1, scores.each = judgement->n;
    const double *rows = judgement->log_probabilities;
    scores.parts = score_inception_splits(scores.splits, scores.each, judgement->classes, rows);
    scores.whole = score_inception(scores.splits * scores.each, judgement->classes, rows);
    return scores;
}

/* NAME, and where there are several splits NAME_sd and NAME_whole. */
static void add(MetricList *list, const UseContext *use, const Spec *spec, const char *name, const Scores *scores,
                const char *protocol)
{
    const InceptionOptions *options = spec->options;
    Arena *arena = &list->arena;
    const size_t n = scores->splits * scores->each;
    const char *cut = arena_printf(arena, "splits of %zu", scores->each);
    MetricValue value = {.metric = name, .unit = "score", .n = n, .value = scores->parts.mean};
    value.detail = scores->splits > 1 ? arena_printf(arena, "mean over %zu %s; %s", scores->splits, cut, protocol)
                                      : arena_printf(arena, "one split of %zu; %s", n, protocol);
    judged_add(list, use, spec, &options->from, &value);
    if (scores->splits == 1) return;
    value.metric = arena_printf(arena, "%s_sd", name);
    value.value = scores->parts.sd;
    value.detail = arena_printf(arena, "standard deviation (n-1) over %zu %s; %s", scores->splits, cut, protocol);
    judged_add(list, use, spec, &options->from, &value);
    value.metric = arena_printf(arena, "%s_whole", name);
    value.value = scores->whole;
    value.detail = arena_printf(arena, "one split of %zu; %s", n, protocol);
    judged_add(list, use, spec, &options->from, &value);
}

static const char *label(Arena *arena, const UseContext *use, const Spec *spec)
{
    return judged_label(arena, use, spec, &((const InceptionOptions *)spec->options)->from);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    const InceptionOptions *options = spec->options;
    const Ref judge = options->classifier;
    Judgement generated, test;
    const char *protocol;
    if (!judged(list, use, &options->from, judge, &generated, err)) return false;
    const ImageOptions real_images = judged_real(use, "test", generated.n);
    if (!judged(list, use, &real_images, judge, &test, err) ||
        !judged_protocol(list, use, &options->from, judge, &protocol, err))
        return false;
    const size_t splits = (size_t)options->splits < generated.n ? (size_t)options->splits : generated.n;
    const size_t each = generated.n / splits;
    const Scores scores = score(&generated, splits, each);
    add(list, use, spec, "inception_score", &scores, protocol);
    if (strcmp(options->from.images, "test") == 0) return true;

    const char *of_real;
    if (!judged_protocol(list, use, &real_images, judge, &of_real, err)) return false;
    const Scores ceiling = score(&test, splits, each);
    add(list, use, spec, "inception_score_ceiling", &ceiling, of_real);
    judged_add(list, use, spec, &options->from,
               &(MetricValue){
                   .metric = "inception_score_ratio",
                   .unit = "share",
                   .n = scores.splits * scores.each,
                   .value = scores.parts.mean / ceiling.parts.mean,
                   .detail = arena_printf(&list->arena, "inception_score / inception_score_ceiling; %s", protocol)});
    return true;
}

const Metric metric_inception_score = {
    .row = {.name = "inception_score",
            .doc =
                "exp of the mean KL(p(y|x) || p(y)), y the class that a classifier gives image x: high when each image "
                "is clearly of a class and the classes are balanced (Salimans et al., Improved Techniques for Training "
                "GANs, 2016, section 4). In double, without an epsilon, on the means of the pixels. Mean and standard "
                "deviation (_sd) over the splits; _whole: all images as one split; _ceiling: the same of as many test "
                "images; _ratio: of the score and its ceiling. A score depends on the classifier and, for few images, "
                "on their number, so only scores of one protocol compare.",
            .fields = fields,
            .size = sizeof(InceptionOptions),
            .example = "{samples: 10000, splits: 10, classifier: resnet18}"},
    .names = METRIC_NAMES("inception_score", "inception_score_sd", "inception_score_whole", "inception_score_ceiling",
                          "inception_score_ceiling_sd", "inception_score_ceiling_whole", "inception_score_ratio"),
    .check = check,
    .label = label,
    .measure = measure,
};
