#include "runner/model/use.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/fmath.h"
#include "nn/base/rng.h"
#include "runner/model/segments.h"

/* Where a sweep puts what it reads: rows of `size` numbers. */
typedef struct Collector {
    ImageSource source;
    size_t start; /* of the images in the split */
    const real *latents;
    size_t latent_size;
    size_t size;
    bool sigmoid;
    real *out;
} Collector;

void image_source_init(ImageSource *source, const Model *model, const Dataset *dataset, const Split *split)
{
    *source = (ImageSource){model->experiment, dataset, split, NULL, model->wiring.code >= 0};
    source->index = mem_zeroed((size_t)model->experiment->data.batch, sizeof *source->index);
}

void image_source_release(ImageSource *source)
{
    free(source->index);
    *source = (ImageSource){0};
}

void image_source_read(ImageSource *source, size_t first, size_t n, real *images, real *labels)
{
    for (size_t i = 0; i < n; i++) source->index[i] = (uint32_t)(first + i);
    batch_gather(source->dataset, source->split, &source->experiment->data, source->experiment->seed, 0, source->index,
                 n, source->codes ? NULL : images, labels);
    if (source->codes) batch_codes(source->dataset, source->split, source->index, n, images);
}

static void read_images(void *context, size_t first, size_t n, real *input, real *label)
{
    Collector *collector = context;
    image_source_read(&collector->source, collector->start + first, n, input, label);
}

static void read_latents(void *context, size_t first, size_t n, real *input, real *label)
{
    const Collector *collector = context;
    (void)label;
    memcpy(input, collector->latents + first * collector->latent_size, n * collector->latent_size * sizeof *input);
}

static void collect(void *context, size_t first, size_t n, const Pass *pass)
{
    const Collector *collector = context;
    const real *value = exec_value(&pass->exec, pass->output[0]);
    real *out = collector->out + first * collector->size;
    for (size_t i = 0; i < n * collector->size; i++) out[i] = collector->sigmoid ? r_sigmoid(value[i]) : value[i];
}

static size_t size_of(const Model *model, const char *name)
{
    Shape shape;
    if (!model_shape(model, name, &shape)) BUG("no value \"%s\"", name);
    return shape_count(shape);
}

const char *model_picture(const Model *model, bool *logits)
{
    const LossTerm *term = model_term(model, "reconstruction");
    if (!term) BUG("no reconstruction term");
    const Loss *loss = (const Loss *)term->loss.row;
    *logits = loss->logits;
    return loss->subject(term->loss.options).name;
}

void model_encode(Model *model, const Dataset *dataset, const Split *split, size_t n, const char *name, real *out)
{
    Collector collector = {.size = size_of(model, name), .out = out};
    image_source_init(&collector.source, model, dataset, split);
    Sweep sweep = {n, (size_t)model->experiment->data.batch, EVALUATION_STEP, read_images, collect, &collector};
    model_sweep(model, &(PassSpec){.output = {name}}, &sweep);
    image_source_release(&collector.source);
}

const char *model_section_before(const Model *model, const char *name)
{
    const Experiment *experiment = model->experiment;
    const char *before = NULL;
    for (size_t i = 0; i < experiment->section_count; i++)
        if (strcmp(experiment->sections[i].name, name) == 0) before = experiment->sections[i].input.name;
    for (size_t i = 0; before && i < experiment->section_count; i++)
        if (strcmp(experiment->sections[i].name, before) == 0) return before;
    return NULL;
}

bool model_decodes(const Model *model, const char *section)
{
    const char *at = model_subject(model, "reconstruction");
    while (at && strcmp(at, section) != 0) at = model_section_before(model, at);
    return at != NULL;
}

static const char *narrowest_section(const Model *model)
{
    const char *narrowest = NULL, *section = model_subject(model, "reconstruction");
    while (section && (section = model_section_before(model, section)))
        if (!narrowest || size_of(model, section) < size_of(model, narrowest)) narrowest = section;
    return narrowest;
}

bool model_latent(const Model *model, Latent *latent)
{
    Shape shape;
    *latent = (Latent){.section = model_subject(model, "kl")};
    if (!latent->section) latent->section = narrowest_section(model);
    if (!latent->section) return false;
    latent->dim = size_of(model, latent->section);
    snprintf(latent->mean, sizeof latent->mean, "%s.mean", latent->section);
    if (!model_shape(model, latent->mean, &shape)) snprintf(latent->mean, sizeof latent->mean, "%s", latent->section);
    return true;
}

void model_kl_by_dimension(Model *model, const Dataset *dataset, const Split *split, double *kl)
{
    Arena arena = {0};
    Latent latent;
    if (!model_latent(model, &latent)) BUG("no posterior");
    const size_t dim = latent.dim, n = split->n;
    real *mean = mem_zeroed(mem_mul(n, dim), sizeof *mean), *log_variance = mem_zeroed(n * dim, sizeof *log_variance);
    model_encode(model, dataset, split, n, latent.mean, mean);
    model_encode(model, dataset, split, n, arena_printf(&arena, "%s.log_variance", latent.section), log_variance);
    for (size_t d = 0; d < dim; d++) {
        SegmentSum sum = {0};
        for (size_t i = 0; i < n; i++) {
            const double m = (double)mean[i * dim + d], v = (double)log_variance[i * dim + d];
            segment_add(&sum, 0.5 * (m * m + d_exp(v) - v - 1));
        }
        kl[d] = segment_total(&sum) / (double)n;
    }
    free(mean);
    free(log_variance);
    arena_release(&arena);
}

bool model_can_decode(const Model *model)
{
    Latent latent;
    return model_latent(model, &latent) && model_decodes(model, latent.section);
}

/* The random draws of image i are those of its place in its batch, wherever a sweep begins. */
static uint64_t step_of(const Model *model, size_t first)
{
    const size_t batch = (size_t)model->experiment->data.batch;
    if (first % batch) BUG("image %zu doesn't begin a batch of %zu", first, batch);
    return EVALUATION_STEP + first / batch;
}

void model_decode(Model *model, size_t first, size_t n, const real *latents, real *pixels)
{
    Collector collector = {.latents = latents, .out = pixels};
    const char *output = model_picture(model, &collector.sigmoid);
    Latent latent;
    if (!model_latent(model, &latent)) BUG("no latent to decode");
    collector.latent_size = latent.dim;
    collector.size = size_of(model, output);
    Sweep sweep = {n, (size_t)model->experiment->data.batch, step_of(model, first), read_latents, collect, &collector};
    model_sweep(model, &(PassSpec){.feed = latent.section, .output = {output}}, &sweep);
}

void model_reconstruct(Model *model, const Dataset *dataset, const Split *split, size_t first, size_t n, real *pixels)
{
    Collector collector = {.start = first, .out = pixels};
    const char *output = model_picture(model, &collector.sigmoid);
    collector.size = size_of(model, output);
    image_source_init(&collector.source, model, dataset, split);
    Sweep sweep = {n, (size_t)model->experiment->data.batch, step_of(model, first), read_images, collect, &collector};
    model_sweep(model, &(PassSpec){.output = {output}}, &sweep);
    image_source_release(&collector.source);
}

void model_prior(const Model *model, const char *stream, size_t first, size_t n, size_t dim, real *z)
{
    Rng rng = rng_stream(model->experiment->seed, stream);
    for (size_t i = 0; i < n; i++) rng_normal(rng, 0, (uint32_t)(first + i), dim, z + i * dim);
}
