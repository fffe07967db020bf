/* Columns of operands that are zero throughout: units behind a relu that no image of a batch excites. */
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"
#include "nn/kernel/wide.h"

enum {
    PROBE = 8,     /* steps in which most columns that are live show it */
    BLOCK = 256,   /* columns of a task */
    BITS_READ = 4, /* more than the bits take, as ExactSpan says */
    SKIPPED = 8    /* at least one in so many products is to be left out */
};

static const uint32_t INFINITE = 0xff000000; /* as a magnitude's bits, those of an infinity; a NaN's are larger */

/* Both operands are looked through in steps [first, last). */
typedef struct Survey {
    ExactColumns of[2];
    size_t first, last;
} Survey;

/* The same of one of them. */
typedef struct Rows {
    const ExactColumns *of;
    size_t first, last;
} Rows;

WIDE(magnitudes)(const void *context, size_t begin, size_t end)
{
    const Rows *rows = context;
    const size_t n = rows->of->n;
    uint32_t *restrict most = rows->of->list;
    if (rows->first == 0) memset(most + begin, 0, (end - begin) * sizeof *most);
    for (size_t i = rows->first; i < rows->last; i++) {
        const float *x = rows->of->from + i * n;
        for (size_t j = begin; j < end; j++) {
            uint32_t bits;
            memcpy(&bits, &x[j], sizeof bits);
            bits <<= 1;
            most[j] = most[j] > bits ? most[j] : bits;
        }
    }
}

static void survey_task(void *context, size_t task)
{
    const Survey *survey = context;
    const size_t blocks = size_ceil_div(survey->of[0].n, BLOCK);
    const Rows rows = {&survey->of[task >= blocks], survey->first, survey->last};
    const size_t begin = (task < blocks ? task : task - blocks) * BLOCK;
    wide_call(&magnitudes, &rows, begin, size_min(begin + BLOCK, rows.of->n));
}

static size_t survey_tasks(const Survey *s)
{
    return size_ceil_div(s->of[0].n, BLOCK) + size_ceil_div(s->of[1].n, BLOCK);
}

static size_t count(const ExactColumns *of)
{
    size_t live = 0;
    for (size_t j = 0; j < of->n; j++) live += of->list[j] > 0;
    return live;
}

static bool finite(const ExactColumns *of)
{
    uint32_t most = 0;
    for (size_t j = 0; j < of->n; j++) most = most > of->list[j] ? most : of->list[j];
    return most < INFINITE;
}

static bool worth_it(const ExactColumns *x, size_t x_live, const ExactColumns *dy, size_t dy_live)
{
    const double all = (double)x->n * (double)dy->n;
    return all - (double)x_live * (double)dy_live > all / SKIPPED;
}

/* Magnitudes become the list, which never overtakes them. */
static void list(ExactColumns *of, bool all)
{
    size_t live = 0;
    memset(of->bits, 0, of->n / 8 + 1);
    for (size_t j = 0; j < of->n; j++) {
        const bool is = all || of->list[j] > 0;
        of->bits[j / 8] |= (unsigned char)(is << j % 8);
        of->list[live] = (uint32_t)j;
        live += is;
    }
    of->live = live;
}

/* No live ones at all. */
static void clear(ExactColumns *of)
{
    of->live = 0;
    memset(of->bits, 0, of->n / 8 + 1);
}

size_t exact_columns_scratch(size_t n)
{
    const size_t bits = size_ceil_div(n / 8 + 1 + BITS_READ, sizeof(float));
    return mem_add(mem_add(n, bits), EXACT_ALIGN) / EXACT_ALIGN * EXACT_ALIGN;
}

ExactColumns exact_columns_in(const float *from, size_t n, float *scratch)
{
    return (ExactColumns){.from = from, .n = n, .list = (void *)scratch, .bits = (void *)(scratch + n)};
}

bool exact_columns(size_t steps, ExactColumns *x, ExactColumns *dy)
{
    Survey survey = {{*x, *dy}, 0, size_min(steps, PROBE)};
    const size_t tasks = survey_tasks(&survey);
    if (x->n > UINT32_MAX || dy->n > UINT32_MAX) return false;
    for (size_t i = 0; i < tasks; i++) survey_task(&survey, i);
    if (!worth_it(x, count(x), dy, count(dy))) return false;
    survey.first = survey.last;
    survey.last = steps;
    if (survey.first < steps) pool_run(tasks, survey_task, &survey);
    const bool x_all = !finite(dy), dy_all = !finite(x);
    if (!worth_it(x, x_all ? x->n : count(x), dy, dy_all ? dy->n : count(dy))) return false;
    list(x, x_all);
    list(dy, dy_all);
    if (dy->live == 0) clear(x);
    return true;
}
