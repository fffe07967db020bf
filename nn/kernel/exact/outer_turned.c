/* Gradients of weights with few filters: a vector of them would be mostly empty, or be one for each of many channels.
 * Here the image's channels lie in the vectors and the grid's along the rows of a tile. The products are the same, but
 * the weight comes out with both turned, so that it waits in scratch. */
#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    VECTORS = 2, /* of channels at least */
    TASKS = 4,   /* fewer leave threads without one */
    PIECE = 1024 /* channels that a task turns */
};

typedef struct Job {
    ExactProducts of;
    const ExactIsa *isa;
    float *turned;     /* dw as (taps,cout,cin) */
    size_t panels;     /* of the image's channels */
    size_t tiles;      /* of the grid's */
    size_t begin, end; /* the block of images */
} Job;

static size_t panels_of(const ConvShape *s)
{
    return exact_panels(s->cin, exact_isa()->width);
}

static size_t tiles_of(const ConvShape *s)
{
    return size_ceil_div(s->cout, exact_isa()->rows);
}

bool exact_turned_fits(const ConvShape *s)
{
    const size_t width = exact_isa()->width;
    return s->cout <= width && s->cin >= VECTORS * width && s->taps == 0 &&
           conv_taps(s) * panels_of(s) * tiles_of(s) >= TASKS;
}

size_t exact_turned_scratch(const ConvShape *s)
{
    return mem_add(mem_mul(conv_taps(s), mem_mul(s->cin, s->cout)), EXACT_ALIGN);
}

static void tile_task(void *context, size_t task)
{
    const Job *job = context;
    const ConvShape *s = job->of.shape;
    const size_t tile = task % job->tiles, tap = task / job->tiles / job->panels;
    const ExactPanel panel = exact_panel(s->cin, job->isa->width, task / job->tiles % job->panels);
    const size_t row = exact_part(s->cout, job->tiles, tile), rows = exact_part(s->cout, job->tiles, tile + 1) - row;
    const size_t a = tap / s->kw, b = tap % s->kw;
    size_t line, step;
    ExactOuter t = {.images = job->end - job->begin, .columns = panel.columns, .load = job->of.add || job->begin > 0};
    t.lines = conv_outputs_seeing(a, s->sh, s->top, s->ih, s->oh, &line) - line;
    t.steps = t.last = conv_outputs_seeing(b, s->sw, s->left, s->iw, s->ow, &step) - step;
    if (t.lines == 0 || t.steps == 0) t.images = 0;
    t.a_step = s->cout;
    t.a_line = s->ow * s->cout;
    t.a_image = s->oh * t.a_line;
    t.b_step = s->sw * s->cin;
    t.b_line = s->sh * s->iw * s->cin;
    t.b_image = s->ih * s->iw * s->cin;
    t.a = job->of.dy + job->begin * t.a_image;
    t.start = (ptrdiff_t)(line * t.a_line + step * t.a_step + row);
    t.c = job->turned + (tap * s->cout + row) * s->cin + panel.begin;
    t.c_stride = s->cin;
    if (t.images > 0) {
        const size_t h = line * s->sh + a - s->top, w = step * s->sw + b - s->left;
        t.b = job->of.x + job->begin * t.b_image + (h * s->iw + w) * s->cin + panel.begin;
    }
    job->isa->outer[panel.kind][rows](&t);
}

/* Where piece `task` of a tap's channels lies in dw, and in the turned one. */
typedef struct Piece {
    float *weight, *turned;
    size_t channels;
} Piece;

static size_t pieces(const ConvShape *s)
{
    return size_ceil_div(s->cin, PIECE);
}

static Piece piece_of(const Job *job, size_t task)
{
    const ConvShape *s = job->of.shape;
    const size_t tap = task / pieces(s), begin = task % pieces(s) * PIECE, at = tap * s->cin * s->cout;
    return (Piece){job->of.dw + at + begin * s->cout, job->turned + at + begin, size_min(PIECE, s->cin - begin)};
}

static void turn_there(void *context, size_t task)
{
    const Job *job = context;
    const Piece p = piece_of(job, task);
    const size_t cin = job->of.shape->cin, cout = job->of.shape->cout;
    for (size_t i = 0; i < p.channels; i++) {
        for (size_t j = 0; j < cout; j++) p.turned[j * cin + i] = p.weight[i * cout + j];
    }
}

static void turn_back(void *context, size_t task)
{
    const Job *job = context;
    const Piece p = piece_of(job, task);
    const size_t cin = job->of.shape->cin, cout = job->of.shape->cout;
    for (size_t i = 0; i < p.channels; i++) {
        for (size_t j = 0; j < cout; j++) p.weight[i * cout + j] = p.turned[j * cin + i];
    }
}

void exact_turned(const ExactProducts *products, float *scratch)
{
    const ConvShape *of = products->shape, s = conv_is_pointwise(of) ? exact_line(of, 1) : *of;
    Job job = {.of = *products, .isa = exact_isa(), .turned = exact_aligned(scratch)};
    const size_t taps = conv_taps(&s), block = exact_block(&s);
    job.of.shape = &s;
    job.panels = panels_of(&s);
    job.tiles = tiles_of(&s);
    if (job.of.add) pool_run(taps * pieces(&s), turn_there, &job);
    for (; job.begin < s.n; job.begin = job.end) {
        job.end = size_min(job.begin + block, s.n);
        pool_run(taps * job.panels * job.tiles, tile_task, &job);
    }
    pool_run(taps * pieces(&s), turn_back, &job);
}
