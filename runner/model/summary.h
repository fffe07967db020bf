/* The layers of a model, one line each: what `show` prints and the figure `architecture` draws. */
#ifndef RUNNER_MODEL_SUMMARY_H
#define RUNNER_MODEL_SUMMARY_H

#include "runner/model/model.h"

typedef struct LayerLine {
    const char *section, *name; /* "encoder", "conv2d_2" */
    const char *kind;           /* the row's name */
    const char *detail;         /* "filters 64, 3x3, stride 2"; may be "" */
    Shape shape;                /* of the output, without the batch */
    size_t parameters;
    double multiply_adds; /* forward, an image */
} LayerLine;

typedef struct LayerList {
    LayerLine *items; /* in the arena */
    size_t n;
    size_t parameters;
    double multiply_adds;
} LayerList;

LayerList model_layers(const Model *model, Arena *arena);

#endif
