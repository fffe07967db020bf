/* What layers and losses build with: named values, and the place they stand at. */
#ifndef NN_GRAPH_BUILD_H
#define NN_GRAPH_BUILD_H

#include "nn/graph/graph.h"

enum { VALUE_PARTS_MAX = 6 };

/* The output of a section: its main node, and the further ones that losses, metrics and figures ask for by name
 * (gaussian_posterior: "mean", "log_variance"). */
typedef struct Value {
    int node;
    size_t parts;
    struct {
        const char *name;
        int node;
    } part[VALUE_PARTS_MAX];
} Value;

/* The node of a part, or -1. */
int value_part(const Value *value, const char *name);
void value_add_part(Value *value, const char *name, int node);

/* Values by name: inputs ("image", "label") and sections. */
typedef struct Scope {
    Arena *arena;
    struct {
        const char *name;
        Value value;
    } * items;
    size_t n, capacity;
} Scope;

void scope_add(Scope *scope, const char *name, const Value *value); /* replaces an earlier one of the name */
/* An unknown name is an error at the Ref's place, with the nearest one. */
bool scope_find(const Scope *scope, Ref ref, Value *value, Err *err);
void scope_release(Scope *scope);

typedef struct Build {
    Graph *graph;
    const Scope *scope;
    const char *path; /* of the layer or loss being built: "encoder.conv2d_2"; parameters are named below it */
    Loc loc;
} Build;

/* path + "." + leaf, in the graph's arena. */
const char *build_path(const Build *build, const char *leaf);

/* A trainable parameter "path.leaf"; returns its node. */
int build_param(const Build *build, const char *leaf, Shape shape, Spec initialiser, size_t fan_in, size_t fan_out);

/* A codebook "path.leaf" (codes,dim), a parameter or a buffer; initialiser: a row of codebook_initialisers, which may
 * start it from the vectors of node rows_of (...,dim). */
int build_codebook(const Build *build, const char *leaf, size_t codes, size_t dim, Spec initialiser, int rows_of,
                   bool trainable);

/* A buffer "path.leaf", saved as parameters are but not trained; an op that takes it as an input may update it in the
 * forward pass of training (OpRun.state). */
int build_buffer(const Build *build, const char *leaf, Shape shape, Spec initialiser);

/* Adds an op under the build's own path and place. */
bool build_op(const Build *build, const Op *op, const void *attributes, size_t inputs, const int *input, int *node,
              Err *err);

#endif
