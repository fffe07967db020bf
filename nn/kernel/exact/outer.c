/* Gradients of weights: outer products of the image's channels with the grid's, summed position by position. A tile is
 * some channels of a tap (or, where there are few, of a row of taps: neighbours in the image too) times some filters.
 * It stays in registers while it runs down a block of the batch, and all tiles go through one block before the next, so
 * that the block is read from the second cache. */
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    BLOCK = 256 * 1024, /* elements of image and grid in a block */
    FEW_CHANNELS = 8    /* fewer don't fill a tile */
};

typedef struct Job {
    ExactProducts of;
    const ExactIsa *isa;
    size_t panels;
    size_t length, spans; /* channels to be cut into tiles, and how many times they stand in a row of taps */
    size_t tiles;         /* of a span */
    size_t begin, end;    /* the block of images */
} Job;

/* The tile of rows [begin, end) of a row of taps, of all filters; nothing to sum where it has no lines or steps. */
static ExactOuter outer_of(const Job *job, size_t tap_row, size_t begin, size_t end)
{
    const ConvShape *s = job->of.shape;
    size_t line, first, start;
    ExactOuter t = {.a = job->of.x + job->begin * s->ih * s->iw * s->cin, .images = job->end - job->begin};
    t.lines = conv_outputs_seeing(tap_row, s->sh, s->top, s->ih, s->oh, &line) - line;
    t.a_image = s->ih * s->iw * s->cin;
    t.a_line = s->sh * s->iw * s->cin;
    t.a_step = s->sw * s->cin;
    t.b_image = s->oh * s->ow * s->cout;
    t.b_line = s->ow * s->cout;
    t.b_step = s->cout;
    /* The rightmost tap is the first to see the image, the leftmost the last; between, there are steps that see all. */
    const size_t last = conv_outputs_seeing((end - 1) / s->cin, s->sw, s->left, s->iw, s->ow, &start);
    t.steps = conv_outputs_seeing(begin / s->cin, s->sw, s->left, s->iw, s->ow, &first) - start;
    t.first = first - start;
    t.last = last - start;
    const ptrdiff_t moved = (ptrdiff_t)begin + (ptrdiff_t)(start * t.a_step);
    t.low = (ptrdiff_t)(s->left * s->cin) - moved;
    t.high = (ptrdiff_t)((s->iw + s->left) * s->cin) - moved;
    t.start = (ptrdiff_t)((line * s->sh + tap_row) * s->iw * s->cin) + moved -
              (ptrdiff_t)((s->top * s->iw + s->left) * s->cin);
    t.b = job->of.dy + job->begin * t.b_image + line * t.b_line + start * t.b_step;
    t.c = job->of.dw + (tap_row * s->kw * s->cin + begin) * s->cout;
    t.c_stride = s->cout;
    t.load = job->of.add || job->begin > 0;
    if (t.lines == 0 || t.steps == 0) t.images = 0;
    return t;
}

static void run_panels(const Job *job, ExactOuter *t, size_t rows)
{
    const float *b = t->b;
    float *c = t->c;
    for (size_t i = 0; i < job->panels; i++) {
        const ExactPanel panel = exact_panel(job->of.shape->cout, job->isa->width, i);
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
    run_panels(job, &t, end - begin);
}

ConvShape exact_line(const ConvShape *s, size_t images)
{
    const size_t places = s->n / images * s->ih * s->iw;
    return (ConvShape){images, 1, places, s->cin, 1, places, s->cout, 1, 1, 1, 1, 0, 0, 0};
}

size_t exact_block(const ConvShape *s)
{
    return size_max(BLOCK / (s->ih * s->iw * s->cin + s->oh * s->ow * s->cout), 1);
}

void exact_products(const ExactProducts *products)
{
    const ConvShape *s = products->shape;
    Job job = {.of = *products, .isa = exact_isa()};
    const bool few = s->cin < FEW_CHANNELS && s->taps == 0;
    job.panels = exact_panels(s->cout, job.isa->width);
    job.length = few ? s->kw * s->cin : s->cin;
    job.spans = few ? 1 : s->kw;
    job.tiles = size_ceil_div(job.length, job.isa->rows);
    ConvShape line;
    if (conv_is_pointwise(s)) {
        line = exact_line(s, s->n);
        job.of.shape = s = &line;
    }
    const size_t block = exact_block(s);
    for (; job.begin < s->n; job.begin = job.end) {
        job.end = size_min(job.begin + block, s->n);
        pool_run(job.tiles * (few ? s->kh : conv_taps(s)), tile_task, &job);
    }
}
