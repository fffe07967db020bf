/* Gradients of weights: outer products of the image's channels with the grid's, summed position by position. A tile is
 * some channels of a tap (or, where there are few, of a row of taps: neighbours in the image too) times some filters.
 * It stays in registers while it runs down a block of the batch, and all tiles go through one block before the next, so
 * that the block is read from the second cache. */
#include <string.h>

#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    BLOCK = 160 * 1024, /* elements of image and grid in a block */
    FEW_CHANNELS = 8,   /* fewer don't fill a tile */
    STEPS = 256,        /* of a block whose tiles are copied */
    COPY_PANELS = 3     /* a copied tile is to be used so often */
};

typedef struct Job {
    const ConvShape *shape;
    const ExactIsa *isa;
    const float *x, *dy;
    float *dw;
    size_t panels;
    size_t length, spans; /* channels to be cut into tiles, and how many times they stand in a row of taps */
    size_t tiles;         /* of a span */
    size_t begin, end;    /* the block: images, or steps where there is one line of them */
} Job;

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The outputs [*first, return) that see the image through the tap. */
static size_t outputs_seeing(size_t tap, size_t stride, size_t begin, size_t size, size_t outputs, size_t *first)
{
    *first = min(tap < begin ? ceil_div(begin - tap, stride) : 0, outputs);
    const size_t end = size + begin > tap ? min(ceil_div(size + begin - tap, stride), outputs) : 0;
    return max(end, *first);
}

/* The tile of rows [begin, end) of a row of taps, of all filters; nothing to do where it has no lines or steps. */
static ExactOuter outer_of(const Job *job, size_t tap_row, size_t begin, size_t end)
{
    const ConvShape *s = job->shape;
    size_t line, first, start;
    ExactOuter t = {.a = job->x + job->begin * s->ih * s->iw * s->cin, .images = job->end - job->begin};
    t.lines = outputs_seeing(tap_row, s->sh, s->top, s->ih, s->oh, &line) - line;
    t.a_image = s->ih * s->iw * s->cin;
    t.a_line = s->sh * s->iw * s->cin;
    t.a_step = s->sw * s->cin;
    t.b_image = s->oh * s->ow * s->cout;
    t.b_line = s->ow * s->cout;
    t.b_step = s->cout;
    /* The rightmost tap is the first to see the image, the leftmost the last; between, there are steps that see all. */
    const size_t last = outputs_seeing((end - 1) / s->cin, s->sw, s->left, s->iw, s->ow, &start);
    t.steps = outputs_seeing(begin / s->cin, s->sw, s->left, s->iw, s->ow, &first) - start;
    t.first = first - start;
    t.last = last - start;
    const ptrdiff_t moved = (ptrdiff_t)begin + (ptrdiff_t)(start * t.a_step);
    t.low = (ptrdiff_t)(s->left * s->cin) - moved;
    t.high = (ptrdiff_t)((s->iw + s->left) * s->cin) - moved;
    t.start = (ptrdiff_t)((line * s->sh + tap_row) * s->iw * s->cin) + moved -
              (ptrdiff_t)((s->top * s->iw + s->left) * s->cin);
    t.b = job->dy + job->begin * t.b_image + line * t.b_line + start * t.b_step;
    t.c = job->dw + (tap_row * s->kw * s->cin + begin) * s->cout;
    t.c_stride = s->cout;
    return t;
}

static void run_panels(const Job *job, ExactOuter *t, size_t rows)
{
    const float *b = t->b;
    float *c = t->c;
    for (size_t i = 0; i < job->panels; i++) {
        const ExactPanel panel = exact_panel(job->shape->cout, job->isa->width, i);
        t->b = b + panel.begin;
        t->c = c + panel.begin;
        t->columns = panel.columns;
        job->isa->outer[panel.kind][rows](t);
    }
}

static void tile_task(void *context, size_t task)
{
    const Job *job = context;
    const size_t tile = task % job->tiles, span = task / job->tiles % job->spans;
    const size_t begin = span * job->length + exact_part(job->length, job->tiles, tile);
    const size_t end = span * job->length + exact_part(job->length, job->tiles, tile + 1);
    ExactOuter t = outer_of(job, task / job->tiles / job->spans, begin, end);
    if (t.lines > 0 && t.steps > 0) run_panels(job, &t, end - begin);
}

/* x (n,cin)^T dy (n,cout): the tile's channels, which lie far apart, are copied for all filters to use. */
static void flat_task(void *context, size_t tile)
{
    const Job *job = context;
    const ConvShape *s = job->shape;
    float copy[STEPS * EXACT_ROWS_MAX];
    const size_t begin = exact_part(s->cin, job->tiles, tile), rows = exact_part(s->cin, job->tiles, tile + 1) - begin;
    const float *a = job->x + job->begin * s->cin + begin;
    ExactOuter t = {.a = a, .images = 1, .lines = 1, .steps = job->end - job->begin, .a_step = s->cin};
    t.last = t.steps;
    t.b = job->dy + job->begin * s->cout;
    t.b_step = s->cout;
    t.c = job->dw + begin * s->cout;
    t.c_stride = s->cout;
    if (job->panels >= COPY_PANELS) {
        for (size_t i = 0; i < t.steps; i++) memcpy(copy + i * rows, a + i * s->cin, rows * sizeof *copy);
        t.a = copy;
        t.a_step = rows;
    }
    run_panels(job, &t, rows);
}

static bool is_flat(const ConvShape *s)
{
    return s->kh == 1 && s->kw == 1 && s->sh == 1 && s->sw == 1 && s->top == 0 && s->left == 0 && s->ih == s->oh &&
           s->iw == s->ow;
}

void exact_grad_weight(const ConvShape *s, const float *x, const float *dy, float *dw)
{
    Job job = {.shape = s, .isa = exact_isa(), .x = x, .dy = dy, .dw = dw};
    const bool flat = is_flat(s), few = s->cin < FEW_CHANNELS;
    const size_t image = s->ih * s->iw * s->cin + s->oh * s->ow * s->cout;
    const size_t all = flat ? s->n * s->oh * s->ow : s->n, block = flat ? STEPS : max(BLOCK / image, 1);
    job.panels = exact_panels(s->cout, job.isa->width);
    job.length = few ? s->kw * s->cin : s->cin;
    job.spans = few ? 1 : s->kw;
    job.tiles = ceil_div(job.length, job.isa->rows);
    for (; job.begin < all; job.begin = job.end) {
        job.end = min(job.begin + block, all);
        pool_run(job.tiles * job.spans * s->kh, flat ? flat_task : tile_task, &job);
    }
}
