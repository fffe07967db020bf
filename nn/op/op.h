/* An op: one primitive of the graph. Its file holds shape, forward, backward and sample cases; op.def has its row.
 * Ops know tensors and attributes, never layers, names of sections or configuration. */
#ifndef NN_OP_OP_H
#define NN_OP_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"
#include "nn/base/real.h"
#include "nn/kernel/numerics.h"

enum { SHAPE_RANK_MAX = 4, OP_INPUTS_MAX = 5 };

/* Row-major and contiguous; dim[0] is the batch for everything but parameters. No dim is 0. */
typedef struct Shape {
    size_t rank;
    size_t dim[SHAPE_RANK_MAX];
} Shape;

/* Whether its numbers can be held: more than 2^36 of them are a mistake in the configuration. */
bool shape_fits(Shape shape);
size_t shape_count(Shape shape);         /* overflow checked */
size_t shape_count_example(Shape shape); /* without dim[0] */
bool shape_equal(Shape a, Shape b);
/* "[100,7,7,32]" into text, which is returned. */
const char *shape_text(Shape shape, char text[96]);

/* What the shape slot reads and writes. Errors are the user's: op_refuse puts the place and the name before them. */
typedef struct OpShape {
    const void *attributes;
    const Numerics *numerics;
    const char *name; /* of the node, e.g. `dense "encoder.dense"` */
    Loc loc;
    bool training; /* the graph is known to be trained: what only training can't do is refused */
    size_t inputs;
    Shape in[OP_INPUTS_MAX];
    Shape out;      /* to set */
    size_t keep;    /* to set: elements saved by forward for backward */
    size_t scratch; /* to set: elements that forward or backward may use freely */
} OpShape;

/* For ops whose output has the shape of their first input. */
bool op_shape_as_input(OpShape *op, Err *err);

/* Refuses inputs 0 and 1 of different shapes. what: how the message calls the two, e.g. "two values". */
bool op_same_shape(const OpShape *op, const char *what, Err *err);

/* For losses: inputs 0 and 1 of one shape (N,...) -> (N). what: as for op_same_shape. */
bool op_shape_loss(OpShape *op, const char *what, Err *err);

bool op_refuse(const OpShape *op, Err *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* What forward and backward read and write. backward ADDS to in_grad[i], which is NULL where no gradient is wanted;
 * where fresh[i], it holds nothing yet and backward sets it instead, to what adding to +0 gives (fresh is all false for
 * ops whose row doesn't say `sets`). rectify and rectified are false for ops whose row doesn't say `takes_relu`:
 * rectify: forward applies the relu that follows. rectified: input 0 is a relu's output, and in_grad[0] becomes the
 * gradient of the relu's input: +0 where input 0 is 0 or below. state[i] is input i again where it is a buffer (a
 * parameter that isn't trained) and the pass trains: forward may update it, and nothing else ever does. For ops whose
 * row says `moves` it is any parameter; one that is trained is the optimizer's too. In evaluation it is NULL. */
typedef struct OpRun {
    const void *attributes;
    const Numerics *numerics;
    size_t inputs;
    Shape in_shape[OP_INPUTS_MAX];
    Shape out_shape;
    const real *in[OP_INPUTS_MAX];
    real *in_grad[OP_INPUTS_MAX];
    bool fresh[OP_INPUTS_MAX];
    real *state[OP_INPUTS_MAX];
    real *out;
    const real *out_grad;
    real *keep;
    real *scratch;
    bool training;
    bool rectify, rectified;
    uint64_t seed; /* of the run; streams are named in the attributes */
    uint64_t step; /* the random counter's step */
} OpRun;

/* One sample for the tests: the harness runs shape, forward and backward, checks every gradient numerically in the
 * double build, puts sentinels round the buffers, hashes the inputs, and fills gradients beforehand. */
typedef struct OpCase {
    const char *label;
    const void *attributes;
    size_t inputs;
    Shape in[OP_INPUTS_MAX];
    double low, high;          /* inputs are uniform in [low, high]; both 0: [-1, 1] */
    double away_from;          /* kinks: inputs keep |x| >= this */
    bool state[OP_INPUTS_MAX]; /* a parameter that forward updates in training; it has no gradient */
    size_t
        whole[OP_INPUTS_MAX]; /* not 0: this input holds whole numbers below it (labels, codes) and has no gradient */
    bool straight_through;    /* the gradient of input 0 is the output's, whatever forward does */
} OpCase;

/* A place of a grid, in raster order, when an op runs place by place: each image is then (N,1,1,C), those of all places
 * lie one behind the other, and in[0] points to this place's. */
typedef struct OpPlace {
    size_t height, width; /* of the grid */
    size_t row, column;
} OpPlace;

typedef struct Op {
    const char *name;
    const char *doc; /* what it computes, as a formula */
    bool (*shape)(OpShape *op, Err *err);
    void (*forward)(const OpRun *run);
    void (*backward)(const OpRun *run); /* NULL: the output has no gradient, and none passes through it */
    bool stops[OP_INPUTS_MAX];          /* no gradient passes to this input (targets, codes) */
    bool view;       /* the output is input 0 with another shape: same storage, no forward or backward */
    bool sets;       /* backward knows `fresh` */
    bool moves;      /* state holds trained parameters too; what the other ops read of them has to be a copy */
    bool takes_relu; /* forward knows `rectify`, backward `rectified` */
    /* The output is max(input 0, 0). An op before it that takes relus does that, and then this one has the storage of
     * its input; backward, which reads the input's sign alone, may run in place: in_grad[0] is out_grad. */
    bool relu;
    const OpCase *cases;
    size_t case_count;
    /* Sampling computes a grid place by place (nn/exec/places.h). Either forward does, on one place alone: */
    bool pointwise;
    /* Or forward_place, which also reads in[0] of earlier places; causal says whether this node's attributes let it,
     * and sets op->scratch. op's shapes are those of a grid of one place. */
    bool (*causal)(OpShape *op);
    void (*forward_place)(const OpRun *run, const OpPlace *place);
    /* Multiply-adds of forward, in-image taps only; NULL: none. */
    double (*multiply_adds)(const OpShape *op);
} Op;

/* Whether a gradient passes from the output to input k. */
bool op_passes(const Op *op, size_t k);

/* One declaration for each row of op.def: op_dense, op_conv2d, ... */
#define OP(id) extern const Op op_##id;
#include "nn/op/op.def"
#undef OP

extern const Op *const op_rows[];
extern const size_t op_count;

#endif
