/* Images of no class, which a classifier may be taught to tell from those of the data: outlier exposure (Hendrycks,
 * Mazeika and Dietterich, Deep Anomaly Detection with Outlier Exposure, 2019), here with a class of its own. */
#ifndef RUNNER_DATA_OUTLIERS_H
#define RUNNER_DATA_OUTLIERS_H

#include "runner/data/dataset.h"

/* Replaces each of n gathered training images (n,H,W,C) with probability options->outliers, and its label by the number
 * of the data's classes. In equal parts: its pixels in random order; a grid of 4 by 4 blocks of it in random order (its
 * pixels, where the blocks don't come out even); uniform noise. Stream "outliers" of the run's seed, step = epoch,
 * example = the image's index. */
void outliers_put(const Dataset *dataset, const DataOptions *options, uint64_t seed, uint64_t epoch,
                  const uint32_t *index, size_t n, real *images, real *labels);

#endif
