#include <string.h>

#include "nn/kernel/codes_average.h"
#include "nn/kernel/elementwise.h"
#include "nn/op/code_shape.h"

/* Inputs: the codes' vectors, which pass through; what they stand for; the codes; and two buffers, the codebook (K,D)
 * and what is kept of each code (K, CODES_KEPT + D). */
enum { Y, X, CODES, CODEBOOK, KEPT, INPUTS };

static bool shape(OpShape *op, Err *err)
{
    const Shape codebook = op->in[CODEBOOK];
    if (!code_shape_moved(op, (Shape){2, {codebook.dim[0], codebook.dim[1] + CODES_KEPT}}, err)) return false;
    op->scratch = codes_average_scratch(op->in[X].dim[0], codebook.dim[0], codebook.dim[1]);
    return true;
}

static void forward(const OpRun *run)
{
    const AverageCodesAttributes *attributes = run->attributes;
    memcpy(run->out, run->in[Y], shape_count(run->out_shape) * sizeof *run->out);
    if (!run->state[CODEBOOK] || !run->state[KEPT]) return;
    const Shape codebook = run->in_shape[CODEBOOK];
    const CodesStep step = {.n = run->in_shape[X].dim[0],
                            .cells = shape_count_example(run->in_shape[CODES]),
                            .codes = codebook.dim[0],
                            .dim = codebook.dim[1],
                            .x = run->in[X],
                            .index = run->in[CODES],
                            .decay = attributes->decay,
                            .restart = code_shape_restart(run, &attributes->restart)};
    codes_average(&step, run->state[CODEBOOK], run->state[KEPT], run->scratch);
}

static void backward(const OpRun *run)
{
    if (run->in_grad[Y]) elementwise_add(shape_count(run->out_shape), run->out_grad, run->in_grad[Y]);
}

static const AverageCodesAttributes usual = {.decay = 0.99, .restart = {.stream = "restart/test"}},
                                    eager = {.decay = 0.5, .restart = {1, "restart/test"}};

static const OpCase cases[] = {
    {.label = "a grid",
     .attributes = &usual,
     .inputs = INPUTS,
     .in = {{4, {3, 3, 2, 5}}, {4, {3, 3, 2, 5}}, {3, {3, 3, 2}}, {2, {7, 5}}, {2, {7, 7}}},
     .whole = {[CODES] = 7},
     .state = {[CODEBOOK] = true, [KEPT] = true},
     .straight_through = true},
    {.label = "flat, two segments of the batch, dead codes begin anew",
     .attributes = &eager,
     .inputs = INPUTS,
     .in = {{2, {35, 3}}, {2, {35, 3}}, {1, {35}}, {2, {64, 3}}, {2, {64, 5}}},
     .whole = {[CODES] = 16},
     .state = {[CODEBOOK] = true, [KEPT] = true},
     .straight_through = true},
};

const Op op_average_codes = {
    .name = "average_codes",
    .doc = "y (N,...,D), x (N,...,D), codes (N,...), codebook (K,D), kept (K,2+D) -> y, and its gradient goes to y. "
           "Training moves the codebook to the decaying means of what its codes stand for, and codes that were dead "
           "for too long to vectors of x; van den Oord et al., 2017, appendix A.1",
    .shape = shape,
    .forward = forward,
    .backward = backward,
    .stops = {[X] = true},
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
