/* Image elements of few channels from the grid, by kernels of 3x3, with an image in each lane. A chain takes in the
 * grid's places that see its element from the last one to the first: so do lines and places here, each of which is read
 * once, turned, and added to the nine elements that it sees, without the channels that are zero in all images. Sums
 * wait in a ring of lines. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    TASKS = 16,
    KERNEL = 3,
    TAPS = KERNEL * KERNEL,
    CHANNELS = 8, /* of fewer, places are not worth turning one by one */
};

typedef struct Plan {
    const ConvShape *shape;
    const ExactIsa *isa;
    size_t groups, parts;                    /* of the batch, of the height */
    size_t width, column;                    /* positions of a line of sums; elements of a ring */
    size_t turned, links, sums, ended, size; /* where each lies in a task's scratch, and the size of that */
} Plan;

typedef struct Job {
    Plan plan;
    ExactGather gather;
    float *w; /* (cin,cout,taps) */
    float *scratch;
    bool live;
} Job;

bool exact_scatter_fits(const ConvShape *s, bool backward)
{
    return backward && s->kh == KERNEL && s->kw == KERNEL && s->taps == 0 && s->cout >= CHANNELS &&
           exact_live_fits(s->cout) && exact_lanes_fit(s, backward);
}

static Plan plan_of(const ConvShape *s)
{
    Plan p = {.shape = s, .isa = exact_isa()};
    const size_t vector = p.isa->width;
    p.groups = size_ceil_div(s->n, vector);
    p.parts = size_min(size_ceil_div(TASKS, p.groups), s->ih);
    p.width = size_max((s->ow - 1) * s->sw + KERNEL, s->left + s->iw);
    p.column = mem_mul(KERNEL * vector, p.width);
    p.links = mem_mul(s->cout, vector);
    p.sums = mem_add(p.links, size_ceil_div(mem_mul(s->cout + vector, EXACT_LINK), vector) * vector);
    p.ended = mem_add(p.sums, mem_mul(p.column, s->cin));
    p.size = mem_add(p.ended, mem_mul(vector, size_ceil_div(s->iw, vector) * vector));
    return p;
}

static size_t weight_size(const ConvShape *s)
{
    return size_ceil_div(mem_mul(mem_mul(s->cin, s->cout), TAPS), EXACT_ALIGN) * EXACT_ALIGN;
}

size_t exact_scatter_scratch(const ConvShape *s)
{
    const Plan p = plan_of(s);
    return mem_add(mem_add(weight_size(s), EXACT_ALIGN), mem_mul(mem_mul(p.groups, p.parts), p.size));
}

/* One task's share: lines [begin, ...) of some images. Sums of lines before `started` are not begun yet. */
typedef struct Work {
    const Job *job;
    float *scratch;
    size_t image, images, begin, started;
} Work;

static float *line_of(const Work *work, size_t channel, size_t h)
{
    const Plan *p = &work->job->plan;
    return work->scratch + p->sums + channel * p->column + h % KERNEL * p->width * p->isa->width;
}

static float *place_of(const Work *work, size_t image, size_t h)
{
    const ConvShape *s = work->job->plan.shape;
    return work->job->gather.to + ((work->image + image) * s->ih + h) * s->iw * s->cin;
}

static void start_lines(Work *work, size_t from)
{
    const Plan *p = &work->job->plan;
    const ConvShape *s = p->shape;
    while (work->started > from) {
        work->started--;
        for (size_t channel = 0; channel < s->cin; channel++) {
            float *sums = line_of(work, channel, work->started);
            memset(sums, 0, p->width * p->isa->width * sizeof *sums);
            for (size_t i = 0; i < work->images && work->job->gather.ending.add; i++) {
                const float *to = place_of(work, i, work->started) + channel;
                for (size_t w = 0; w < s->iw; w++) sums[(s->left + w) * p->isa->width + i] = to[w * s->cin];
            }
        }
    }
}

/* No sum is -0; then what Ending says. */
static void end_line(const Ending *ending, size_t channel, size_t channels, size_t n, const float *sums,
                     const float *rectified, float *restrict to)
{
    const float bias = ending->bias ? ending->bias[channel] : 0;
    for (size_t i = 0; i < n; i++) {
        float sum = sums[i] + 0;
        if (ending->bias) sum += bias;
        if (ending->rectify && sum < 0) sum = 0;
        if (rectified && rectified[i * channels] <= 0) sum = 0;
        to[i * channels] = sum;
    }
}

static void end_lines(const Work *work, size_t h)
{
    const Plan *p = &work->job->plan;
    const ConvShape *s = p->shape;
    const ExactGather *g = &work->job->gather;
    const size_t vector = p->isa->width, row = size_ceil_div(s->iw, vector) * vector;
    float *ended = work->scratch + p->ended;
    for (size_t channel = 0; channel < s->cin; channel++) {
        const float *sums = line_of(work, channel, h) + s->left * vector;
        p->isa->pack_transposed(vector, s->iw, row, sums, vector, ended);
        for (size_t i = 0; i < work->images; i++) {
            float *to = place_of(work, i, h) + channel;
            const float *rectified = g->ending.rectified ? g->ending.rectified + (to - g->to) : NULL;
            end_line(&g->ending, channel, s->cin, s->iw, ended + i * row, rectified, to);
        }
    }
}

/* Adds what line o of the grid adds to lines o * sh - top and the next two. */
static void scatter_line(const Work *work, size_t o)
{
    const Plan *p = &work->job->plan;
    const ConvShape *s = p->shape;
    const size_t vector = p->isa->width, image = s->oh * s->ow * s->cout;
    ExactScatter t = {.from = work->job->gather.from + work->image * image + o * s->ow * s->cout,
                      .image = image,
                      .images = work->images,
                      .places = s->ow,
                      .channels = s->cout,
                      .w = work->job->w,
                      .turned = work->scratch + p->turned,
                      .links = (void *)(work->scratch + p->links),
                      .live = work->job->live,
                      .sums = work->scratch + p->sums,
                      .columns = s->cin,
                      .column = p->column,
                      .step = s->sw * vector};
    for (size_t a = 0; a < KERNEL; a++) /* of the ring: (KERNEL - 1) top is -top there */
        t.lines[a] = (o * s->sh + a + (KERNEL - 1) * s->top) % KERNEL * p->width * vector;
    p->isa->scatter(&t);
}

static void scatter_task(void *context, size_t task)
{
    const Job *job = context;
    const Plan *p = &job->plan;
    const ConvShape *s = p->shape;
    const size_t part = task % p->parts, end = exact_part(s->ih, p->parts, part + 1);
    Work work = {.job = job, .scratch = job->scratch + task * p->size, .image = task / p->parts * p->isa->width};
    work.images = size_min(p->isa->width, s->n - work.image);
    work.begin = exact_part(s->ih, p->parts, part);
    work.started = end;
    memset(work.scratch + p->sums, 0, s->cin * p->column * sizeof(float));
    ExactLink *links = (void *)(work.scratch + p->links);
    for (size_t i = 0; i < s->cout; i++) links[i] = (ExactLink){(uint32_t)i, (uint32_t)(i * p->isa->width)};
    /* lines of the grid before o are not added yet */
    size_t o = size_min(s->oh, (end - 1 + s->top) / s->sh + 1);
    for (size_t h = end; h-- > work.begin;) {
        for (; o > 0 && (o - 1) * s->sh + KERNEL > h + s->top; o--) {
            const size_t low = (o - 1) * s->sh;
            start_lines(&work, low > work.begin + s->top ? low - s->top : work.begin);
            scatter_line(&work, o - 1);
        }
        start_lines(&work, h);
        end_lines(&work, h);
    }
}

void exact_scatter(const ExactGather *gather, float *scratch)
{
    const ConvShape *s = gather->shape;
    Job job = {.plan = plan_of(s), .gather = *gather, .w = exact_aligned(scratch), .live = true};
    job.scratch = job.w + weight_size(s);
    for (size_t i = 0; i < s->cin; i++) {
        for (size_t k = 0; k < s->cout * TAPS; k++) {
            const float w = gather->w[(k % TAPS * s->cin + i) * s->cout + k / TAPS];
            job.w[i * s->cout * TAPS + k] = w;
            job.live &= isfinite(w);
        }
    }
    pool_run(job.plan.groups * job.plan.parts, scatter_task, &job);
}
