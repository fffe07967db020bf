/* What the ops of vector quantisation share: inputs x (N,...,D), codebook (K,D) and, where there are three, the code of
 * each position (N,...) as a whole number below K. */
#ifndef NN_OP_CODE_SHAPE_H
#define NN_OP_CODE_SHAPE_H

#include "nn/kernel/codes.h"
#include "nn/kernel/codes_restart.h"
#include "nn/op/attributes.h"

/* Whether they are of these shapes; else a placed err. */
bool code_shape_check(OpShape *op, Err *err);

/* For the two that move the codebook while a pass trains, and pass the codes' vectors through: inputs y (N,...,D),
 * x (N,...,D), codes (N,...), codebook (K,D), and a buffer of this shape. The output is y's. */
bool code_shape_moved(OpShape *op, Shape kept, Err *err);

/* Which vectors dead codes become, of an op with those inputs. */
CodesRestart code_shape_restart(const OpRun *run, const RestartAttributes *attributes);

/* For the two errors, whose output is (N). */
bool code_shape_error(OpShape *op, Err *err);
CodesError code_shape_of(const OpRun *run);

#endif
