/* What judges say of the images that metrics ask about. Each judge sees them once a run, however many metrics ask: a
 * list of metrics keeps the verdicts. Images pass by in parts, so that memory doesn't grow with their number. */
#ifndef RUNNER_METRIC_JUDGED_H
#define RUNNER_METRIC_JUDGED_H

#include "runner/metric/frechet.h"
#include "runner/metric/metric.h"
#include "runner/sampler/sampler.h"

/* Which images: the options that all metrics with a judge share. */
typedef struct ImageOptions {
    int64_t samples;
    const char *images;
    Spec sampler;
} ImageOptions;

/* Field rows of an options' struct with a member of type ImageOptions. */
#define IMAGE_FIELDS(Options, member)                                                                                  \
    {.key = "samples",                                                                                                 \
     .kind = FIELD_INT,                                                                                                \
     .offset = offsetof(Options, member.samples),                                                                      \
     .fallback = "10000",                                                                                              \
     .min = 2,                                                                                                         \
     .max = 100000,                                                                                                    \
     .help = "how many images are judged; no more than `limit` of data, where it is set, nor, of test images, than "   \
             "there are"},                                                                                             \
        {.key = "images",                                                                                              \
         .kind = FIELD_CHOICE,                                                                                         \
         .offset = offsetof(Options, member.images),                                                                   \
         .fallback = "samples",                                                                                        \
         .choices = "samples|reconstructions|test|noise|shuffled",                                                     \
         .help = "what is judged: samples of the model, test images as it reconstructs them, and for comparison the "  \
                 "test images themselves, noise (uniform pixels), or test images with their pixels shuffled"},         \
    {                                                                                                                  \
        .key = "sampler", .kind = FIELD_SPEC, .offset = offsetof(Options, member.sampler), .fallback = FIELD_ABSENT,   \
        .table = &samplers_table, .help = "how samples are drawn; default: the model's own way, `prior` for a VAE"     \
    }

/* The option that names a judge, a member of type Ref. */
#define JUDGE_FIELD(Options, name, text)                                                                               \
    {                                                                                                                  \
        .key = #name, .kind = FIELD_RUN, .offset = offsetof(Options, name), .help = text                               \
    }

typedef struct Judgement {
    size_t n, classes;
    const double *log_probabilities; /* (n, classes) */
} Judgement;

/* A Gaussian fitted to a judge's features of n images; borrowed. */
typedef struct FeatureFit {
    size_t n;
    Gaussian gaussian;
} FeatureFit;

/* Whether the images can be had and judged: an error has the place of the spec or of the judge's name. */
bool judged_check(const UseContext *use, const Spec *spec, const ImageOptions *images, Err *err);
bool judged_check_judge(const UseContext *use, Ref judge, Err *err);

/* What stands in the column `split` and, in summary.csv, behind the metric's name: the item's `name:`, else the
 * sampler's name, else what `images` says. */
const char *judged_label(Arena *arena, const UseContext *use, const Spec *spec, const ImageOptions *images);

/* The verdict of one judge on these images, and what is fitted to its features, of which it must have some: both live
 * as long as the list. A metric that asks for features says so in its row. */
bool judged(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, Judgement *judgement,
            Err *err);
bool judged_features(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, FeatureFit *fit,
                     Err *err);

/* The first n images of the run's "test" or "train" split, or as many as there are; grey pixels always. */
ImageOptions judged_real(const UseContext *use, const char *split, size_t n);

/* "judge resnet18/seed1, accuracy 0.9933 on 10000 test images"; and with what the images are before it: "prior;
 * judge ...". */
bool judged_judge(MetricList *list, const UseContext *use, Ref judge, const char **text, Err *err);
bool judged_protocol(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, const char **text,
                     Err *err);

/* A row of the item `spec` about these images: its split is their label. */
void judged_add(MetricList *list, const UseContext *use, const Spec *spec, const ImageOptions *images,
                const MetricValue *value);

struct Judged;
void judged_release(struct Judged *judged); /* NULL is fine */

#endif
