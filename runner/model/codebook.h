/* The codebook of a model: how often each of its codes is the nearest one, and what each stands for. */
#ifndef RUNNER_MODEL_CODEBOOK_H
#define RUNNER_MODEL_CODEBOOK_H

#include "runner/model/model.h"

typedef struct Codebook {
    const char *section;      /* ends in vector_quantize; borrowed from the experiment */
    const char *parameter;    /* (codes,dim); borrowed from the model's graph */
    size_t codes, dim, cells; /* cells: of an image */
} Codebook;

/* false: no section of the model ends in vector_quantize. With several: the first in the order of building. */
bool codebook_find(const Model *model, Codebook *codebook);

/* The same of one section. */
bool codebook_of(const Model *model, const char *section, Codebook *codebook);

/* The number of the code at each cell of the first n images of a split: code (n,cells). */
void codebook_encode(Model *model, const Dataset *dataset, const Split *split, size_t n, const Codebook *codebook,
                     real *code);

/* How many cells of a split's images each code is the nearest of: count (codes). */
void codebook_count(Model *model, const Dataset *dataset, const Split *split, const Codebook *codebook, size_t *count);

/* rank (codes): the place of each code, 0 .. codes-1, by the sum of the pixels' means of an image that holds it at
 * every cell; the lower number first of equal ones. Needs model_decodes. */
void codebook_rank(Model *model, const Codebook *codebook, size_t *rank);

#endif
