/* Sampling from a prior over codes, cell by cell in raster order. Van den Oord et al., Pixel Recurrent Neural Networks
 * (2016), section 2.1. */
#ifndef RUNNER_MODEL_CODE_PRIOR_H
#define RUNNER_MODEL_CODE_PRIOR_H

#include "runner/model/model.h"

/* The section whose logits score the codes of each cell: the one that a loss judges by `code`. NULL: the model is no
 * prior over codes. */
const char *code_prior_section(const Model *model);

/* Whether it predicts each cell from earlier ones alone, and can so be run cell by cell; an error has the place of the
 * layer that can't. */
bool code_prior_check(const Model *model, Err *err);

/* The codes of images first .. first + n - 1 of a named stream of the run's seed, as whole numbers: code (n, cells).
 * Each is drawn from softmax(logits / temperature) of its cell by inverting the distribution function at a uniform;
 * temperature > 0. Image i depends on the stream and i alone. The model passes code_prior_check. */
void code_prior_sample(Model *model, const char *stream, size_t first, size_t n, double temperature, real *code);

#endif
