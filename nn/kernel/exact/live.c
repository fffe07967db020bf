#include "nn/base/alloc.h"
#include "nn/kernel/exact/exact.h"

enum { WORTH = 16 }; /* more than one in so many is to be left out: a run without links goes a little faster */

bool exact_live_fits(size_t line)
{
    return line <= UINT32_MAX / EXACT_WIDTH_MAX;
}

/* The links of a line, with room for the last vector; behind them where those of each cell begin. */
static size_t begins_of(size_t line)
{
    return mem_mul(mem_add(line, EXACT_WIDTH_MAX), EXACT_LINK);
}

size_t exact_live_scratch(size_t line, size_t cell)
{
    const size_t size = mem_add(begins_of(line), size_ceil_div(line, cell) + 1);
    return size_ceil_div(size, EXACT_ALIGN) * EXACT_ALIGN;
}

ExactLive exact_live(ExactLive live)
{
    live.begins = begins_of(live.line);
    live.list = exact_live_scratch(live.line, live.cell);
    return live;
}

static float *list_of(const ExactLive *live, size_t line)
{
    return live->lists + (line & (live->ring - 1)) * live->list;
}

void exact_live_list(const ExactLive *live, size_t line)
{
    float *list = list_of(live, line);
    ExactLink *links = (void *)list;
    uint32_t *begins = (void *)(list + live->begins);
    const ExactIsa *isa = exact_isa();
    const float *from = live->from + line * live->line;
    size_t count = 0;
    for (size_t begin = 0; begin < live->line; begin += live->cell) {
        *begins++ = (uint32_t)count;
        count += isa->live(size_min(live->cell, live->line - begin), from + begin, live->image, live->images, begin,
                           links + count);
    }
    *begins = (uint32_t)count;
}

void exact_live_run(const ExactLive *live, const ExactRun *run, ExactRun *to)
{
    const float *list = list_of(live, run->line);
    const uint32_t *begins = (const void *)(list + live->begins);
    const size_t first = begins[run->cell], n = begins[run->cell + run->cells] - first;
    const bool all = run->n - n < run->n / WORTH + 1;
    const size_t moved = all ? 0 : run->cell * live->cell;
    to->a = run->a - moved;
    to->b = run->b - (ptrdiff_t)moved;
    to->n = all ? run->n : n;
    to->links = all ? NULL : (const ExactLink *)(const void *)list + first;
}
