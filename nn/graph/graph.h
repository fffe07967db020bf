/* The graph: nodes in an array in which inputs come before their users, so forward runs up the array and backward runs
 * down it. Shapes are inferred as nodes are added; a misfit is an error at the place of the YAML line the node came
 * from. A graph is built for one batch size. It owns no numbers. */
#ifndef NN_GRAPH_GRAPH_H
#define NN_GRAPH_GRAPH_H

#include "nn/base/alloc.h"
#include "nn/base/table.h"
#include "nn/op/op.h"

/* A parameter that a layer asks for. Two graphs that name the same parameter share it. */
typedef struct ParamSpec {
    const char *name; /* "encoder.conv2d.weight" */
    Shape shape;
    Spec initialiser; /* a row of initialisers */
    size_t fan_in, fan_out;
    bool trainable; /* false: a buffer, e.g. running statistics */
    int rows_of;    /* of an initialiser with fill_from: the node of the same graph whose vectors it takes */
} ParamSpec;

typedef struct Node {
    const Op *op; /* NULL: a leaf (a parameter or an input) */
    const void *attributes;
    size_t inputs;
    int input[OP_INPUTS_MAX];
    Shape shape;
    size_t keep, scratch;
    double multiply_adds;
    bool wants_grad;        /* a trainable parameter lies below, and gradients pass to it */
    const ParamSpec *param; /* a parameter leaf, else NULL */
    const char *name;       /* "encoder.conv2d"; an input's name: "image" */
    Loc loc;
} Node;

/* Where a layer stands in the graph: for listings and drawings. */
typedef struct Mark {
    const char *path;  /* "encoder.conv2d" */
    const Spec *spec;  /* borrowed from the configuration */
    size_t first, end; /* its nodes: [first, end) */
    int output;
} Mark;

typedef struct Graph {
    Arena arena;
    const Numerics *numerics;
    size_t batch;
    bool training; /* set before layers are added: shapes that can be evaluated but not trained are refused */
    Node *nodes;
    size_t n, capacity;
    Mark *marks; /* in the order in which the layers were built; a layer that holds others follows them */
    size_t mark_count, mark_capacity;
} Graph;

/* numerics is borrowed; a batch of 0 is a BUG. */
void graph_init(Graph *graph, const Numerics *numerics, size_t batch);
void graph_release(Graph *graph); /* safe on a zeroed one */

/* A leaf that is fed from outside; shape includes the batch. */
int graph_input(Graph *graph, const char *name, Shape shape, Loc loc);

/* A parameter leaf. The same name twice gives the same node (its shapes must agree: else BUG). spec is copied. */
int graph_param(Graph *graph, const ParamSpec *spec, Loc loc);

/* Adds an op; attributes are borrowed (put them into graph->arena). false and a placed err when shapes misfit. */
bool graph_add(Graph *graph, const Op *op, const void *attributes, size_t inputs, const int *input, const char *name,
               Loc loc, int *node, Err *err);

const Node *graph_node(const Graph *graph, int node);
int graph_find_input(const Graph *graph, const char *name); /* -1: none */

/* Says that the nodes from `first` to the last one were made by a layer; path lives as long as the graph. */
void graph_mark(Graph *graph, const char *path, const Spec *spec, size_t first, int output);

#endif
