#include "nn/op/gradients.h"

#include <string.h>

#include "nn/base/pool.h"
#include "nn/kernel/reduce.h"

enum { ALIGN = 16 /* elements, as the scratch of a pass is aligned */ };

static size_t aligned(size_t n)
{
    return mem_mul(size_ceil_div(n, ALIGN), ALIGN);
}

static size_t channels_of(Shape out)
{
    return out.dim[out.rank - 1];
}

size_t gradients_scratch(const OpShape *op, size_t contraction)
{
    const size_t bias = op->inputs == 3 ? reduce_rows_scratch(op->out.dim[0], channels_of(op->out)) : 0;
    return mem_add(mem_mul(2, aligned(contraction)), bias);
}

Ending gradients_ending(const OpRun *run)
{
    return (Ending){.add = !run->fresh[0], .rectified = run->rectified ? run->in[0] : NULL};
}

static bool wants_bias(const OpRun *run)
{
    return run->inputs == 3 && run->in_grad[2];
}

void gradients_bias(const OpRun *run)
{
    if (!wants_bias(run)) return;
    const size_t n = run->out_shape.dim[0], channels = channels_of(run->out_shape);
    if (run->fresh[2]) memset(run->in_grad[2], 0, channels * sizeof(real));
    reduce_rows(n, shape_count_example(run->out_shape) / channels, channels, run->out_grad, run->in_grad[2],
                run->scratch);
}

typedef struct Parts {
    size_t n;
    struct {
        Gradient *gradient;
        OpRun run;
    } part[3];
} Parts;

static void add_part(Parts *parts, Gradient *gradient, const OpRun *run, size_t scratch)
{
    parts->part[parts->n].gradient = gradient;
    parts->part[parts->n].run = *run;
    parts->part[parts->n].run.scratch += scratch;
    parts->n++;
}

static void run_part(void *context, size_t i)
{
    const Parts *parts = context;
    parts->part[i].gradient(&parts->part[i].run);
}

static bool are_apart(const OpRun *run)
{
    for (size_t i = 0; i < run->inputs; i++)
        for (size_t k = 0; k < i; k++)
            if (run->in_grad[i] && run->in_grad[i] == run->in_grad[k]) return false;
    return true;
}

/* The weight's, whose tasks are the longest, is first, and another thread begins with the input's. */
void gradients_run(const OpRun *run, Gradient *input, Gradient *weight, size_t contraction)
{
    Parts parts = {0};
    const size_t room = aligned(contraction);
    if (run->in_grad[1]) add_part(&parts, weight, run, 0);
    if (wants_bias(run)) add_part(&parts, gradients_bias, run, 2 * room);
    if (run->in_grad[0]) add_part(&parts, input, run, room);
    if (are_apart(run)) {
        pool_run(parts.n, run_part, &parts);
    } else {
        for (size_t i = 0; i < parts.n; i++) run_part(&parts, i);
    }
}
