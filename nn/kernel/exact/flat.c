/* Products with a large weight of images of one pixel: dense layers, mostly. A task owns some panels of the weight. It
 * packs as much of one as the first cache holds, runs all tiles of the batch down it, and goes on: sums wait in the
 * destination. What is zero in all images of a tile is left out. */
#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    DEPTH = 256,            /* rows of the weight that are packed at a time */
    WEIGHT_MIN = 64 * 1024, /* elements: a smaller one is packed once for all tasks */
    TASKS = 16,
    TILES = 4,   /* of a task at least, where the batch is cut: each part packs for itself */
    PAGE = 1024, /* elements; rows that lie pages apart share one set of the first cache */
    PAGE_ROWS = 10,
    CELL = 16 /* of a tile's list: blocks of k begin at one */
};

typedef struct Job {
    const ConvShape *shape;
    const ExactIsa *isa;
    ExactGather gather;
    size_t k, columns; /* the weight as a matrix */
    const float *w;    /* its element (i,j) lies at i * w_row + j * w_column */
    size_t w_row, w_column;
    size_t panels, groups, parts;
    size_t blocks, depth; /* of k: how many, and the rows of one */
    size_t tiles, rows;   /* most of a part, and of a tile */
    float *lists;         /* of a part's tiles, then of the next one's; NULL: there are none */
} Job;

/* A piece of the weight: panel times block of k. */
typedef struct Piece {
    ExactPanel panel;
    size_t begin, rows;
} Piece;

bool exact_flat_fits(const ConvShape *s)
{
    return s->ih * s->iw == 1 && s->oh * s->ow == 1 && s->taps == 0 && s->top < s->kh && s->left < s->kw &&
           s->cin * s->cout > WEIGHT_MIN;
}

static Piece piece_of(const Job *job, size_t panel, size_t block)
{
    const size_t begin = block * job->depth;
    return (Piece){exact_panel(job->columns, job->isa->width, panel), begin, size_min(job->depth, job->k - begin)};
}

static const float *place_of(const Job *job, const Piece *piece)
{
    return job->w + piece->begin * job->w_row + piece->panel.begin * job->w_column;
}

static bool pack(const Job *job, const Piece *piece, float *to)
{
    const ExactPanel *p = &piece->panel;
    if (job->w_column == 1)
        return job->isa->pack(piece->rows, p->columns, p->width, place_of(job, piece), job->w_row, to);
    return job->isa->pack_transposed(piece->rows, p->columns, p->width, place_of(job, piece), job->w_column, to);
}

/* Images [begin, return) of a part of the batch. */
static size_t images_of(const Job *job, size_t part, size_t *begin)
{
    *begin = exact_part(job->shape->n, job->parts, part);
    return exact_part(job->shape->n, job->parts, part + 1);
}

/* The list of tile i of a part, without its images. */
static ExactLive live_of(const Job *job, size_t part, size_t i)
{
    return exact_live((ExactLive){
        .image = job->k,
        .line = job->k,
        .cell = CELL,
        .ring = 1,
        .lists = job->lists ? job->lists + (part * job->tiles + i) * exact_live_scratch(job->k, CELL) : NULL});
}

static void list_task(void *context, size_t task)
{
    const Job *job = context;
    const size_t part = task / job->tiles, i = task % job->tiles;
    size_t begin;
    const size_t end = images_of(job, part, &begin), first = begin + i * job->rows;
    if (first >= end) return;
    ExactLive live = live_of(job, part, i);
    live.from = job->gather.from + first * job->k;
    live.images = size_min(job->rows, end - first);
    exact_live_list(&live, 0);
}

static void run_tiles(const Job *job, const Piece *piece, const float *packed, size_t part, bool finite)
{
    const ExactGather *g = &job->gather;
    const bool ends = piece->begin + piece->rows == job->k;
    const ExactRun all = {
        .a = piece->begin, .n = piece->rows, .cell = piece->begin / CELL, .cells = size_ceil_div(piece->rows, CELL)};
    ExactTile t = {.a_stride = job->k, .b = packed, .run_count = 1, .c_stride = job->columns};
    t.columns = piece->panel.columns;
    t.load = g->ending.add || piece->begin > 0;
    t.rectify = ends && g->ending.rectify;
    if (ends && g->ending.bias) t.bias = g->ending.bias + piece->panel.begin;
    ExactLive live = live_of(job, part, 0);
    size_t first;
    const size_t end = images_of(job, part, &first);
    for (; first < end; first += job->rows, live.lists += live.list) {
        ExactRun run = all;
        if (job->lists && finite) exact_live_run(&live, &all, &run);
        const size_t at = first * job->columns + piece->panel.begin;
        t.runs = &run;
        t.a = g->from + first * job->k;
        t.c = g->to + at;
        if (ends && g->ending.rectified) t.rectified = g->ending.rectified + at;
        job->isa->tile[piece->panel.kind][size_min(job->rows, end - first)](&t);
    }
}

static void flat_task(void *context, size_t task)
{
    const Job *job = context;
    const size_t group = task / job->parts, part = task % job->parts;
    const size_t first = exact_part(job->panels, job->groups, group) * job->blocks;
    const size_t last = exact_part(job->panels, job->groups, group + 1) * job->blocks;
    _Alignas(64) float packed[DEPTH * 2 * EXACT_WIDTH_MAX];
    for (size_t i = first; i < last; i++) {
        const Piece piece = piece_of(job, i / job->blocks, i % job->blocks);
        const bool finite = pack(job, &piece, packed);
        run_tiles(job, &piece, packed, part, finite);
    }
}

static Job job_of(const ConvShape *s, bool backward)
{
    Job job = {.shape = s, .isa = exact_isa()};
    job.k = backward ? s->cout : s->cin;
    job.columns = backward ? s->cin : s->cout;
    job.w_row = backward ? 1 : s->cout;
    job.w_column = backward ? s->cout : 1;
    job.panels = exact_panels(job.columns, job.isa->width);
    job.groups = size_min(job.panels, TASKS);
    job.parts =
        size_min(size_ceil_div(TASKS / 2, job.groups), size_ceil_div(size_ceil_div(s->n, job.isa->rows), TILES));
    job.blocks = size_ceil_div(job.k, DEPTH);
    job.depth = size_ceil_div(size_ceil_div(job.k, job.blocks), CELL) * CELL;
    const size_t rows = job.k % PAGE == 0 ? size_min(job.isa->rows, PAGE_ROWS) : job.isa->rows;
    const size_t images = size_ceil_div(s->n, job.parts);
    job.rows = size_ceil_div(images, size_ceil_div(images, rows));
    job.tiles = size_ceil_div(images, job.rows);
    return job;
}

size_t exact_flat_scratch(const ConvShape *s, bool backward)
{
    const Job job = job_of(s, backward);
    if (!exact_live_fits(job.k)) return 0;
    return mem_add(mem_mul(mem_mul(job.parts, job.tiles), exact_live_scratch(job.k, CELL)), EXACT_ALIGN);
}

void exact_flat(const ExactGather *gather, float *scratch)
{
    const ConvShape *s = gather->shape;
    Job job = job_of(s, gather->backward);
    job.gather = *gather;
    job.w = gather->w + (s->top * s->kw + s->left) * s->cin * s->cout;
    if (exact_live_fits(job.k)) {
        job.lists = exact_aligned(scratch);
        pool_run(job.parts * job.tiles, list_task, &job);
    }
    pool_run(job.groups * job.parts, flat_task, &job);
}
