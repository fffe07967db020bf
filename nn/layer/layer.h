/* A layer builds a small subgraph out of ops. One file each, and one row in layers.def. */
#ifndef NN_LAYER_LAYER_H
#define NN_LAYER_LAYER_H

#include "nn/base/table.h"
#include "nn/graph/build.h"

typedef struct Layer {
    Row row;
    /* Adds the layer behind `in`; *out comes empty (node -1) and is to be set. */
    bool (*build)(const Build *build, const void *options, const Value *in, Value *out, Err *err);
    Shape example_input;  /* for the tests, with a batch in front */
    size_t example_codes; /* not 0: it holds whole numbers below this */
} Layer;

#define LAYER(id) extern const Layer layer_##id;
#include "nn/layer/layers.def"
#undef LAYER

extern const Table layers_table;

/* A chain of layers. Children are named path.KIND, path.KIND_2, ... by kind, or path.NAME where the item has a name
 * (two of one name are an error). The layers of a residual or a repeat are named below it: path.residual.body.KIND,
 * path.repeat.1.KIND. */
bool layers_build(const Build *build, SpecList layers, const Value *in, Value *out, Err *err);

/* A network: sections in any order that has no cycle, each a chain of layers from a section or an input. */
typedef struct Section {
    const char *name;
    Ref input;
    SpecList layers;
    Loc loc;
} Section;

typedef struct Network {
    const Section *sections; /* in the order in which they are built: network_sort */
    size_t n;
} Network;

/* Sorts sections so that each follows its input (the alphabetically first of those that can be built comes next, so
 * that the order in the file doesn't matter); an unknown input or a cycle is an error with a place. inputs: the names
 * fed. */
bool network_sort(Section *sections, size_t n, const char *const *inputs, size_t input_count, Err *err);

/* Builds every section whose input is in scope (or becomes so) and whose own name is not yet in scope, and adds each to
 * scope. So a decoder alone is built by putting a value for its input section into the scope beforehand. */
bool network_build(Graph *graph, const Network *network, Scope *scope, Err *err);

#endif
