/* Gradients of weights: outer products of the image's channels with the grid's, summed position by position. A tile is
 * a stretch of one row of taps (its columns times its channels, neighbours in the image too) times some filters, and
 * stays in registers while it runs down a block of the batch. */
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    TASKS = 32,
    BLOCK = 64 * 1024 /* elements of image and grid that the tiles of a task go through before the next block */
};

typedef struct Job {
    const ConvShape *shape;
    const ExactIsa *isa;
    const float *x, *dy;
    float *dw;
    size_t panels, tiles; /* of a row of taps */
    size_t block;         /* images */
    size_t groups;        /* of tiles, a task each */
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
    *first = tap < begin ? ceil_div(begin - tap, stride) : 0;
    const size_t end = size + begin > tap ? min(ceil_div(size + begin - tap, stride), outputs) : 0;
    return max(end, *first);
}

static ExactOuter outer_of(const Job *job, size_t tap_row, size_t begin, size_t end)
{
    const ConvShape *s = job->shape;
    const size_t left_tap = begin / s->cin, right_tap = (end - 1) / s->cin;
    size_t line, first, other;
    ExactOuter t = {.a = job->x, .steps = s->ow, .columns = 0};
    t.lines = outputs_seeing(tap_row, s->sh, s->top, s->ih, s->oh, &line) - line;
    t.a_image = s->ih * s->iw * s->cin;
    t.a_line = s->sh * s->iw * s->cin;
    t.a_step = s->sw * s->cin;
    t.b_image = s->oh * s->ow * s->cout;
    t.b_line = s->ow * s->cout;
    t.b_step = s->cout;
    t.b = job->dy + line * t.b_line;
    /* All rows are seen from where the leftmost tap's image begins to where the rightmost's ends. */
    outputs_seeing(left_tap, s->sw, s->left, s->iw, s->ow, &first);
    t.last = outputs_seeing(right_tap, s->sw, s->left, s->iw, s->ow, &other);
    t.first = min(first, t.last);
    t.low = (ptrdiff_t)(s->left * s->cin) - (ptrdiff_t)begin;
    t.high = (ptrdiff_t)((s->iw + s->left) * s->cin) - (ptrdiff_t)begin;
    t.start = (ptrdiff_t)((line * s->sh + tap_row) * s->iw * s->cin + begin) -
              (ptrdiff_t)((s->top * s->iw + s->left) * s->cin);
    t.c = job->dw + (tap_row * s->kw * s->cin + begin) * s->cout;
    t.c_stride = s->cout;
    return t;
}

static void outer_task(void *context, size_t group)
{
    const Job *job = context;
    const ConvShape *s = job->shape;
    const size_t all = job->panels * s->kh * job->tiles, length = s->kw * s->cin;
    const size_t first = exact_part(all, job->groups, group), last = exact_part(all, job->groups, group + 1);
    for (size_t image = 0; image < s->n; image += job->block) {
        for (size_t i = first; i < last; i++) {
            const size_t tile = i % job->tiles, row = i / job->tiles % s->kh, at = i / job->tiles / s->kh;
            const ExactPanel panel = exact_panel(s->cout, job->isa->width, at);
            const size_t begin = exact_part(length, job->tiles, tile), end = exact_part(length, job->tiles, tile + 1);
            ExactOuter t = outer_of(job, row, begin, end);
            if (t.lines == 0) continue;
            t.images = min(job->block, s->n - image);
            t.a += image * t.a_image;
            t.b += image * t.b_image + panel.begin;
            t.c += panel.begin;
            t.columns = panel.columns;
            job->isa->outer[panel.kind][end - begin](&t);
        }
    }
}

void exact_grad_weight(const ConvShape *shape, const float *x, const float *dy, float *dw)
{
    const ConvShape *s = shape;
    ConvShape flat;
    if (s->kh == 1 && s->kw == 1 && s->sh == 1 && s->sw == 1 && s->top == 0 && s->left == 0 && s->ih == s->oh &&
        s->iw == s->ow) {
        /* Positions are neighbours across lines and images: one long line. */
        const size_t positions = s->n * s->oh * s->ow;
        flat = (ConvShape){1, 1, positions, s->cin, 1, positions, s->cout, 1, 1, 1, 1, 0, 0};
        s = &flat;
    }
    Job job = {.shape = s, .isa = exact_isa(), .x = x, .dy = dy, .dw = dw};
    job.panels = exact_panels(s->cout, job.isa->width);
    job.tiles = ceil_div(s->kw * s->cin, job.isa->rows);
    job.block = max(BLOCK / (s->ih * s->iw * s->cin + s->oh * s->ow * s->cout), 1);
    job.groups = min(TASKS, job.panels * s->kh * job.tiles);
    pool_run(job.groups, outer_task, &job);
}
