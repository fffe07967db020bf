#include "nn/op/code_shape.h"

#include <string.h>

bool code_shape_check(OpShape *op, Err *err)
{
    char a[96], b[96];
    const Shape x = op->in[0], codebook = op->in[1];
    if (x.rank < 2) return op_refuse(op, err, "wants vectors [n,...,dim], got %s", shape_text(x, a));
    if (codebook.rank != 2 || codebook.dim[1] != x.dim[x.rank - 1])
        return op_refuse(op, err, "wants a codebook of [codes,%zu], got %s", x.dim[x.rank - 1],
                         shape_text(codebook, b));
    Shape cells = {.rank = x.rank - 1};
    memcpy(cells.dim, x.dim, cells.rank * sizeof *x.dim);
    if (op->inputs == 3 && !shape_equal(op->in[2], cells))
        return op_refuse(op, err, "wants a code for each of %s, got %s", shape_text(cells, a),
                         shape_text(op->in[2], b));
    return true;
}

bool code_shape_moved(OpShape *op, Shape kept, Err *err)
{
    char a[96], b[96];
    if (!op_same_shape(op, "two values", err)) return false;
    OpShape vectors = *op;
    vectors.inputs = 3;
    vectors.in[1] = op->in[3];
    if (!code_shape_check(&vectors, err)) return false;
    if (!shape_equal(op->in[4], kept))
        return op_refuse(op, err, "wants to keep %s, got %s", shape_text(kept, a), shape_text(op->in[4], b));
    return op_shape_as_input(op, err);
}

CodesRestart code_shape_restart(const OpRun *run, const RestartAttributes *attributes)
{
    const Shape x = run->in_shape[1];
    return (CodesRestart){.after = attributes->after,
                          .rng = rng_stream(run->seed, attributes->stream),
                          .step = run->step,
                          .positions = shape_count(x) / x.dim[x.rank - 1],
                          .dim = x.dim[x.rank - 1],
                          .x = run->in[1]};
}

bool code_shape_error(OpShape *op, Err *err)
{
    if (!code_shape_check(op, err)) return false;
    op->out = (Shape){1, {op->in[0].dim[0]}};
    return true;
}

CodesError code_shape_of(const OpRun *run)
{
    const Shape codebook = run->in_shape[1];
    return (CodesError){.n = run->in_shape[0].dim[0],
                        .cells = shape_count_example(run->in_shape[2]),
                        .codes = codebook.dim[0],
                        .dim = codebook.dim[1],
                        .x = run->in[0],
                        .codebook = run->in[1],
                        .index = run->in[2]};
}
