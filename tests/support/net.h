/* Graphs out of short texts: a network for the tests of layers, losses and whole runs. */
#ifndef TESTS_SUPPORT_NET_H
#define TESTS_SUPPORT_NET_H

#include "nn/layer/layer.h"
#include "nn/loss/loss.h"

enum { NET_LAYERS_MAX = 12 };

/* A section as text, e.g. {"encoder", "image", {"flatten", "dense: {units: 3}"}}. */
typedef struct NetSection {
    const char *name, *input;
    const char *layers[NET_LAYERS_MAX + 1];
} NetSection;

typedef struct Net {
    Arena arena;
    Graph graph;
    Scope scope;
} Net;

/* A graph with one input, in the scope, of that shape (batch in front), for the numerics that MODE has. */
void net_begin(Net *net, const char *input, Shape shape);
void net_end(Net *net);

/* Sorts and builds the sections. */
bool net_sections(Net *net, const NetSection *sections, size_t n, Err *err);

/* One layer behind a node, with path "test.NAME". */
bool net_layer(Net *net, const char *text, int in, Value *out, Err *err);

/* A loss by its text. */
bool net_loss(Net *net, const char *text, int *node, Err *err);

int net_node(const Net *net, const char *value);

#endif
