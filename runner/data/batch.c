#include <string.h>

#include "nn/base/rng.h"
#include "nn/kernel/wide.h"
#include "runner/data/dataset.h"

enum { BLOCK_IMAGES = 16, LEVELS = 255 };

void batch_order(uint64_t seed, uint64_t epoch, size_t n, uint32_t *order)
{
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    rng_shuffle(rng_stream(seed, "shuffle"), epoch, n, order);
}

typedef struct Gather {
    const Split *split;
    const uint32_t *index;
    size_t n, pixels; /* images; bytes of one */
    real *images;
    bool binarize;
    Rng rng;
    uint64_t step;
} Gather;

WIDE_INLINE real level_of(uint8_t byte)
{
    return (real)byte / (real)LEVELS;
}

WIDE(gather_images)(const void *context, size_t begin, size_t end)
{
    const Gather *gather = context;
    for (size_t i = begin; i < end; i++) {
        const uint32_t from = gather->index[i];
        const uint8_t *restrict bytes = gather->split->images + from * gather->pixels;
        real *restrict image = gather->images + i * gather->pixels;
        if (!gather->binarize) {
            for (size_t p = 0; p < gather->pixels; p++) image[p] = level_of(bytes[p]);
            continue;
        }
        /* a uniform in [0, 1) is below byte/255 with just that probability: never for 0, always for 255 */
        rng_uniform(gather->rng, gather->step, gather->split->first + from, gather->pixels, image);
        for (size_t p = 0; p < gather->pixels; p++) image[p] = image[p] < level_of(bytes[p]) ? 1 : 0;
    }
}

void batch_gather(const Dataset *dataset, const Split *split, const DataOptions *options, uint64_t seed, uint64_t epoch,
                  const uint32_t *index, size_t n, real *images, real *labels)
{
    const DatasetInfo *info = &dataset->info;
    const bool binarize = strcmp(options->binarize, "none") != 0;
    const bool dynamic = strcmp(options->binarize, "dynamic") == 0 && strcmp(split->name, "train") == 0;
    Gather gather = {.split = split,
                     .index = index,
                     .n = n,
                     .pixels = info->height * info->width * info->channels,
                     .images = images,
                     .binarize = binarize,
                     .rng = rng_stream(dynamic ? seed : 0, "binarize"),
                     .step = dynamic ? 1 + epoch : 0};
    for (size_t i = 0; i < n; i++) {
        if (index[i] >= split->n) BUG("batch_gather: image %u of %zu", (unsigned)index[i], split->n);
        if (labels) labels[i] = split->labels[index[i]];
    }
    if (images) wide_run(n, BLOCK_IMAGES, &gather_images, &gather);
}

void batch_codes(const Dataset *dataset, const Split *split, const uint32_t *index, size_t n, real *code)
{
    const size_t cells = dataset->info.code_height * dataset->info.code_width;
    if (!split->codes) BUG("batch_codes: the split has none");
    for (size_t i = 0; i < n; i++) {
        if (index[i] >= split->n) BUG("batch_codes: image %u of %zu", (unsigned)index[i], split->n);
        for (size_t c = 0; c < cells; c++) code[i * cells + c] = split->codes[index[i] * cells + c];
    }
}
