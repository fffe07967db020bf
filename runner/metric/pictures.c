#include "runner/metric/pictures.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "runner/config/bind.h"
#include "runner/model/use.h"

#define STREAM "judged"

typedef struct Picture {
    char *text;
    size_t n;
    bool keep;
    real *pixels;
} Picture;

/* A way to come by images. */
typedef struct Kind {
    const char *name, *text; /* text: for the protocol; NULL: the sampler's */
    bool keep;               /* dear to make */
    const char *split;       /* there are only as many as it has; NULL: any number */
    bool (*draw)(const UseContext *use, const PictureSource *source, real *pixels, Err *err);
} Kind;

static bool draw_samples(const UseContext *use, const PictureSource *source, real *pixels, Err *err)
{
    return sampler_draw(use, &source->sampler, STREAM, source->n, pixels, err);
}

static bool draw_reconstructions(const UseContext *use, const PictureSource *source, real *pixels, Err *err)
{
    (void)err;
    model_reconstruct(use->model, use->dataset, &use->dataset->test, source->n, pixels);
    return true;
}

/* As they are in the file: grey, whatever the model is trained on, since that is what judges know. */
static void read_split(const UseContext *use, const char *name, size_t n, real *pixels)
{
    const Split *split = dataset_split(use->dataset, name);
    const DataOptions grey = {.binarize = "none"};
    uint32_t *index = mem_zeroed(n, sizeof *index);
    for (size_t i = 0; i < n; i++) index[i] = (uint32_t)i;
    batch_gather(use->dataset, split, &grey, 0, 0, index, n, pixels, NULL);
    free(index);
}

static bool draw_real(const UseContext *use, const PictureSource *source, real *pixels, Err *err)
{
    (void)err;
    read_split(use, source->images, source->n, pixels);
    return true;
}

static size_t pixel_count(const UseContext *use)
{
    const DatasetInfo *info = &use->model->info;
    return info->height * info->width * info->channels;
}

static bool draw_noise(const UseContext *use, const PictureSource *source, real *pixels, Err *err)
{
    (void)err;
    const size_t size = pixel_count(use);
    const Rng rng = rng_stream(use->model->experiment->seed, STREAM "/noise");
    for (size_t i = 0; i < source->n; i++) rng_uniform(rng, 0, (uint32_t)i, size, pixels + i * size);
    return true;
}

static bool draw_shuffled(const UseContext *use, const PictureSource *source, real *pixels, Err *err)
{
    (void)err;
    const size_t size = pixel_count(use);
    const Rng rng = rng_stream(use->model->experiment->seed, STREAM "/shuffle");
    uint32_t *from = mem_zeroed(size, sizeof *from);
    real *image = mem_zeroed(size, sizeof *image);
    read_split(use, "test", source->n, pixels);
    for (size_t i = 0; i < source->n; i++) {
        for (size_t k = 0; k < size; k++) from[k] = (uint32_t)k;
        rng_shuffle(rng, i, size, from);
        memcpy(image, pixels + i * size, size * sizeof *image);
        for (size_t k = 0; k < size; k++) pixels[i * size + k] = image[from[k]];
    }
    free(image);
    free(from);
    return true;
}

static const Kind kinds[] = {
    {"samples", NULL, true, NULL, draw_samples},
    {"reconstructions", "reconstructions of test images", true, "test", draw_reconstructions},
    {"test", "test images", false, "test", draw_real},
    {"train", "training images", false, "train", draw_real},
    {"noise", "uniform noise", false, NULL, draw_noise},
    {"shuffled", "test images with shuffled pixels", false, "test", draw_shuffled},
};

static const Kind *kind_of(const char *images)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, images) == 0) return &kinds[i];
    BUG("images \"%s\" passed the binder", images);
}

/* "region: {centre: box, per: sample, scale: 0.5}" */
static const char *sampler_text(Arena *arena, const Spec *sampler)
{
    Text text = {0};
    print_spec(&text, 0, sampler);
    const size_t length = text.n && text.bytes[text.n - 1] == '\n' ? text.n - 1 : text.n;
    const char *copy = arena_text_n(arena, text.bytes, length);
    text_release(&text);
    return copy;
}

PictureSource picture_source(Arena *arena, const UseContext *use, const ImageOptions *images)
{
    const Kind *kind = kind_of(images->images);
    const size_t limit = (size_t)use->model->experiment->data.limit;
    const size_t there = kind->split && use->dataset ? dataset_split(use->dataset, kind->split)->n : SIZE_MAX;
    PictureSource source = {.images = kind->name, .text = kind->text, .n = (size_t)images->samples};
    if (limit && source.n > limit) source.n = limit;
    if (source.n > there) source.n = there;
    if (kind->text) return source;
    source.sampler = sampler_or_default(arena, use->model, &images->sampler, (Loc){0});
    source.text = sampler_text(arena, &source.sampler);
    return source;
}

static void release_one(Picture *picture)
{
    free(picture->text);
    free(picture->pixels);
    *picture = (Picture){0};
}

bool pictures_draw(Pictures *pictures, const UseContext *use, const PictureSource *source, const real **pixels,
                   Err *err)
{
    for (size_t i = 0; i < pictures->n; i++) {
        *pixels = pictures->items[i].pixels;
        if (pictures->items[i].n >= source->n && strcmp(pictures->items[i].text, source->text) == 0) return true;
    }
    const Kind *kind = kind_of(source->images);
    real *drawn = mem_zeroed(mem_mul(source->n, pixel_count(use)), sizeof *drawn);
    if (!kind->draw(use, source, drawn, err)) {
        free(drawn);
        return false;
    }
    pictures->items = mem_grow(pictures->items, pictures->n + 1, sizeof *pictures->items);
    const size_t length = strlen(source->text) + 1;
    Picture *picture = &pictures->items[pictures->n++];
    *picture = (Picture){mem_grow(NULL, length, 1), source->n, kind->keep, drawn};
    memcpy(picture->text, source->text, length);
    *pixels = drawn;
    return true;
}

void pictures_done(Pictures *pictures)
{
    size_t kept = 0;
    for (size_t i = 0; i < pictures->n; i++) {
        if (pictures->items[i].keep)
            pictures->items[kept++] = pictures->items[i];
        else
            release_one(&pictures->items[i]);
    }
    pictures->n = kept;
}

void pictures_release(Pictures *pictures)
{
    for (size_t i = 0; i < pictures->n; i++) release_one(&pictures->items[i]);
    free(pictures->items);
    *pictures = (Pictures){0};
}
