/* Gradients of weights of 3x3 over one channel: all taps of a vector of filters fit the registers, so that the grid is
 * read once, by two threads at least. */
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

typedef struct Job {
    const ConvShape *shape;
    const ExactIsa *isa;
    const float *x, *dy;
    bool add;
    float *dw;
} Job;

bool exact_taps_fit(const ConvShape *s)
{
    return s->kh == 3 && s->kw == 3 && s->cin == 1 && s->taps == 0 && s->cout > exact_isa()->width;
}

static void taps_task(void *context, size_t task)
{
    const Job *job = context;
    const size_t width = job->isa->width, begin = task * width, columns = size_min(width, job->shape->cout - begin);
    const ExactTaps taps = {job->shape, job->x, job->dy + begin, job->dw + begin, columns, job->add};
    job->isa->taps[columns == width ? EXACT_ONE : EXACT_PART](&taps);
}

void exact_taps_grad_weight(const ConvShape *s, const float *x, const float *dy, bool add, float *dw)
{
    Job job = {s, exact_isa(), x, dy, add, dw};
    pool_run(size_ceil_div(s->cout, job.isa->width), taps_task, &job);
}
