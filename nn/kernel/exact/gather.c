/* Outputs that gather: conv2d (and the gradient of conv2d_transpose's input) from the image, the gradient of conv2d's
 * input (and conv2d_transpose) from the grid. A tile is one position in several images, so all its rows see the same
 * taps, and the kernel reads the source in place. Small dense layers are images of one pixel. */
#include <stdatomic.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    TASKS = 32,              /* more list more source lines twice */
    PANEL_TASKS = 8,         /* each costs a packed panel */
    WEIGHT_MAX = 128 * 1024, /* elements; a larger weight is cut by panels, and each task packs its own */
    GROUP = 4,               /* panels */
    PACK_ROWS = 64,          /* packed of a panel before the next: the same pages */
    PAGE = 1024,             /* elements; rows that lie pages apart share one set of the first cache */
    PAGE_ROWS = 10,
    LIVE_CHANNELS = 8 /* of fewer, what is zero is not worth looking for */
};

typedef struct Plan {
    const ConvShape *shape;
    bool backward;
    const ExactIsa *isa;
    size_t k, columns;     /* the weight as a matrix */
    size_t channels;       /* of the source */
    size_t height, width;  /* of the destination */
    size_t from_image;     /* elements of an image of the source */
    size_t rows;           /* most of a tile */
    size_t panels, padded; /* panels, and their columns in all */
    bool by_panel;         /* a task owns some panels: a group */
    size_t groups;
    size_t parts, lines;          /* parts of the batch and of the height */
    bool live;                    /* products with zeros are left out */
    size_t from_line, seen, ring; /* of the source: lines that a line sees, and lists that are kept */
} Plan;

typedef struct Job {
    Plan plan;
    ExactGather gather;
    float *packed, *lists;
    atomic_bool wild; /* a weight is not finite */
} Job;

static Plan plan_of(const ConvShape *s, bool backward)
{
    Plan p = {.shape = s, .backward = backward, .isa = exact_isa()};
    p.channels = backward ? s->cout : s->cin;
    p.columns = backward ? s->cin : s->cout;
    p.height = backward ? s->ih : s->oh;
    p.width = backward ? s->iw : s->ow;
    p.from_image = backward ? s->oh * s->ow * s->cout : s->ih * s->iw * s->cin;
    p.rows = p.from_image % PAGE == 0 ? size_min(p.isa->rows, PAGE_ROWS) : p.isa->rows;
    p.k = mem_mul(conv_taps(s), p.channels);
    p.panels = exact_panels(p.columns, p.isa->width);
    p.padded = size_ceil_div(p.columns, p.isa->width) * p.isa->width;
    p.by_panel = mem_mul(p.k, p.columns) > WEIGHT_MAX;
    const size_t tiles = size_ceil_div(s->n, p.isa->rows);
    p.groups = size_min(p.panels, size_max(TASKS, size_ceil_div(p.panels, GROUP)));
    p.parts = p.by_panel ? size_min(size_ceil_div(PANEL_TASKS, p.panels), size_ceil_div(tiles, 4)) : tiles;
    p.lines = p.by_panel ? 1 : size_min(size_ceil_div(TASKS, tiles), p.height);
    p.from_line = (backward ? s->ow : s->iw) * p.channels;
    p.seen = exact_lines_seen(s, backward);
    for (p.ring = 1; p.ring < p.seen;) p.ring *= 2;
    p.live = !p.by_panel && p.channels >= LIVE_CHANNELS && exact_live_fits(p.from_line);
    return p;
}

static size_t packed_size(const Plan *p)
{
    return mem_mul(mem_mul(p->k, p->padded), p->by_panel ? p->parts : 1);
}

static size_t lists_size(const Plan *p)
{
    return mem_mul(exact_live_scratch(p->from_line, p->channels), p->ring);
}

size_t exact_gather_scratch(const ConvShape *shape, bool backward)
{
    const Plan p = plan_of(shape, backward);
    const size_t lists = p.live ? mem_mul(mem_mul(p.parts, p.lines), lists_size(&p)) : 0;
    return mem_add(mem_add(packed_size(&p), lists), EXACT_ALIGN);
}

static bool tap_used(const Plan *p, size_t a)
{
    const ConvShape *s = p->shape;
    for (size_t o = 0; o < s->oh; o++) {
        if (o * s->sh + a >= s->top && o * s->sh + a < s->top + s->ih) return true;
    }
    return false;
}

/* Packs panels [first, last) of the weight, a few rows of all of them at a time, since those are neighbours; rows of
 * taps that nothing sees are left out. Returns whether all weights are finite. */
static bool pack_panels(const Job *job, size_t first, size_t last, float *packed)
{
    bool finite = true;
    const Plan *p = &job->plan;
    const ConvShape *s = p->shape;
    const size_t k = p->backward ? p->channels : s->kw * p->channels;
    for (size_t tap = 0; tap * k < p->k; tap++) {
        if (!tap_used(p, p->backward ? tap / s->kw : tap)) continue;
        const size_t end = size_min(k, p->k - tap * k);
        for (size_t row = 0; row < end; row += PACK_ROWS) {
            const size_t rows = size_min(PACK_ROWS, end - row);
            for (size_t i = first; i < last; i++) {
                const ExactPanel panel = exact_panel(p->columns, p->isa->width, i);
                float *to = packed + panel.begin * p->k + (tap * k + row) * panel.width;
                if (p->backward) {
                    const float *w = job->gather.w + (tap * s->cin + panel.begin) * k + row;
                    finite &= p->isa->pack_transposed(rows, panel.columns, panel.width, w, k, to);
                } else {
                    const float *w = job->gather.w + (tap * k + row) * s->cout + panel.begin;
                    finite &= p->isa->pack(rows, panel.columns, panel.width, w, s->cout, to);
                }
            }
        }
    }
    return finite;
}

static void pack_task(void *context, size_t task)
{
    Job *job = context;
    if (!pack_panels(job, task, task + 1, job->packed)) atomic_store(&job->wild, true);
}

/* One task's share, and the position that it is at. */
typedef struct Work {
    const Job *job;
    const float *packed;
    size_t first_column, last_column, first_image, last_image;
    size_t h, w;
    ExactLive live;
    size_t listed; /* source lines before this are listed */
} Work;

/* All tiles of a position, or a piece of their chains. It is called so often that divisions are worth sparing, and
 * clearing a tile that is to be filled. */
static void run_tiles(void *context, const ExactRun *runs, size_t n, bool first, bool last)
{
    const Work *work = context;
    const Plan *p = &work->job->plan;
    const ExactGather *g = &work->job->gather;
    const size_t images = work->last_image - work->first_image, tiles = size_ceil_div(images, p->rows);
    const size_t to_image = p->height * p->width * p->columns;
    const size_t place = (work->h * p->width + work->w) * p->columns;
    ExactRun live[EXACT_RUNS];
    for (size_t i = 0; i < n && p->live; i++) exact_live_run(&work->live, &runs[i], &live[i]);
    ExactTile tile;
    tile.a_stride = p->from_image;
    tile.runs = p->live ? live : runs;
    tile.run_count = n;
    tile.c_stride = to_image;
    tile.load = g->ending.add || !first;
    tile.rectify = last && g->ending.rectify;
    for (size_t i = 0, image = work->first_image, end; i < tiles; i++, image = end) {
        end = i + 1 < tiles ? work->first_image + exact_part(images, tiles, i + 1) : work->last_image;
        const size_t at = image * to_image + place;
        tile.a = g->from + image * p->from_image;
        for (size_t column = work->first_column; column < work->last_column; column += tile.columns) {
            const ExactPanel panel = exact_panel_at(p->columns, p->isa->width, column);
            tile.b = work->packed + column * p->k;
            tile.c = g->to + at + column;
            tile.bias = last && g->ending.bias ? g->ending.bias + column : NULL;
            tile.rectified = last && g->ending.rectified ? g->ending.rectified + at + column : NULL;
            tile.columns = panel.columns;
            p->isa->tile[panel.kind][end - image](&tile);
        }
    }
}

/* Lists the source lines that line h of the destination sees. */
static void list_lines(Work *work, size_t h)
{
    const Plan *p = &work->job->plan;
    const size_t first = exact_first_line(p->shape, p->backward, h);
    const size_t end = size_min(first + p->seen, p->from_image / p->from_line);
    for (work->listed = size_max(work->listed, first); work->listed < end; work->listed++)
        exact_live_list(&work->live, work->listed);
}

static void gather_task(void *context, size_t task)
{
    const Job *job = context;
    const Plan *p = &job->plan;
    Work work = {.job = job, .packed = job->packed, .last_column = p->columns};
    const size_t line = task % p->lines, part = p->by_panel ? task / p->groups : task / p->lines;
    if (p->by_panel) {
        const size_t group = task % p->groups;
        float *own = job->packed + part * p->k * p->padded;
        const size_t first = exact_part(p->panels, p->groups, group), end = exact_part(p->panels, p->groups, group + 1);
        work.packed = own;
        work.first_column = exact_panel(p->columns, p->isa->width, first).begin;
        const ExactPanel back = exact_panel(p->columns, p->isa->width, end - 1);
        work.last_column = back.begin + back.columns;
        pack_panels(job, first, end, own);
    }
    work.first_image = exact_part(p->shape->n, p->parts, part);
    work.last_image = exact_part(p->shape->n, p->parts, part + 1);
    if (p->live) {
        work.live = exact_live((ExactLive){.from = job->gather.from + work.first_image * p->from_image,
                                           .images = work.last_image - work.first_image,
                                           .image = p->from_image,
                                           .line = p->from_line,
                                           .cell = p->channels,
                                           .ring = p->ring,
                                           .lists = job->lists + task * lists_size(p)});
    }
    const size_t last = exact_part(p->height, p->lines, line + 1);
    for (work.h = exact_part(p->height, p->lines, line); work.h < last; work.h++) {
        if (p->live) list_lines(&work, work.h);
        for (work.w = 0; work.w < p->width; work.w++) {
            exact_runs(p->shape, p->backward, work.h, work.w, run_tiles, &work);
        }
    }
}

void exact_gather(const ExactGather *gather, float *scratch)
{
    Job job = {.plan = plan_of(gather->shape, gather->backward), .gather = *gather, .packed = exact_aligned(scratch)};
    Plan *p = &job.plan;
    job.lists = job.packed + packed_size(p);
    if (!p->by_panel) pool_run(p->panels, pack_task, &job);
    if (atomic_load(&job.wild)) p->live = false;
    pool_run(p->by_panel ? p->groups * p->parts : p->parts * p->lines, gather_task, &job);
}
