/* Gradients of weights: outer products of the image's channels with the grid's, summed position by position. A tile is
 * some channels of a tap (or, where there are few, of a row of taps: neighbours in the image too) times some filters.
 * It stays in registers while it runs down a block of the batch, and all tiles go through one block before the next, so
 * that the block is read from the second cache. */
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    BLOCK = 256 * 1024, /* elements of image and grid in a block */
    FEW_CHANNELS = 8,   /* fewer don't fill a tile */
    TASKS = 16,         /* below: of products of flat images */
    STEPS = 128,        /* of a block */
    PANELS = 8,         /* of a task, if there are no more */
    PANELS_OF_MANY = 2, /* of a task else */
    COPY = 3,           /* a copy is to be used so often */
    WIDTH_MAX = 16,
    LINE = 16 /* elements of a cache line */
};

typedef struct Job {
    ExactProducts of;
    const ExactIsa *isa;
    size_t panels;
    size_t length, spans;  /* channels to be cut into tiles, and how many times they stand in a row of taps */
    size_t tiles;          /* of a span */
    size_t begin, end;     /* the block of images */
    size_t groups, ranges; /* of panels and of tiles, where the images are flat */
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
    if (t.images > 0 || !t.load) run_panels(job, &t, end - begin);
}

/* The next tile of the weight's gradient is far away: it is asked for while this one is summed. */
static void fetch(const float *c, size_t rows, size_t stride)
{
    for (size_t r = 0; r < rows; r++) {
        __builtin_prefetch(c + r * stride, 1);
        __builtin_prefetch(c + r * stride + LINE, 1);
    }
}

/* x (n,cin)^T dy (n,cout): a task owns some tiles times some panels: all of them where there are few, which pays for
 * copying the channels of a tile, else so few that their filters stay in the first cache. What several of them use, and
 * lies far apart, is copied a block of steps at a time. */
static void flat_task(void *context, size_t task)
{
    const Job *job = context;
    const ConvShape *s = job->of.shape;
    const size_t range = task / job->groups, vector = job->isa->width, group = task % job->groups;
    const size_t first = exact_part(job->tiles, job->ranges, range),
                 last = exact_part(job->tiles, job->ranges, range + 1);
    const size_t panel = exact_part(job->panels, job->groups, group);
    const size_t panels = exact_part(job->panels, job->groups, group + 1) - panel;
    const size_t steps = s->n;
    _Alignas(64) float a[STEPS * WIDTH_MAX], b[STEPS * PANELS * 2 * WIDTH_MAX];
    for (size_t begin = 0; begin < steps; begin += STEPS) {
        ExactOuter t = {.images = 1, .lines = 1, .steps = size_min(STEPS, steps - begin), .c_stride = s->cout};
        t.last = t.steps;
        t.load = job->of.add || begin > 0;
        const bool copy_a = panels >= COPY, copy_b = last - first >= COPY;
        for (size_t i = 0; i < panels && copy_b; i++) {
            const ExactPanel p = exact_panel(s->cout, vector, panel + i);
            job->isa->pack(t.steps, p.columns, p.width, job->of.dy + begin * s->cout + p.begin, s->cout,
                           b + i * STEPS * 2 * vector);
        }
        for (size_t tile = first; tile < last; tile++) {
            const size_t channel = exact_part(s->cin, job->tiles, tile);
            const size_t rows = exact_part(s->cin, job->tiles, tile + 1) - channel;
            const float *x = job->of.x + begin * s->cin + channel;
            const size_t width = size_ceil_div(rows, vector) * vector;
            if (copy_a) job->isa->pack(t.steps, rows, width, x, s->cin, a);
            t.a = copy_a ? a : x;
            t.a_step = copy_a ? width : s->cin;
            for (size_t i = 0; i < panels; i++) {
                const ExactPanel p = exact_panel(s->cout, vector, panel + i);
                t.b = copy_b ? b + i * STEPS * 2 * vector : job->of.dy + begin * s->cout + p.begin;
                t.b_step = copy_b ? p.width : s->cout;
                t.c = job->of.dw + channel * s->cout + p.begin;
                t.columns = p.columns;
                if (i + 1 < panels) fetch(t.c + p.columns, rows, s->cout);
                job->isa->outer[p.kind][rows](&t);
            }
        }
    }
}

bool exact_is_pointwise(const ConvShape *s)
{
    return s->kh == 1 && s->kw == 1 && s->sh == 1 && s->sw == 1 && s->top == 0 && s->left == 0 && s->ih == s->oh &&
           s->iw == s->ow;
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
    if (exact_is_pointwise(s)) {
        line = exact_line(s, s->n);
        job.of.shape = s = &line;
    }
    if (exact_is_pointwise(s) && s->iw == 1) {
        job.tiles = size_ceil_div(s->cin, job.isa->rows);
        job.groups = job.panels > PANELS ? size_ceil_div(job.panels, PANELS_OF_MANY) : 1;
        job.ranges = size_min(size_ceil_div(TASKS, job.groups), job.tiles);
        pool_run(job.groups * job.ranges, flat_task, &job);
        return;
    }
    const size_t block = exact_block(s);
    for (; job.begin < s->n; job.begin = job.end) {
        job.end = size_min(job.begin + block, s->n);
        pool_run(job.tiles * (few ? s->kh : conv_taps(s)), tile_task, &job);
    }
}
