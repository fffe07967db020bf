/* The layers of a network as boxes in columns, one a section, with the arrows between them. */
#ifndef RUNNER_FIGURE_BOXES_H
#define RUNNER_FIGURE_BOXES_H

#include "runner/model/summary.h"

typedef struct Box {
    const char *section, *kinds, *detail; /* kinds: of all its layers */
    Shape shape;                          /* of the last one's output, without the batch */
    size_t column, row;
    bool straight; /* an arrow comes from above: from the box there, or from the section's input */
} Box;

/* An arrow beside a column, to box `to` from `from`, or from the section's input. */
typedef struct Side {
    bool from_input;
    size_t from, to;
    size_t lane; /* 0: the nearest to the boxes; no two in one lane overlap */
} Side;

typedef struct Boxes {
    Box *items; /* in the arena, as all else */
    size_t n;
    Side *sides;
    size_t side_count;
    size_t columns, rows, lanes; /* rows: of the longest column */
} Boxes;

/* A layer without options that leaves the shape as it is (relu, batch_norm) and takes nothing but the one before stands
 * in that one's box; a layer without ops of its own (repeat) has no box. */
Boxes boxes_of(const LayerList *list, Arena *arena);

#endif
