#include "runner/metric/judged.h"

#include <stdlib.h>
#include <string.h>

#include "runner/metric/pictures.h"
#include "runner/model/judge.h"

/* One judge's verdict on one set of images. */
typedef struct Verdict {
    const char *images, *judge; /* canonical texts */
    size_t n, classes;
    double *log_probabilities;
    Gaussian features; /* of size 0: not fitted */
} Verdict;

typedef struct Judged {
    Arena arena;
    Pictures pictures;
    Verdict *items;
    size_t n, capacity;
} Judged;

void judged_release(Judged *judged)
{
    if (!judged) return;
    for (size_t i = 0; i < judged->n; i++) {
        free(judged->items[i].log_probabilities);
        gaussian_release(&judged->items[i].features);
    }
    free(judged->items);
    pictures_release(&judged->pictures);
    arena_release(&judged->arena);
    free(judged);
}

bool judged_check_judge(const UseContext *use, Ref judge, Err *err)
{
    const Model *model;
    if (!needs_network(use->needs, judge, &model, err)) return false;
    const DatasetInfo *info = &use->model->info, *seen = &model->info;
    if (!judge_logits(model))
        return err_config(err, judge.loc, "%s is no classifier: its loss has no cross_entropy term", judge.name);
    return (info->height == seen->height && info->width == seen->width && info->channels == seen->channels) ||
           err_config(err, judge.loc, "%s judges images of %zux%zux%zu, but %s has %zux%zux%zu", judge.name,
                      seen->height, seen->width, seen->channels, info->name, info->height, info->width, info->channels);
}

const char *judged_label(Arena *arena, const UseContext *use, const Spec *spec, const ImageOptions *images)
{
    if (spec->name) return spec->name;
    if (strcmp(images->images, "samples") != 0) return images->images;
    return sampler_or_default(arena, use->model, &images->sampler, spec->loc).row->name;
}

bool judged_check(const UseContext *use, const Spec *spec, const ImageOptions *images, Err *err)
{
    if (images->sampler.row && strcmp(images->images, "samples") != 0)
        return err_config(err, images->sampler.loc, "%s: a sampler draws samples, and images are \"%s\"",
                          spec->row->name, images->images);
    if (strcmp(images->images, "reconstructions") == 0 && !model_term(use->model, "reconstruction"))
        return err_config(err, spec->loc, "%s: the experiment has no reconstruction term; add one to its loss",
                          spec->row->name);
    return strcmp(images->images, "samples") != 0 || sampler_check(use, &images->sampler, spec->loc, err);
}

/* A part's progress is the progress of all images; what is prepared before the first has its own. */
typedef struct Part {
    const UseContext *use;
    size_t first, n; /* n: 0 until then */
} Part;

static bool hear_part(void *context, size_t done, size_t total, Err *err)
{
    const Part *part = context;
    return use_progress(part->use, part->first + done, part->n ? part->n : total, err);
}

/* Draws and judges all images of the source. */
static bool read_and_judge(Judged *kept, const UseContext *use, const PictureSource *source, Model *model,
                           double *log_probabilities, real *features, Err *err)
{
    Part part = {.use = use};
    UseContext listening = *use;
    PictureReader reader;
    const real *pixels;
    listening.progress = hear_part;
    listening.progress_context = &part;
    if (!pictures_open(&kept->pictures, &listening, source, &reader, err)) return false;
    const size_t each = pictures_part(use), classes = judge_classes(model), size = judge_features(model);
    bool ok = true;
    part.n = source->n;
    for (; ok && part.first < source->n; part.first += each) {
        const size_t count = source->n - part.first < each ? source->n - part.first : each;
        ok = pictures_read(&reader, part.first, count, &pixels, err) &&
             judge_classify(&listening, model, count, pixels, log_probabilities + part.first * classes,
                            features ? features + part.first * size : NULL, err);
    }
    pictures_close(&kept->pictures, &reader, ok);
    return ok;
}

static bool judge_images(Judged *kept, const UseContext *use, const PictureSource *source, Ref judge, bool features,
                         Verdict *verdict, Err *err)
{
    Model *model;
    if (!needs_model(use->needs, judge, &model, err)) return false;
    const size_t size = features ? judge_features(model) : 0;
    Verdict made = {.images = arena_text(&kept->arena, source->text),
                    .judge = arena_text(&kept->arena, judge.name),
                    .n = source->n,
                    .classes = judge_classes(model)};
    made.log_probabilities = mem_zeroed(mem_mul(source->n, made.classes), sizeof(double));
    real *feature = size ? mem_zeroed(mem_mul(source->n, size), sizeof *feature) : NULL;
    const bool ok = read_and_judge(kept, use, source, model, made.log_probabilities, feature, err);
    if (ok && size) gaussian_fit(&made.features, source->n, size, feature);
    free(feature);
    if (ok)
        *verdict = made;
    else
        free(made.log_probabilities);
    return ok;
}

/* Image i doesn't depend on how many are drawn, so a larger verdict serves; a Gaussian is of all its images. */
static const Verdict *find(const Judged *kept, const PictureSource *source, Ref judge, bool features)
{
    for (size_t i = 0; i < kept->n; i++) {
        const Verdict *item = &kept->items[i];
        if (strcmp(item->images, source->text) != 0 || strcmp(item->judge, judge.name) != 0) continue;
        if (features ? item->n == source->n && item->features.size : item->n >= source->n) return item;
    }
    return NULL;
}

/* Whether a metric of the experiment asks for features, which cost a second judging when they are asked for later. */
static bool features_foreseen(const UseContext *use)
{
    const SpecList *items = &use->model->experiment->evaluate;
    for (size_t i = 0; i < items->n; i++)
        if (((const Metric *)items->items[i].row)->features) return true;
    return false;
}

static bool find_or_judge(MetricList *list, const UseContext *use, const PictureSource *source, Ref judge,
                          bool features, Verdict *verdict, Err *err)
{
    if (!list->judged) list->judged = mem_zeroed(1, sizeof(Judged));
    Judged *kept = list->judged;
    const Verdict *found = find(kept, source, judge, features);
    if (!found) {
        if (kept->n == kept->capacity) {
            kept->capacity = kept->capacity ? kept->capacity * 2 : 8;
            kept->items = mem_grow(kept->items, kept->capacity, sizeof *kept->items);
        }
        Verdict *made = &kept->items[kept->n];
        if (!judge_images(kept, use, source, judge, features || features_foreseen(use), made, err)) return false;
        kept->n++;
        found = made;
    }
    *verdict = *found;
    verdict->n = source->n;
    return true;
}

static bool verdict_on(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, bool features,
                       Verdict *verdict, Err *err)
{
    Arena arena = {0};
    const PictureSource source = picture_source(&arena, use, images);
    const bool ok = find_or_judge(list, use, &source, judge, features, verdict, err);
    arena_release(&arena);
    return ok;
}

bool judged(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, Judgement *judgement,
            Err *err)
{
    Verdict verdict;
    if (!verdict_on(list, use, images, judge, false, &verdict, err)) return false;
    *judgement = (Judgement){verdict.n, verdict.classes, verdict.log_probabilities};
    return true;
}

bool judged_features(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, FeatureFit *fit,
                     Err *err)
{
    Verdict verdict;
    if (!verdict_on(list, use, images, judge, true, &verdict, err)) return false;
    *fit = (FeatureFit){verdict.n, verdict.features};
    return true;
}

ImageOptions judged_real(const UseContext *use, const char *split, size_t n)
{
    const size_t there = dataset_split(use->dataset, split)->n;
    return (ImageOptions){.samples = (int64_t)(n < there ? n : there), .images = split};
}

bool judged_judge(MetricList *list, const UseContext *use, Ref judge, const char **text, Err *err)
{
    Judgement test;
    const ImageOptions images = judged_real(use, "test", SIZE_MAX);
    const Split *split = &use->dataset->test;
    size_t right = 0;
    if (!judged(list, use, &images, judge, &test, err)) return false;
    for (size_t i = 0; i < split->n; i++)
        right += judge_class(test.classes, test.log_probabilities + i * test.classes) == split->labels[i];
    *text = arena_printf(&list->arena, "judge %s, accuracy %.9g on %zu test images", judge.name,
                         (double)right / (double)split->n, split->n);
    return true;
}

bool judged_protocol(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, const char **text,
                     Err *err)
{
    const char *of_judge;
    if (!judged_judge(list, use, judge, &of_judge, err)) return false;
    *text = arena_printf(&list->arena, "%s; %s", picture_source(&list->arena, use, images).text, of_judge);
    return true;
}

void judged_add(MetricList *list, const UseContext *use, const Spec *spec, const ImageOptions *images,
                const MetricValue *value)
{
    MetricValue labelled = *value;
    labelled.split = judged_label(&list->arena, use, spec, images);
    metric_add(list, &labelled);
}
