#include "runner/metric/likelihood.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/fmath.h"
#include "nn/base/pool.h"
#include "runner/metric/importance.h"
#include "runner/model/segments.h"
#include "runner/model/use.h"

enum { BATCH = 256, ROWS = 1 << 15, BOUNDS_MAX = 64 };

const Field likelihood_fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(LikelihoodOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images that it is a mean over"},
    {.key = "k",
     .kind = FIELD_INT,
     .offset = offsetof(LikelihoodOptions, k),
     .fallback = "5000",
     .min = 1,
     .max = 1000000,
     .unit = "samples",
     .help = "importance samples of each image"},
    {.key = "images",
     .kind = FIELD_INT,
     .offset = offsetof(LikelihoodOptions, images),
     .fallback = "1000",
     .min = 1,
     .max = 1000000,
     .unit = "images",
     .help = "on at most so many images, spread evenly over the split"},
    {.key = "bounds",
     .kind = FIELD_INTS,
     .offset = offsetof(LikelihoodOptions, bounds),
     .fallback = "[1, 50]",
     .min = 1,
     .max = 1000000,
     .unit = "samples",
     .help = "further numbers of samples, each on all images of the split"},
    {0},
};

bool likelihood_check(const UseContext *use, const Spec *spec, const char *name, Err *err)
{
    const LikelihoodOptions *options = spec->options;
    const LossTerm *term = model_term(use->model, "reconstruction");
    if (!term || !((const Loss *)term->loss.row)->logits)
        return err_config(err, term ? term->loc : spec->loc,
                          "%s: wants a reconstruction by binary_cross_entropy, which is -log p(x|z)", name);
    if (!model_term(use->model, "kl"))
        return err_config(err, spec->loc, "%s: the experiment has no posterior to draw from; add a kl_divergence term",
                          name);
    for (size_t i = 0; i < options->bounds.n; i++)
        for (size_t k = 0; k < i; k++)
            if (options->bounds.items[k] == options->bounds.items[i])
                return err_config(err, spec->loc, "%s: `bounds` has %lld twice", name,
                                  (long long)options->bounds.items[i]);
    if (!model_can_decode(use->model))
        return err_config(err, spec->loc,
                          "%s: the reconstruction isn't computed from \"%s\", the posterior of the KL term", name,
                          model_subject(use->model, "kl"));
    return metric_check_split(use->model, options->split, spec->loc, err);
}

/* Images of a split with their posteriors. */
typedef struct Pictures {
    size_t n, dim, pixels;
    uint32_t *number; /* (n): within the split */
    real *mean, *log_variance, *pixel;
} Pictures;

static void pictures_release(Pictures *pictures)
{
    free(pictures->number);
    free(pictures->mean);
    free(pictures->log_variance);
    free(pictures->pixel);
}

/* n images at equal distances; posteriors of the whole split: all (split->n, dim). */
static Pictures pictures_of(const UseContext *use, const Split *split, size_t n, const real *mean,
                            const real *log_variance, size_t dim)
{
    const DatasetInfo *info = &use->model->info;
    Pictures pictures = {.n = n, .dim = dim, .pixels = info->height * info->width * info->channels};
    pictures.number = mem_zeroed(n, sizeof(uint32_t));
    pictures.mean = mem_zeroed(mem_mul(n, dim), sizeof(real));
    pictures.log_variance = mem_zeroed(n * dim, sizeof(real));
    pictures.pixel = mem_zeroed(mem_mul(n, pictures.pixels), sizeof(real));
    for (size_t i = 0; i < n; i++) {
        const size_t from = i * split->n / n;
        pictures.number[i] = (uint32_t)from;
        memcpy(pictures.mean + i * dim, mean + from * dim, dim * sizeof *mean);
        memcpy(pictures.log_variance + i * dim, log_variance + from * dim, dim * sizeof *mean);
    }
    batch_gather(use->dataset, split, &use->model->experiment->data, use->model->experiment->seed, 0, pictures.number,
                 n, pictures.pixel, NULL);
    return pictures;
}

/* A sweep of the decoder over rows (image, sample). */
typedef struct Rows {
    Importance importance;
    const real *pixel; /* (images, pixels) */
    size_t pixels, first;
    const real *logits;
    double log_likelihood[BATCH];
} Rows;

static void feed(void *context, size_t first, size_t n, real *input, real *label)
{
    (void)label;
    importance_draw(&((Rows *)context)->importance, first, n, input);
}

/* log p(x|z) of a row: pixels are independent Bernoulli variables. */
static void weigh(void *context, size_t r)
{
    enum { LANES = 16 };
    Rows *rows = context;
    const real *logits = rows->logits + r * rows->pixels;
    const real *pixel = rows->pixel + (rows->first + r) / rows->importance.samples * rows->pixels;
    double lane[LANES] = {0}, sum = 0;
    size_t p = 0;
    for (; p + LANES <= rows->pixels; p += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += (double)(r_softplus(logits[p + l]) - logits[p + l] * pixel[p + l]);
    for (; p < rows->pixels; p++) sum += (double)(r_softplus(logits[p]) - logits[p] * pixel[p]);
    for (size_t l = 0; l < LANES; l++) sum += lane[l];
    rows->log_likelihood[r] = -sum;
}

static void take(void *context, size_t first, size_t n, const Pass *pass)
{
    Rows *rows = context;
    rows->first = first;
    rows->logits = exec_value(&pass->exec, pass->output[0]);
    pool_run(n, weigh, rows);
    importance_add(&rows->importance, first, n, rows->log_likelihood);
}

/* bound (counts, images) for each number of samples, the largest of which is `samples`. Some images at a time, so that
 * progress is told and a signal heard. */
static bool find_bounds(const UseContext *use, const Pictures *pictures, size_t samples, size_t counts,
                        const size_t *count, double *bound, Err *err)
{
    bool logits;
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    const PassSpec pass = {.feed = latent.section, .output = {model_picture(use->model, &logits)}};
    const size_t step = samples > 0 && samples < ROWS ? ROWS / samples : 1;
    for (size_t at = 0; at < pictures->n; at += step) {
        const size_t n = pictures->n - at < step ? pictures->n - at : step;
        if (!use_progress(use, at * samples, pictures->n * samples, err)) return false;
        Rows rows = {.importance = {.images = n,
                                    .dim = pictures->dim,
                                    .samples = samples,
                                    .mean = pictures->mean + at * pictures->dim,
                                    .log_variance = pictures->log_variance + at * pictures->dim,
                                    .number = pictures->number + at,
                                    .counts = counts,
                                    .count = count,
                                    .noise = rng_stream(use->model->experiment->seed, "importance")},
                     .pixel = pictures->pixel + at * pictures->pixels,
                     .pixels = pictures->pixels};
        importance_init(&rows.importance, BATCH);
        Sweep sweep = {n * samples, BATCH, EVALUATION_STEP, feed, take, &rows};
        model_sweep(use->model, &pass, &sweep);
        for (size_t c = 0; c < counts; c++)
            memcpy(bound + c * pictures->n + at, rows.importance.bound + c * n, n * sizeof *bound);
        importance_release(&rows.importance);
    }
    return true;
}

/* Mean of n numbers and the standard error of it. */
static double mean_of(const double *value, size_t n, double *error)
{
    SegmentSum sum = {0}, square = {0};
    for (size_t i = 0; i < n; i++) segment_add(&sum, value[i]);
    const double mean = segment_total(&sum) / (double)n;
    for (size_t i = 0; i < n; i++) segment_add(&square, (value[i] - mean) * (value[i] - mean));
    *error = n > 1 ? sqrt(segment_total(&square) / (double)(n - 1) / (double)n) : 0;
    return mean;
}

/* What the two estimates found: the first of k samples on some images, with the largest of the bounds on the same, and
 * the bounds on all. */
typedef struct Found {
    const char *name, *what, *split;
    size_t some, all, k, bounds;
    size_t bound_k[BOUNDS_MAX], largest; /* largest: index into bound_k */
    double *few;                         /* (2, some): k, the largest bound */
    double *many;                        /* (bounds, all) */
} Found;

static void add_row(MetricList *list, const Found *found, const char *name, const char *detail, double bound,
                    double error, size_t n)
{
    metric_add(list, &(MetricValue){.metric = name,
                                    .split = found->split,
                                    .unit = "nats/image",
                                    .n = n,
                                    .value = -bound,
                                    .detail = arena_printf(&list->arena, "%s; %s; standard error %.3g", found->what,
                                                           detail, error)});
}

static void add_rows(MetricList *list, const Found *found)
{
    Arena *arena = &list->arena;
    double error, rest_error;
    const double bound = mean_of(found->few, found->some, &error);
    add_row(
        list, found, found->name,
        arena_printf(arena, "%zu importance samples an image, on %zu of %zu images", found->k, found->some, found->all),
        bound, error, found->some);
    for (size_t b = 0; b < found->bounds; b++) {
        const double other = mean_of(found->many + b * found->all, found->all, &error);
        add_row(list, found, arena_printf(arena, "%s_k%zu", found->name, found->bound_k[b]),
                arena_printf(arena, "%zu importance sample%s an image", found->bound_k[b],
                             found->bound_k[b] == 1 ? "" : "s"),
                other, error, found->all);
    }
    if (found->some == found->all || found->bound_k[found->largest] >= found->k) return;
    for (size_t i = 0; i < found->some; i++) found->few[i] -= found->few[found->some + i];
    const double rise = mean_of(found->few, found->some, &rest_error);
    const double base = mean_of(found->many + found->largest * found->all, found->all, &error);
    add_row(list, found, arena_printf(arena, "%s_all", found->name),
            arena_printf(arena,
                         "k = %zu on all images, by k = %zu on all and the difference between the two on %zu "
                         "images",
                         found->k, found->bound_k[found->largest], found->some),
            base + rise, sqrt(error * error + rest_error * rest_error), found->all);
}

/* Both estimates. */
static bool find(const UseContext *use, const Split *split, Found *found, Err *err)
{
    Arena arena = {0};
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    real *mean = mem_zeroed(mem_mul(split->n, latent.dim), sizeof *mean);
    real *log_variance = mem_zeroed(split->n * latent.dim, sizeof *log_variance);
    model_encode(use->model, use->dataset, split, split->n, latent.mean, mean);
    model_encode(use->model, use->dataset, split, split->n, arena_printf(&arena, "%s.log_variance", latent.section),
                 log_variance);
    Pictures some = pictures_of(use, split, found->some, mean, log_variance, latent.dim);
    Pictures all = pictures_of(use, split, split->n, mean, log_variance, latent.dim);
    const size_t most = found->bound_k[found->largest];
    const size_t both[] = {found->k, most < found->k ? most : found->k};
    found->few = mem_zeroed(2 * found->some, sizeof(double));
    found->many = mem_zeroed(mem_mul(found->bounds, found->all), sizeof(double));
    const bool ok = find_bounds(use, &some, found->k, 2, both, found->few, err) &&
                    find_bounds(use, &all, most, found->bounds, found->bound_k, found->many, err);
    pictures_release(&some);
    pictures_release(&all);
    free(mean);
    free(log_variance);
    arena_release(&arena);
    return ok;
}

bool likelihood_measure(const UseContext *use, const Spec *spec, const char *name, const char *what, MetricList *list,
                        Err *err)
{
    const LikelihoodOptions *options = spec->options;
    const Split *split = dataset_split(use->dataset, options->split);
    Found found = {.name = name, .what = what, .split = split->name, .all = split->n, .k = (size_t)options->k};
    found.some = (size_t)options->images < split->n ? (size_t)options->images : split->n;
    for (size_t b = 0; b < options->bounds.n && b < BOUNDS_MAX; b++) {
        found.bound_k[b] = (size_t)options->bounds.items[b];
        if (found.bound_k[b] > found.bound_k[found.largest]) found.largest = b;
        found.bounds++;
    }
    const bool ok = find(use, split, &found, err);
    if (ok) add_rows(list, &found);
    free(found.few);
    free(found.many);
    return ok;
}
