#include "runner/metric/pictures.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "runner/config/bind.h"
#include "runner/model/use.h"

#define STREAM "judged"

enum { PART = 1024 };

typedef struct Picture {
    char *text;
    size_t n;
    real *pixels;
} Picture;

/* A way to come by images. */
typedef struct Kind {
    const char *name, *text; /* text: for the protocol; NULL: the sampler's */
    const char *split;       /* there are only as many as it has; NULL: any number */
    bool (*draw)(PictureReader *reader, size_t first, size_t n, real *pixels, Err *err);
} Kind;

static bool draw_samples(PictureReader *reader, size_t first, size_t n, real *pixels, Err *err)
{
    return drawing_images(&reader->drawing, first, n, pixels, err);
}

static bool draw_reconstructions(PictureReader *reader, size_t first, size_t n, real *pixels, Err *err)
{
    (void)err;
    const UseContext *use = reader->use;
    model_reconstruct(use->model, use->dataset, &use->dataset->test, first, n, pixels);
    return true;
}

/* As they are in the file: grey, whatever the model is trained on, since that is what judges know. */
static void read_split(const UseContext *use, const char *name, size_t first, size_t n, real *pixels)
{
    const Split *split = dataset_split(use->dataset, name);
    const DataOptions grey = {.binarize = "none"};
    uint32_t *index = mem_zeroed(n, sizeof *index);
    for (size_t i = 0; i < n; i++) index[i] = (uint32_t)(first + i);
    batch_gather(use->dataset, split, &grey, 0, 0, index, n, pixels, NULL);
    free(index);
}

static bool draw_real(PictureReader *reader, size_t first, size_t n, real *pixels, Err *err)
{
    (void)err;
    read_split(reader->use, reader->source->images, first, n, pixels);
    return true;
}

static size_t pixel_count(const UseContext *use)
{
    const DatasetInfo *info = &use->model->info;
    return info->height * info->width * info->channels;
}

static bool draw_noise(PictureReader *reader, size_t first, size_t n, real *pixels, Err *err)
{
    (void)err;
    const size_t size = pixel_count(reader->use);
    const Rng rng = rng_stream(reader->use->model->experiment->seed, STREAM "/noise");
    for (size_t i = 0; i < n; i++) rng_uniform(rng, 0, (uint32_t)(first + i), size, pixels + i * size);
    return true;
}

static bool draw_shuffled(PictureReader *reader, size_t first, size_t n, real *pixels, Err *err)
{
    (void)err;
    const size_t size = pixel_count(reader->use);
    const Rng rng = rng_stream(reader->use->model->experiment->seed, STREAM "/shuffle");
    uint32_t *from = mem_zeroed(size, sizeof *from);
    real *image = mem_zeroed(size, sizeof *image);
    read_split(reader->use, "test", first, n, pixels);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < size; k++) from[k] = (uint32_t)k;
        rng_shuffle(rng, first + i, size, from);
        memcpy(image, pixels + i * size, size * sizeof *image);
        for (size_t k = 0; k < size; k++) pixels[i * size + k] = image[from[k]];
    }
    free(image);
    free(from);
    return true;
}

static const Kind kinds[] = {
    {"samples", NULL, NULL, draw_samples},
    {"reconstructions", "reconstructions of test images", "test", draw_reconstructions},
    {"test", "test images", "test", draw_real},
    {"train", "training images", "train", draw_real},
    {"noise", "uniform noise", NULL, draw_noise},
    {"shuffled", "test images with shuffled pixels", "test", draw_shuffled},
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

void pictures_release(Pictures *pictures)
{
    for (size_t i = 0; i < pictures->n; i++) {
        free(pictures->items[i].text);
        free(pictures->items[i].pixels);
    }
    free(pictures->items);
    *pictures = (Pictures){0};
}

static const real *find(const Pictures *pictures, const PictureSource *source)
{
    for (size_t i = 0; i < pictures->n; i++)
        if (pictures->items[i].n >= source->n && strcmp(pictures->items[i].text, source->text) == 0)
            return pictures->items[i].pixels;
    return NULL;
}

static void keep(Pictures *pictures, const PictureSource *source, real *pixels)
{
    const size_t length = strlen(source->text) + 1;
    Picture picture = {mem_grow(NULL, length, 1), source->n, pixels};
    memcpy(picture.text, source->text, length);
    pictures->items = mem_grow(pictures->items, pictures->n + 1, sizeof *pictures->items);
    pictures->items[pictures->n++] = picture;
}

size_t pictures_part(const UseContext *use)
{
    const size_t batch = (size_t)use->model->experiment->data.batch;
    return (PART + batch - 1) / batch * batch;
}

bool pictures_open(Pictures *pictures, const UseContext *use, const PictureSource *source, PictureReader *reader,
                   Err *err)
{
    const Row *sampler = source->sampler.row;
    const size_t part = pictures_part(use) < source->n ? pictures_part(use) : source->n;
    *reader = (PictureReader){.use = use,
                              .source = source,
                              .kind = kind_of(source->images),
                              .kept = find(pictures, source),
                              .dear = sampler && ((const Sampler *)sampler)->dear};
    if (reader->kept) return true;
    if (sampler && !drawing_begin(&reader->drawing, use, &source->sampler, STREAM, err)) return false;
    reader->drawn = mem_zeroed(mem_mul(reader->dear ? source->n : part, pixel_count(use)), sizeof *reader->drawn);
    return true;
}

bool pictures_read(PictureReader *reader, size_t first, size_t n, const real **pixels, Err *err)
{
    const size_t size = pixel_count(reader->use);
    if (reader->kept) {
        *pixels = reader->kept + first * size;
        return true;
    }
    real *to = reader->drawn + (reader->dear ? first * size : 0);
    *pixels = to;
    return reader->kind->draw(reader, first, n, to, err);
}

void pictures_close(Pictures *pictures, PictureReader *reader, bool whole)
{
    if (reader->drawing.spec.row) drawing_end(&reader->drawing);
    if (whole && reader->drawn && reader->dear)
        keep(pictures, reader->source, reader->drawn);
    else
        free(reader->drawn);
    *reader = (PictureReader){0};
}
