/* The layers of a model, one line each: what `show` prints and the figure `architecture` draws. */
#ifndef RUNNER_MODEL_SUMMARY_H
#define RUNNER_MODEL_SUMMARY_H

#include "runner/model/model.h"

enum { LAYER_FROM_MAX = 4 };

typedef struct LayerLine {
    const char *section, *name; /* "encoder", "conv2d_2" */
    const char *kind;           /* the row's name */
    const char *detail;         /* "filters 64, 3x3, stride 2"; may be "" */
    Shape shape;                /* of the output, without the batch */
    size_t parameters;
    double multiply_adds; /* forward, an image */
    bool computes;        /* it has ops of its own; a layer that only holds others (repeat) has none */
    size_t from[LAYER_FROM_MAX], from_count; /* the lines whose outputs these ops take, */
    const char *input;                       /* and the network's input; NULL: none */
} LayerLine;

typedef struct LayerList {
    LayerLine *items; /* in the arena */
    size_t n;
    size_t parameters;
    double multiply_adds;
} LayerList;

/* Lines in the order of the graph, a layer that holds others behind them. More than LAYER_FROM_MAX inputs of one layer
 * are a BUG. */
LayerList model_layers(const Model *model, Arena *arena);

#endif
