/* Gradients of weights of images of one pixel: dense layers, mostly. The operand that makes fewer pieces is packed once
 * for all tasks; a task owns a few tiles or panels of the other, and packs those. All of them go through a block of
 * steps before the next, so that what is packed is read from the first two caches. Columns of an operand that are zero
 * in all steps are left out where they are many: the others' products are spread over the gradient. */
#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    STEPS = 128, /* of a block */
    TASKS = 64,
    LINE = 16,      /* elements of a cache line */
    CLEAR_ROWS = 64 /* of the gradient that a task looks through for dead ones */
};

typedef struct Plan {
    const ExactIsa *isa;
    size_t steps, cin, cout;
    size_t tiles, panels; /* of x, of dy */
    size_t row;           /* elements that a step of a packed tile takes */
    bool by_tile;         /* what a task owns; the other is packed for all. Dead columns don't count in this choice */
} Plan;

typedef struct Job {
    Plan plan; /* of the live columns */
    ExactProducts of;
    float *shared; /* pieces of `steps` steps, one behind the other */
    size_t tasks;
    bool sparse;        /* not all columns are live */
    ExactColumns x, dy; /* if so */
} Job;

static Plan plan_of(const ConvShape *s, size_t cin, size_t cout)
{
    Plan p = {.isa = exact_isa(), .steps = s->n, .cin = cin, .cout = cout};
    p.tiles = size_ceil_div(cin, p.isa->rows);
    p.panels = exact_panels(cout, p.isa->width);
    p.by_tile = size_ceil_div(s->cin, p.isa->rows) > exact_panels(s->cout, p.isa->width);
    p.row = size_ceil_div(p.isa->rows, p.isa->width) * p.isa->width;
    return p;
}

bool exact_flat_products_fit(const ConvShape *s)
{
    return conv_is_pointwise(s) && s->ih * s->iw == 1;
}

/* What is packed for all tasks; it is whole cache lines. */
static size_t shared_size(const Plan *p)
{
    const size_t row = p->by_tile ? size_ceil_div(p->cout, p->isa->width) * p->isa->width : mem_mul(p->tiles, p->row);
    return size_ceil_div(mem_mul(p->steps, row), EXACT_ALIGN) * EXACT_ALIGN;
}

size_t exact_flat_products_scratch(const ConvShape *shape)
{
    const Plan p = plan_of(shape, shape->cin, shape->cout);
    const size_t columns = mem_add(exact_columns_scratch(shape->cin), exact_columns_scratch(shape->cout));
    return mem_add(mem_add(shared_size(&p), columns), EXACT_ALIGN);
}

static size_t tile_begin(const Plan *p, size_t tile)
{
    return exact_part(p->cin, p->tiles, tile);
}

/* Live columns [first, end) of an operand, and what is dead between them. */
static ExactSpan span_of(const ExactColumns *of, size_t first, size_t end)
{
    return (ExactSpan){of->bits, of->list[first], of->list[end - 1] + 1, .stride = of->n};
}

static void pack_live(const Job *job, const ExactColumns *of, size_t first, size_t columns, size_t width, size_t begin,
                      size_t steps, float *to)
{
    const ExactSpan span = span_of(of, first, first + columns);
    job->plan.isa->squeeze(steps, &span, of->from + begin * of->n, to, width);
}

/* Steps [begin, begin + steps) of a tile, and of a panel. */
static void pack_tile(const Job *job, size_t tile, size_t begin, size_t steps, float *to)
{
    const Plan *p = &job->plan;
    const size_t channel = tile_begin(p, tile), rows = tile_begin(p, tile + 1) - channel;
    if (job->sparse)
        pack_live(job, &job->x, channel, rows, p->row, begin, steps, to);
    else
        p->isa->pack(steps, rows, p->row, job->of.x + begin * p->cin + channel, p->cin, to);
}

static void pack_panel(const Job *job, size_t panel, size_t begin, size_t steps, float *to)
{
    const Plan *p = &job->plan;
    const ExactPanel at = exact_panel(p->cout, p->isa->width, panel);
    if (job->sparse)
        pack_live(job, &job->dy, at.begin, at.columns, at.width, begin, steps, to);
    else
        p->isa->pack(steps, at.columns, at.width, job->of.dy + begin * p->cout + at.begin, p->cout, to);
}

/* Where step `begin` of a piece that all tasks use lies. */
static float *shared_tile(const Job *job, size_t tile, size_t begin)
{
    return job->shared + (tile * job->plan.steps + begin) * job->plan.row;
}

static float *shared_panel(const Job *job, size_t panel, size_t begin)
{
    const ExactPanel at = exact_panel(job->plan.cout, job->plan.isa->width, panel);
    return job->shared + at.begin * job->plan.steps + begin * at.width;
}

static void pack_task(void *context, size_t i)
{
    const Job *job = context;
    if (job->plan.by_tile)
        pack_panel(job, i, 0, job->plan.steps, shared_panel(job, i, 0));
    else
        pack_tile(job, i, 0, job->plan.steps, shared_tile(job, i, 0));
}

/* The weight's gradient is far away: what the next tile times panel adds to is asked for while this one is summed. */
static void fetch(const float *c, size_t rows, size_t stride)
{
    for (size_t r = 0; r < rows; r++) {
        __builtin_prefetch(c + r * stride, 1);
        __builtin_prefetch(c + r * stride + LINE, 1);
    }
}

static void fetch_span(const float *c, size_t rows, const ExactSpan *s)
{
    for (size_t r = 0; r < rows; r++) {
        const float *row = c + s->rows[r] * s->stride;
        for (size_t o = s->begin / LINE * LINE; o < s->end; o += LINE) __builtin_prefetch(row + o, 1);
    }
}

/* A tile times a panel, and the dead columns up to the next panel's. */
static void run_live(const Job *job, ExactOuter *t, const ExactPanel *at, size_t channel, size_t rows)
{
    const Plan *p = &job->plan;
    const uint32_t *list = job->dy.list;
    const size_t end = at->begin + at->columns;
    _Alignas(64) float sums[EXACT_ROWS_MAX * 2 * EXACT_WIDTH_MAX + EXACT_WIDTH_MAX];
    const ExactSpan span = {job->dy.bits, at->begin ? list[at->begin] : 0, end < p->cout ? list[end] : job->dy.n,
                            job->x.list + channel, job->dy.n};
    t->c = sums;
    t->c_stride = at->width;
    fetch_span(job->of.dw, rows, &span);
    if (t->load) p->isa->squeeze(rows, &span, job->of.dw, sums, at->width);
    p->isa->outer[at->kind][rows](t);
    p->isa->spread(rows, &span, sums, at->width, job->of.add, job->of.dw);
}

static void run_block(const Job *job, size_t owned, size_t begin)
{
    const Plan *p = &job->plan;
    _Alignas(64) float own[STEPS * 2 * EXACT_WIDTH_MAX];
    const size_t others = p->by_tile ? p->panels : p->tiles;
    ExactOuter t = {.images = 1, .lines = 1, .steps = size_min(STEPS, p->steps - begin), .c_stride = p->cout};
    t.last = t.steps;
    t.load = job->of.add || begin > 0;
    if (p->by_tile)
        pack_tile(job, owned, begin, t.steps, own);
    else
        pack_panel(job, owned, begin, t.steps, own);
    for (size_t i = 0; i < others; i++) {
        const size_t tile = p->by_tile ? owned : i, panel = p->by_tile ? i : owned;
        const ExactPanel at = exact_panel(p->cout, p->isa->width, panel);
        const size_t channel = tile_begin(p, tile), rows = tile_begin(p, tile + 1) - channel;
        t.a = p->by_tile ? own : shared_tile(job, tile, begin);
        t.a_step = p->row;
        t.b = p->by_tile ? shared_panel(job, panel, begin) : own;
        t.b_step = at.width;
        t.columns = at.columns;
        if (job->sparse) {
            run_live(job, &t, &at, channel, rows);
            continue;
        }
        t.c = job->of.dw + channel * p->cout + at.begin;
        if (i + 1 < others) fetch(p->by_tile ? t.c + at.columns : t.c + rows * p->cout, rows, p->cout);
        p->isa->outer[at.kind][rows](&t);
    }
}

/* Rows of the gradient whose column of x is dead. */
static void clear_rows(const Job *job, size_t begin, size_t end)
{
    const size_t n = job->dy.n;
    for (size_t k = begin; k < end; k++) {
        float *row = job->of.dw + k * n;
        if (job->x.bits[k / 8] >> k % 8 & 1) continue;
        for (size_t o = 0; o < n; o++) row[o] = job->of.add ? row[o] + 0 : 0;
    }
}

static void own_task(void *context, size_t task)
{
    const Job *job = context;
    if (task >= job->tasks) {
        const size_t begin = (task - job->tasks) * CLEAR_ROWS;
        clear_rows(job, begin, size_min(begin + CLEAR_ROWS, job->x.n));
        return;
    }
    const size_t n = job->plan.by_tile ? job->plan.tiles : job->plan.panels;
    const size_t last = exact_part(n, job->tasks, task + 1);
    for (size_t i = exact_part(n, job->tasks, task); i < last; i++) {
        for (size_t begin = 0; begin < job->plan.steps; begin += STEPS) run_block(job, i, begin);
    }
}

void exact_flat_products(const ExactProducts *products, float *scratch)
{
    const ConvShape *s = products->shape;
    Job job = {.plan = plan_of(s, s->cin, s->cout), .of = *products, .shared = exact_aligned(scratch)};
    float *columns = job.shared + shared_size(&job.plan);
    job.x = exact_columns_in(products->x, s->cin, columns);
    job.dy = exact_columns_in(products->dy, s->cout, columns + exact_columns_scratch(s->cin));
    job.sparse = exact_columns(s->n, &job.x, &job.dy);
    if (job.sparse) job.plan = plan_of(s, job.x.live, job.dy.live);
    const Plan *p = &job.plan;
    job.tasks = size_min(p->by_tile ? p->tiles : p->panels, TASKS);
    pool_run(p->by_tile ? p->panels : p->tiles, pack_task, &job);
    pool_run(job.tasks + (job.sparse ? size_ceil_div(job.x.n, CLEAR_ROWS) : 0), own_task, &job);
}
