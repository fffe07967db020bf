/* Gradients of weights of small grids with many channels: a tap sees a few positions of an image, often one or two of a
 * line, too few for a kernel to run along. A task owns some channels and filters of a tap. It copies what they are at
 * the positions that the tap sees, a block of them at a time, so that all its tiles find them side by side in the first
 * two caches. */
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    GRID = 4,    /* positions at most */
    MANY = 64,   /* channels, and filters, at least: copying them is little beside their products */
    GROUP = 128, /* of channels, and of filters, at most */
    STEPS = 128, /* of a block */
    TASKS = 8,   /* fewer are cut up, as far as there are panels */
    LINE = 16,   /* elements of a cache line */
    ROW = GROUP + LINE
};

typedef struct Job {
    ExactProducts of;
    const ExactIsa *isa;
    size_t panels;
    size_t channel_groups, filter_groups;
} Job;

/* The positions that a tap sees: of each image some lines, of each line some steps. */
typedef struct Seen {
    size_t line, lines, step, steps;
} Seen;

/* Rows of one operand: where the first one lies, and how far the next position, line and image are. */
typedef struct Source {
    const float *at;
    size_t columns, step, line, image;
} Source;

bool exact_small_fits(const ConvShape *s)
{
    return s->oh * s->ow <= GRID && s->cin >= MANY && s->cout >= MANY;
}

static Seen seen_through(const ConvShape *s, size_t tap)
{
    size_t line, step;
    const size_t last_line = conv_outputs_seeing(tap / s->kw, s->sh, s->top, s->ih, s->oh, &line);
    const size_t last_step = conv_outputs_seeing(tap % s->kw, s->sw, s->left, s->iw, s->ow, &step);
    return (Seen){line, last_line - line, step, last_step - step};
}

/* An odd number of cache lines, so that rows don't fall into the same sets of a cache. */
static size_t row_of(size_t columns)
{
    return (size_ceil_div(columns, LINE) | 1) * LINE;
}

/* Positions [begin, begin + n) of those that are seen, one behind the other. */
static void copy_rows(const ExactIsa *isa, const Seen *seen, const Source *from, size_t begin, size_t n, float *to)
{
    const size_t row = row_of(from->columns);
    size_t step = begin % seen->steps, line = begin / seen->steps % seen->lines;
    size_t image = begin / seen->steps / seen->lines;
    while (n > 0) {
        const size_t some = size_min(seen->steps - step, n);
        isa->pack(some, from->columns, row, from->at + image * from->image + line * from->line + step * from->step,
                  from->step, to);
        to += some * row;
        n -= some;
        step = 0;
        if (++line == seen->lines) line = 0, image++;
    }
}

/* A task's share: channels from `channel` on, filters of the panels [first, last). */
typedef struct Part {
    size_t tap, channel, channels, first, last, filter, filters;
    Seen seen;
} Part;

static Part part_of(const Job *job, size_t task)
{
    const ConvShape *s = job->of.shape;
    const size_t filters = task % job->filter_groups, channels = task / job->filter_groups % job->channel_groups;
    Part p = {.tap = task / job->filter_groups / job->channel_groups};
    p.channel = exact_part(s->cin, job->channel_groups, channels);
    p.channels = exact_part(s->cin, job->channel_groups, channels + 1) - p.channel;
    p.first = exact_part(job->panels, job->filter_groups, filters);
    p.last = exact_part(job->panels, job->filter_groups, filters + 1);
    const ExactPanel back = exact_panel(s->cout, job->isa->width, p.last - 1);
    p.filter = exact_panel(s->cout, job->isa->width, p.first).begin;
    p.filters = back.begin + back.columns - p.filter;
    p.seen = seen_through(s, p.tap);
    return p;
}

/* All tiles of the part run down a block. */
static void run_block(const Job *job, const Part *p, ExactOuter t, const float *a, const float *b, float *c)
{
    const size_t cout = job->of.shape->cout, tiles = size_ceil_div(p->channels, job->isa->rows);
    for (size_t i = p->first; i < p->last; i++) {
        const ExactPanel panel = exact_panel(cout, job->isa->width, i);
        t.b = b + panel.begin - p->filter;
        t.columns = panel.columns;
        for (size_t tile = 0; tile < tiles; tile++) {
            const size_t channel = exact_part(p->channels, tiles, tile);
            t.a = a + channel;
            t.c = c + channel * cout + panel.begin - p->filter;
            job->isa->outer[panel.kind][exact_part(p->channels, tiles, tile + 1) - channel](&t);
        }
    }
}

static void sum_part(const Job *job, const Part *p, float *c)
{
    const ConvShape *s = job->of.shape;
    const Seen *seen = &p->seen;
    const size_t h = seen->line * s->sh + p->tap / s->kw - s->top, w = seen->step * s->sw + p->tap % s->kw - s->left;
    const Source x = {job->of.x + (h * s->iw + w) * s->cin + p->channel, p->channels, s->sw * s->cin,
                      s->sh * s->iw * s->cin, s->ih * s->iw * s->cin};
    const Source dy = {job->of.dy + (seen->line * s->ow + seen->step) * s->cout + p->filter, p->filters, s->cout,
                       s->ow * s->cout, s->oh * s->ow * s->cout};
    _Alignas(64) float a[STEPS * ROW], b[STEPS * ROW];
    const size_t steps = s->n * seen->lines * seen->steps;
    for (size_t begin = 0; begin < steps; begin += STEPS) {
        const size_t n = size_min(STEPS, steps - begin);
        ExactOuter t = {.images = 1, .lines = 1, .steps = n, .last = n, .c_stride = s->cout};
        t.a_step = row_of(x.columns);
        t.b_step = row_of(dy.columns);
        t.load = job->of.add || begin > 0;
        copy_rows(job->isa, seen, &x, begin, n, a);
        copy_rows(job->isa, seen, &dy, begin, n, b);
        run_block(job, p, t, a, b, c);
    }
}

static void part_task(void *context, size_t task)
{
    const Job *job = context;
    const ConvShape *s = job->of.shape;
    const Part p = part_of(job, task);
    float *c = job->of.dw + (p.tap * s->cin + p.channel) * s->cout + p.filter;
    if (p.seen.lines > 0 && p.seen.steps > 0) {
        sum_part(job, &p, c);
        return;
    }
    for (size_t i = 0; i < p.channels; i++) {
        for (size_t j = 0; j < p.filters; j++) c[i * s->cout + j] = job->of.add ? 0 + c[i * s->cout + j] : 0;
    }
}

void exact_small(const ExactProducts *products)
{
    const ConvShape *s = products->shape;
    Job job = {.of = *products, .isa = exact_isa()};
    job.panels = exact_panels(s->cout, job.isa->width);
    job.channel_groups = size_ceil_div(s->cin, GROUP);
    const size_t others = conv_taps(s) * job.channel_groups,
                 least = size_ceil_div(job.panels, GROUP / (2 * job.isa->width));
    job.filter_groups = size_max(least, size_min(size_ceil_div(TASKS, others), job.panels));
    pool_run(others * job.filter_groups, part_task, &job);
}
