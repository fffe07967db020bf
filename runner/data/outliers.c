#include "runner/data/outliers.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/rng.h"

enum { GRID = 4, KINDS = 3 };

/* Where the pixels of one image come from, and room to move them. */
typedef struct Outlier {
    size_t height, width, channels;
    uint32_t *order;
    real *copy;
} Outlier;

/* A random order of n things, for one image. */
static void shuffle(Outlier *outlier, Rng rng, uint64_t epoch, uint32_t image, size_t n)
{
    for (size_t i = 0; i < n; i++) outlier->order[i] = (uint32_t)i;
    rng_shuffle(rng, epoch << 32 | image, n, outlier->order);
}

static void shuffle_pixels(Outlier *outlier, real *image)
{
    const size_t channels = outlier->channels, pixels = outlier->height * outlier->width;
    memcpy(outlier->copy, image, pixels * channels * sizeof *image);
    for (size_t p = 0; p < pixels; p++)
        memcpy(image + p * channels, outlier->copy + outlier->order[p] * channels, channels * sizeof *image);
}

static void shuffle_blocks(Outlier *outlier, real *image)
{
    const size_t channels = outlier->channels, width = outlier->width;
    const size_t rows = outlier->height / GRID, columns = width / GRID;
    memcpy(outlier->copy, image, outlier->height * width * channels * sizeof *image);
    for (size_t block = 0; block < (size_t)GRID * GRID; block++) {
        const size_t from = outlier->order[block];
        for (size_t row = 0; row < rows; row++) {
            const size_t to_pixel = (block / GRID * rows + row) * width + block % GRID * columns;
            const size_t from_pixel = (from / GRID * rows + row) * width + from % GRID * columns;
            memcpy(image + to_pixel * channels, outlier->copy + from_pixel * channels,
                   columns * channels * sizeof *image);
        }
    }
}

void outliers_put(const Dataset *dataset, const DataOptions *options, uint64_t seed, uint64_t epoch,
                  const uint32_t *index, size_t n, real *images, real *labels)
{
    if (options->outliers <= 0) return;
    const DatasetInfo *info = &dataset->info;
    const size_t pixels = info->height * info->width, size = pixels * info->channels;
    const Rng choice = rng_stream(seed, "outliers"), order = rng_stream(seed, "outliers/order"),
              noise = rng_stream(seed, "outliers/noise");
    const bool even = info->height % GRID == 0 && info->width % GRID == 0;
    Outlier outlier = {info->height, info->width, info->channels,
                       mem_zeroed(pixels + (size_t)GRID * GRID, sizeof(uint32_t)), mem_zeroed(size, sizeof(real))};
    for (size_t i = 0; i < n; i++) {
        real draw[2], *image = images + i * size;
        rng_uniform(choice, epoch, index[i], 2, draw);
        if ((double)draw[0] >= options->outliers) continue;
        const int kind = (int)((double)draw[1] * KINDS);
        labels[i] = (real)info->classes;
        if (kind == 2) {
            rng_uniform(noise, epoch, index[i], size, image);
        } else if (kind == 1 && even) {
            shuffle(&outlier, order, epoch, index[i], (size_t)GRID * GRID);
            shuffle_blocks(&outlier, image);
        } else {
            shuffle(&outlier, order, epoch, index[i], pixels);
            shuffle_pixels(&outlier, image);
        }
    }
    free(outlier.copy);
    free(outlier.order);
}
