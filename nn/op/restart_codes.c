#include <string.h>

#include "nn/kernel/elementwise.h"
#include "nn/op/code_shape.h"

/* Inputs: the codes' vectors, which pass through; what they stand for; the codes; the codebook (K,D), which a gradient
 * moves elsewhere; and a buffer (K), the steps that each code was without use. */
enum { Y, X, CODES, CODEBOOK, UNUSED, INPUTS };

static bool shape(OpShape *op, Err *err)
{
    const size_t codes = op->in[CODEBOOK].dim[0];
    if (!code_shape_moved(op, (Shape){1, {codes}}, err)) return false;
    op->scratch = codes;
    return true;
}

static void forward(const OpRun *run)
{
    memcpy(run->out, run->in[Y], shape_count(run->out_shape) * sizeof *run->out);
    if (!run->state[CODEBOOK] || !run->state[UNUSED]) return;
    const CodesRestart restart = code_shape_restart(run, run->attributes);
    const size_t codes = run->in_shape[CODEBOOK].dim[0];
    real *used = run->scratch;
    memset(used, 0, codes * sizeof *used);
    for (size_t p = 0; p < restart.positions; p++) used[(size_t)run->in[CODES][p]] = 1;
    for (size_t k = 0; k < codes; k++)
        codes_restart(&restart, k, used[k] > 0, run->state[UNUSED] + k, run->state[CODEBOOK] + k * restart.dim);
}

static void backward(const OpRun *run)
{
    if (run->in_grad[Y]) elementwise_add(shape_count(run->out_shape), run->out_grad, run->in_grad[Y]);
}

static const RestartAttributes at_once = {.after = 1, .stream = "restart/test"};

static const OpCase cases[] = {
    {.label = "a grid",
     .attributes = &at_once,
     .inputs = INPUTS,
     .in = {{4, {3, 3, 2, 5}}, {4, {3, 3, 2, 5}}, {3, {3, 3, 2}}, {2, {37, 5}}, {1, {37}}},
     .whole = {[CODES] = 7},
     .state = {[CODEBOOK] = true, [UNUSED] = true},
     .straight_through = true},
    {.label = "flat",
     .attributes = &at_once,
     .inputs = INPUTS,
     .in = {{2, {35, 3}}, {2, {35, 3}}, {1, {35}}, {2, {64, 3}}, {1, {64}}},
     .whole = {[CODES] = 16},
     .state = {[CODEBOOK] = true, [UNUSED] = true},
     .straight_through = true},
};

const Op op_restart_codes = {
    .name = "restart_codes",
    .doc = "y (N,...,D), x (N,...,D), codes (N,...), codebook (K,D), unused (K) -> y, and its gradient goes to y. "
           "Training turns codes that were dead for too long into vectors of x",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .stops = {[X] = true},
    .moves = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
