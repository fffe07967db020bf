/* What the ops of vector quantisation share: inputs x (N,...,D), codebook (K,D) and, where there are three, the code of
 * each position (N,...) as a whole number below K. */
#ifndef NN_OP_CODE_SHAPE_H
#define NN_OP_CODE_SHAPE_H

#include "nn/kernel/codes.h"
#include "nn/op/attributes.h"

/* Whether they are of these shapes; else a placed err. */
bool code_shape_check(OpShape *op, Err *err);

/* For the two errors, whose output is (N). */
bool code_shape_error(OpShape *op, Err *err);
CodesError code_shape_of(const OpRun *run);

#endif
