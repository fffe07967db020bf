/* Products with a large weight of images of one pixel: dense layers, mostly. A task owns some panels of the weight. It
 * packs as much of one as the first cache holds, runs all tiles of the batch down it, and goes on: sums wait in the
 * destination. */
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    DEPTH = 256,            /* rows of the weight that are packed at a time */
    WEIGHT_MIN = 64 * 1024, /* elements: a smaller one is packed once for all tasks */
    TASKS = 16,
    TILES = 4, /* of a task at least, where the batch is cut: each part packs for itself */
    WIDTH_MAX = 16,
    PAGE = 1024, /* elements; rows that lie pages apart share one set of the first cache */
    PAGE_ROWS = 10
};

typedef struct Job {
    const ConvShape *shape;
    const ExactIsa *isa;
    ExactGather gather;
    size_t k, columns; /* the weight as a matrix */
    const float *w;    /* its element (i,j) lies at i * w_row + j * w_column */
    size_t w_row, w_column;
    size_t panels, groups, parts;
    size_t blocks; /* of k */
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
    Piece piece = {exact_panel(job->columns, job->isa->width, panel), exact_part(job->k, job->blocks, block), 0};
    piece.rows = exact_part(job->k, job->blocks, block + 1) - piece.begin;
    return piece;
}

static const float *place_of(const Job *job, const Piece *piece)
{
    return job->w + piece->begin * job->w_row + piece->panel.begin * job->w_column;
}

static void pack(const Job *job, const Piece *piece, float *to)
{
    const ExactPanel *p = &piece->panel;
    if (job->w_column == 1)
        job->isa->pack(piece->rows, p->columns, p->width, place_of(job, piece), job->w_row, to);
    else
        job->isa->pack_transposed(piece->rows, p->columns, p->width, place_of(job, piece), job->w_column, to);
}

static void run_tiles(const Job *job, const Piece *piece, const float *packed, size_t first, size_t last)
{
    const ExactGather *g = &job->gather;
    const size_t rows_max = job->k % PAGE == 0 ? size_min(job->isa->rows, PAGE_ROWS) : job->isa->rows;
    const size_t tiles = size_ceil_div(last - first, rows_max);
    const ExactRun run = {0, 0, piece->rows};
    const bool ends = piece->begin + piece->rows == job->k;
    ExactTile t = {.a_stride = job->k, .b = packed, .runs = &run, .run_count = 1, .c_stride = job->columns};
    t.columns = piece->panel.columns;
    t.load = g->ending.add || piece->begin > 0;
    t.rectify = ends && g->ending.rectify;
    if (ends && g->ending.bias) t.bias = g->ending.bias + piece->panel.begin;
    for (size_t i = 0; i < tiles; i++) {
        const size_t row = first + exact_part(last - first, tiles, i);
        const size_t rows = first + exact_part(last - first, tiles, i + 1) - row;
        const size_t at = row * job->columns + piece->panel.begin;
        t.a = g->from + row * job->k + piece->begin;
        t.c = g->to + at;
        if (ends && g->ending.rectified) t.rectified = g->ending.rectified + at;
        job->isa->tile[piece->panel.kind][rows](&t);
    }
}

static void flat_task(void *context, size_t task)
{
    const Job *job = context;
    const size_t group = task / job->parts, part = task % job->parts;
    const size_t first = exact_part(job->panels, job->groups, group) * job->blocks;
    const size_t last = exact_part(job->panels, job->groups, group + 1) * job->blocks;
    _Alignas(64) float packed[DEPTH * 2 * WIDTH_MAX];
    for (size_t i = first; i < last; i++) {
        const Piece piece = piece_of(job, i / job->blocks, i % job->blocks);
        pack(job, &piece, packed);
        run_tiles(job, &piece, packed, exact_part(job->shape->n, job->parts, part),
                  exact_part(job->shape->n, job->parts, part + 1));
    }
}

void exact_flat(const ExactGather *gather)
{
    const ConvShape *s = gather->shape;
    Job job = {.shape = s, .isa = exact_isa(), .gather = *gather};
    const bool backward = gather->backward;
    job.k = backward ? s->cout : s->cin;
    job.columns = backward ? s->cin : s->cout;
    job.w = gather->w + (s->top * s->kw + s->left) * s->cin * s->cout;
    job.w_row = backward ? 1 : s->cout;
    job.w_column = backward ? s->cout : 1;
    job.panels = exact_panels(job.columns, job.isa->width);
    job.groups = size_min(job.panels, TASKS);
    job.parts =
        size_min(size_ceil_div(TASKS / 2, job.groups), size_ceil_div(size_ceil_div(s->n, job.isa->rows), TILES));
    job.blocks = size_ceil_div(job.k, DEPTH);
    pool_run(job.groups * job.parts, flat_task, &job);
}
