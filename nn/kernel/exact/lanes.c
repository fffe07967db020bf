/* Outputs of few channels: an image in each lane. A task turns the source lines that it is at, of a group of images,
 * so that an element of all of them is one vector; a tile is some positions of a line that see the same taps. */
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum { TASKS = 16 };

typedef struct Plan {
    const ConvShape *shape;
    bool backward;
    const ExactIsa *isa;
    size_t columns, channels;
    size_t height, width;          /* of the destination */
    size_t from_height, from_line; /* lines of the source, elements of one */
    size_t groups, parts;          /* of the batch, of the height */
    size_t ring;                   /* most source lines that a line sees: so many are kept */
} Plan;

typedef struct Job {
    Plan plan;
    ExactGather gather;
    float *scratch;
} Job;

static Plan plan_of(const ConvShape *s, bool backward)
{
    Plan p = {.shape = s, .backward = backward, .isa = exact_isa()};
    p.channels = backward ? s->cout : s->cin;
    p.columns = backward ? s->cin : s->cout;
    p.height = backward ? s->ih : s->oh;
    p.width = backward ? s->iw : s->ow;
    p.from_height = backward ? s->oh : s->ih;
    p.from_line = (backward ? s->ow : s->iw) * p.channels;
    p.groups = size_ceil_div(s->n, p.isa->width);
    p.parts = size_min(size_ceil_div(TASKS, p.groups), p.height);
    p.ring = exact_lines_seen(s, backward);
    return p;
}

/* Vectors along the channels would be mostly empty, vectors along the images are not. */
bool exact_lanes_fit(const ConvShape *s, bool backward)
{
    const size_t width = exact_isa()->width;
    return (backward ? s->cin : s->cout) * 4 <= width && s->n * 2 >= width && s->ih * s->iw > 1;
}

static size_t slice(const Plan *p)
{
    return mem_mul(mem_mul(p->ring, p->from_line), p->isa->width);
}

size_t exact_lanes_scratch(const ConvShape *shape, bool backward)
{
    const Plan p = plan_of(shape, backward);
    return mem_add(mem_mul(mem_mul(p.groups, p.parts), slice(&p)), EXACT_ALIGN);
}

/* Neighbours in a line of the destination that see the same taps, `step` apart. */
typedef struct Work {
    const Job *job;
    float *turned;     /* the ring: source line i lies at i % ring */
    size_t turned_end; /* lines before this are or were there */
    size_t image, images;
    size_t h, w;
    ExactRun runs[EXACT_RUNS];
    size_t n, positions, a_stride;
    bool inside; /* the positions see the whole kernel, in one piece of a chain */
} Work;

/* No sum is -0; then what Ending says of the sums of `positions` vectors, whose destinations lie `step` apart from `at`
 * on. */
static void end_sums(const Ending *ending, size_t width, size_t positions, size_t channel, size_t images, size_t image,
                     size_t step, size_t at, float *restrict c)
{
    const size_t n = positions * width;
    const float bias = ending->bias ? ending->bias[channel] : 0;
    for (size_t i = 0; i < n; i++) c[i] += 0;
    for (size_t i = 0; i < n && ending->bias; i++) c[i] += bias;
    for (size_t i = 0; i < n && ending->rectify; i++) c[i] = c[i] < 0 ? 0 : c[i];
    if (!ending->rectified) return;
    for (size_t i = 0; i < images; i++) {
        for (size_t r = 0; r < positions; r++) {
            if (ending->rectified[at + i * image + r * step] <= 0) c[r * width + i] = 0;
        }
    }
}

/* The chains of a tile for one channel, from and to the places where its outputs lie. */
static void run_channel(const Work *work, const ExactRun *runs, size_t n, size_t positions, size_t w, size_t channel,
                        bool first, bool last)
{
    const Plan *p = &work->job->plan;
    const ExactGather *g = &work->job->gather;
    const size_t width = p->isa->width, image = p->height * p->width * p->columns;
    const size_t step = (p->backward ? p->shape->sw : 1) * p->columns;
    float c[EXACT_LANES_ROWS * EXACT_WIDTH_MAX] = {0};
    const size_t at = work->image * image + (work->h * p->width + w) * p->columns + channel;
    float *to = g->to + at;
    for (size_t i = 0; i < work->images && (g->ending.add || !first); i++) {
        for (size_t r = 0; r < positions; r++) c[r * width + i] = to[i * image + r * step];
    }
    ExactLanes t = {.a = work->turned, .a_stride = work->a_stride, .runs = runs, .run_count = n, .c = c};
    t.w = p->backward ? g->w + channel * p->channels : g->w + channel;
    t.w_stride = p->backward ? 1 : p->columns;
    p->isa->lanes[positions](&t);
    if (last) end_sums(&g->ending, width, positions, channel, work->images, image, step, at, c);
    for (size_t i = 0; i < work->images; i++) {
        for (size_t r = 0; r < positions; r++) to[i * image + r * step] = c[r * width + i];
    }
}

static void run_channels(const Work *work, const ExactRun *runs, size_t n, size_t positions, size_t w, bool first,
                         bool last)
{
    for (size_t i = 0; i < work->job->plan.columns; i++) run_channel(work, runs, n, positions, w, i, first, last);
}

static void flush(Work *work)
{
    if (work->positions > 0) run_channels(work, work->runs, work->n, work->positions, work->w, true, true);
    work->positions = 0;
}

/* Whether no tap of a line falls beside the source. */
static bool sees_whole_kernel(const Plan *p, size_t w)
{
    const ConvShape *s = p->shape;
    if (!p->backward) return w * s->sw >= s->left && w * s->sw + s->kw <= s->left + s->iw;
    return w + s->left + 1 >= s->kw && (w + s->left) / s->sw < s->ow;
}

/* The tile grows while its next position sees the same taps one stride further. */
static bool grows(const Work *work, const ExactRun *runs, size_t n)
{
    if (work->positions == 0 || work->positions == EXACT_LANES_ROWS || n != work->n) return false;
    for (size_t i = 0; i < n; i++) {
        if (runs[i].b != work->runs[i].b || runs[i].n != work->runs[i].n) return false;
        if (runs[i].a != work->runs[i].a + work->positions * work->a_stride) return false;
    }
    return true;
}

typedef struct Position {
    Work *work;
    size_t w;
} Position;

static void take_position(void *context, const ExactRun *runs, size_t n, bool first, bool last)
{
    const Position *position = context;
    Work *work = position->work;
    const Plan *p = &work->job->plan;
    ExactRun own[EXACT_RUNS];
    for (size_t i = 0; i < n; i++) {
        own[i] = runs[i];
        own[i].a -= (own[i].a / p->from_line - own[i].a / p->from_line % p->ring) * p->from_line;
        /* Rows of the weight lie `columns` vectors of channels apart, tap by tap. */
        if (p->backward) own[i].b *= (ptrdiff_t)p->columns;
    }
    if (first && last && grows(work, own, n)) {
        work->positions++;
        return;
    }
    flush(work);
    if (!first || !last) {
        run_channels(work, own, n, 1, position->w, first, last);
        return;
    }
    memcpy(work->runs, own, n * sizeof *own);
    work->n = n;
    work->w = position->w;
    work->positions = 1;
    work->inside = sees_whole_kernel(p, position->w);
}

/* Turns the source lines that line h sees and that are not there yet. */
static void turn_lines(Work *work)
{
    const Job *job = work->job;
    const Plan *p = &job->plan;
    const size_t first = exact_first_line(p->shape, p->backward, work->h),
                 end = size_min(first + p->ring, p->from_height);
    const size_t from_image = p->from_height * p->from_line, width = p->isa->width;
    if (work->turned_end < first) work->turned_end = first;
    for (; work->turned_end < end; work->turned_end++) {
        const float *from = job->gather.from + work->image * from_image + work->turned_end * p->from_line;
        p->isa->pack_transposed(p->from_line, work->images, width, from, from_image,
                                work->turned + work->turned_end % p->ring * p->from_line * width);
    }
}

static void lanes_task(void *context, size_t task)
{
    const Job *job = context;
    const Plan *p = &job->plan;
    const ConvShape *s = p->shape;
    const size_t part = task % p->parts, width = p->isa->width;
    const size_t begin = exact_part(p->height, p->parts, part), end = exact_part(p->height, p->parts, part + 1);
    Work work = {.job = job, .image = task / p->parts * width};
    work.images = size_min(width, s->n - work.image);
    work.a_stride = p->backward ? p->channels : s->sw * p->channels;
    work.turned = job->scratch + task * slice(p);
    const size_t phases = p->backward ? s->sw : 1;
    for (work.h = begin; work.h < end; work.h++) {
        turn_lines(&work);
        for (size_t phase = 0; phase < phases; phase++) {
            for (size_t w = phase; w < p->width; w += phases) {
                if (work.inside && work.positions > 0 && work.positions < EXACT_LANES_ROWS && sees_whole_kernel(p, w)) {
                    work.positions++;
                    continue;
                }
                Position position = {&work, w};
                exact_runs(s, p->backward, work.h, w, take_position, &position);
            }
            flush(&work);
        }
    }
}

void exact_lanes(const ExactGather *gather, float *scratch)
{
    Job job = {plan_of(gather->shape, gather->backward), *gather, exact_aligned(scratch)};
    pool_run(job.plan.groups * job.plan.parts, lanes_task, &job);
}
