/* Codes as data: `codes` in an experiment's data names a trained VQ-VAE, and the network's input `code` holds the codes
 * of each image. And back: codes through the VQ-VAE's decoder. Van den Oord et al., Neural Discrete Representation
 * Learning (2017), section 4.1. */
#ifndef RUNNER_MODEL_CODES_H
#define RUNNER_MODEL_CODES_H

#include "runner/model/needs.h"

/* A model's grid of codes: the section that ends in vector_quantize. */
typedef struct CodeGrid {
    const char *section;
    size_t height, width, codes, dim;
} CodeGrid;

/* false: the model has no section that ends in vector_quantize on a grid [height,width]. */
bool codes_grid(const Model *model, CodeGrid *grid);

/* model_init for an experiment whose data may have codes: their grid comes from the run that it needs. A run that has
 * none, or other images, is an error at the place that names it. */
bool codes_model_init(Model *model, const Experiment *experiment, const DatasetInfo *info, Needs *needs, Err *err);

/* Fills in the codes of every split where the experiment's data has them: its images through the needed run's encoder,
 * once. Does nothing where it has none. */
bool codes_load(Dataset *dataset, const Model *model, Needs *needs, Err *err);

/* Codes (n, cells) of a VQ-VAE, as whole numbers, through its decoder to the mean of the pixels (n,H,W,C), in [0, 1].
 * The model has a grid and a reconstruction term: codes_can_decode. */
void codes_decode(Model *model, size_t n, const real *code, real *pixels);
bool codes_can_decode(const Model *model);

#endif
