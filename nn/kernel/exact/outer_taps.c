/* Gradients of weights of 3x3 over one channel: all taps of a vector of filters fit the registers, so that the grid is
 * read once, by two threads at least. */
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

bool exact_taps_fit(const ConvShape *s)
{
    return s->kh == 3 && s->kw == 3 && s->cin == 1 && s->taps == 0 && s->cout > exact_isa()->width;
}

static void taps_task(void *context, size_t task)
{
    const ExactProducts *of = context;
    const ExactIsa *isa = exact_isa();
    const size_t begin = task * isa->width, columns = size_min(isa->width, of->shape->cout - begin);
    const ExactTaps taps = {of->shape, of->x, of->dy + begin, of->dw + begin, columns, of->add};
    isa->taps[columns == isa->width ? EXACT_ONE : EXACT_PART](&taps);
}

void exact_taps(const ExactProducts *products)
{
    ExactProducts of = *products;
    pool_run(size_ceil_div(of.shape->cout, exact_isa()->width), taps_task, &of);
}
