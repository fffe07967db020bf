#include "runner/metric/judged.h"

#include <stdlib.h>
#include <string.h>

#include "runner/metric/pictures.h"
#include "runner/model/judge.h"

/* One judge's verdict on one set of images. */
typedef struct Verdict {
    const char *images, *judge; /* canonical texts */
    size_t n, classes, feature_count;
    double *log_probabilities;
    real *features;
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
        free(judged->items[i].features);
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

/* Rows of one name would be one column of summary.csv. */
static bool check_label(const UseContext *use, const Spec *spec, const ImageOptions *images, Err *err)
{
    Arena arena = {0};
    const SpecList *items = &use->model->experiment->evaluate;
    const size_t offset = (size_t)((const char *)images - (const char *)spec->options);
    const char *label = judged_label(&arena, use, spec, images);
    bool ok = true;
    for (size_t i = 0; ok && i < items->n && &items->items[i] != spec; i++) {
        const Spec *other = &items->items[i];
        if (other->row != spec->row) continue;
        const ImageOptions *theirs = (const ImageOptions *)((const char *)other->options + offset);
        if (strcmp(judged_label(&arena, use, other, theirs), label) != 0) continue;
        ok = err_config(err, spec->loc, "two %s write rows of the name \"%s\"; give one another with `name:`",
                        spec->row->name, label);
    }
    arena_release(&arena);
    return ok;
}

bool judged_check(const UseContext *use, const Spec *spec, const ImageOptions *images, Err *err)
{
    if (images->sampler.row && strcmp(images->images, "samples") != 0)
        return err_config(err, images->sampler.loc, "%s: a sampler draws samples, and images are \"%s\"",
                          spec->row->name, images->images);
    if (strcmp(images->images, "reconstructions") == 0 && !model_term(use->model, "reconstruction"))
        return err_config(err, spec->loc, "%s: the experiment has no reconstruction term; add one to its loss",
                          spec->row->name);
    if (strcmp(images->images, "samples") == 0 && !sampler_check(use, &images->sampler, spec->loc, err)) return false;
    return check_label(use, spec, images, err);
}

/* Draws and judges n images, which the list doesn't have yet. */
static bool judge_images(Judged *kept, const UseContext *use, const PictureSource *source, Ref judge, Verdict *verdict,
                         Err *err)
{
    Model *model;
    const real *pixels;
    if (!needs_model(use->needs, judge, &model, err) || !pictures_draw(&kept->pictures, use, source, &pixels, err))
        return false;
    *verdict = (Verdict){.images = arena_text(&kept->arena, source->text),
                         .judge = arena_text(&kept->arena, judge.name),
                         .n = source->n,
                         .classes = judge_classes(model),
                         .feature_count = judge_features(model)};
    verdict->log_probabilities = mem_zeroed(mem_mul(source->n, verdict->classes), sizeof(double));
    if (verdict->feature_count)
        verdict->features = mem_zeroed(mem_mul(source->n, verdict->feature_count), sizeof(real));
    const bool ok = judge_classify(use, model, source->n, pixels, verdict->log_probabilities, verdict->features, err);
    pictures_done(&kept->pictures);
    if (!ok) {
        free(verdict->log_probabilities);
        free(verdict->features);
    }
    return ok;
}

/* Image i doesn't depend on how many are drawn, so a larger verdict serves. */
static bool find_or_judge(MetricList *list, const UseContext *use, const PictureSource *source, Ref judge,
                          Judgement *judgement, Err *err)
{
    if (!list->judged) list->judged = mem_zeroed(1, sizeof(Judged));
    Judged *kept = list->judged;
    const Verdict *found = NULL;
    for (size_t i = 0; !found && i < kept->n; i++) {
        const Verdict *item = &kept->items[i];
        if (item->n >= source->n && !strcmp(item->images, source->text) && !strcmp(item->judge, judge.name))
            found = item;
    }
    if (!found) {
        if (kept->n == kept->capacity) {
            kept->capacity = kept->capacity ? kept->capacity * 2 : 8;
            kept->items = mem_grow(kept->items, kept->capacity, sizeof *kept->items);
        }
        Verdict *verdict = &kept->items[kept->n];
        if (!judge_images(kept, use, source, judge, verdict, err)) return false;
        kept->n++;
        found = verdict;
    }
    *judgement =
        (Judgement){source->n, found->classes, found->feature_count, found->log_probabilities, found->features};
    return true;
}

bool judged(MetricList *list, const UseContext *use, const ImageOptions *images, Ref judge, Judgement *judgement,
            Err *err)
{
    Arena arena = {0};
    const PictureSource source = picture_source(&arena, use, images);
    const bool ok = find_or_judge(list, use, &source, judge, judgement, err);
    arena_release(&arena);
    return ok;
}

bool judged_real(MetricList *list, const UseContext *use, const char *split, size_t n, Ref judge, Judgement *judgement,
                 Err *err)
{
    Arena arena = {0};
    const size_t there = dataset_split(use->dataset, split)->n;
    const ImageOptions images = {.samples = (int64_t)(n < there ? n : there), .images = split};
    const PictureSource source = picture_source(&arena, use, &images);
    const bool ok = find_or_judge(list, use, &source, judge, judgement, err);
    arena_release(&arena);
    return ok;
}

bool judged_judge(MetricList *list, const UseContext *use, Ref judge, const char **text, Err *err)
{
    Judgement test;
    const Split *split = &use->dataset->test;
    size_t right = 0;
    if (!judged_real(list, use, "test", split->n, judge, &test, err)) return false;
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
