/* The backward pass of ops that contract input 0 with a weight, input 1, and add a bias, input 2, which may be absent:
 * dense, conv2d and conv2d_transpose. The gradients don't need each other, so they run side by side on the pool.
 * code_conv2d, whose input 0 has none, shares the bias's. */
#ifndef NN_OP_GRADIENTS_H
#define NN_OP_GRADIENTS_H

#include "nn/op/op.h"

/* Elements for a pass whose two contractions want `contraction` elements each; op->out is set. */
size_t gradients_scratch(const OpShape *op, size_t contraction);

/* Computes those that are wanted. input and weight write in_grad[0] and in_grad[1] and may use run->scratch, of
 * `contraction` elements. Where a node is two of the inputs, their gradients add up one after the other. */
typedef void Gradient(const OpRun *run);
Ending gradients_ending(const OpRun *run); /* of the input's gradient */
void gradients_run(const OpRun *run, Gradient *input, Gradient *weight, size_t contraction);

/* Adds the bias's gradient to the destination of input 2 (or sets it, where fresh), if it is there and wanted.
 * run->scratch: as reduce_rows wants it. */
void gradients_bias(const OpRun *run);

#endif
