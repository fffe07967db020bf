/* The images that metrics have judged, and what judges say of them. Images are drawn once a run, and judged once by
 * each judge, however many metrics ask: a list of metrics keeps them. */
#ifndef RUNNER_METRIC_JUDGED_H
#define RUNNER_METRIC_JUDGED_H

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
    size_t n, classes, feature_count;
    const double *log_probabilities; /* (n, classes) */
    const real *features;            /* (n, feature_count); NULL where the judge has none */
} Judgement;

/* Whether the images can be had and judged: an error has the place of the spec or of the judge's name. */
bool judged_check(const UseContext *use, const Spec *spec, const ImageOptions *images, Err *err);
bool judged_check_judge(const UseContext *use, Ref judge, Err *err);

/* What stands in the column `split` and, in summary.csv, behind the metric's name: the item's `name:`, else the
 * sampler's name, else what `images` says. */
const char *judged_label(Arena *arena, const UseContext *use, const Spec *spec, const ImageOptions *images);

/* The verdict of one judge on these images: lives as long as the list. */
bool judged(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, Judgement *judgement,
            Err *err);

/* The same of the first n images of the run's "test" or "train" split, or as many as there are; grey pixels always. */
bool judged_real(MetricList *list, const UseContext *use, const char *split, size_t n, Ref judge, Judgement *judgement,
                 Err *err);

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
