/* Gradients of weights of 3x3 where much of the grid is zero, as behind a relu. For one filter of the grid, the sums of
 * all taps of some of the image's channels stay in registers and run down the places where that filter is not 0: each
 * filter has its own. So a vector of the image is loaded for each product of vectors, which the processor does at two
 * thirds of its peak, and half of the products or less are made. Filters lie along the rows, so that the weight comes
 * out turned. A stretch of an image that the first cache holds serves all filters of a task. */
#include <stdatomic.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/exact/exact.h"

enum {
    TAPS = 9,
    CACHE = 5 * 1024, /* elements of an image in a stretch, beside which sums pass through */
    CACHE_LINE = 16,  /* elements */
    PLACES_MIN = 24,  /* fewer in a stretch don't pay for loading and storing the sums */
    ZEROS = 1 + 3,    /* places */
    SAMPLES = 64,     /* places that are looked at */
    MOST_TWO = 75,    /* per cent of them that are not 0: with more, exact_products is faster */
    MOST_ONE = 45,
    EXPONENT = 0x7f800000
};

typedef struct Job {
    ExactProducts of;
    const ExactIsa *isa;
    int kind;
    size_t width, panels; /* channels of a panel, a vector or two, and how many there are of the image's */
    size_t groups;        /* of filters */
    size_t blocks;        /* stretches of an image: whole lines of the grid */
    float *sums;          /* (panels, cout, taps, width) */
    float *last;          /* the last image, with a place of zeros behind it to be read */
    float *zeros;         /* three places, what a row of taps sees */
    ExactPlace map[EXACT_PICKED_PLACES];
    atomic_bool wild;
} Job;

static size_t image_of(const ConvShape *s)
{
    return s->ih * s->iw * s->cin;
}

/* Two vectors of channels where the registers hold nine taps of them. */
static int kind_of(const ConvShape *s)
{
    const ExactIsa *isa = exact_isa();
    return isa->rows >= TAPS && s->cin % (2 * isa->width) == 0 ? EXACT_TWO : EXACT_ONE;
}

/* Lines of the grid in a stretch at most: k of them see (k - 1) * sh + 3 of the image; and PLACES_MIN places at least,
 * where there are as many. */
static size_t lines_of(const ConvShape *s)
{
    const size_t width = exact_isa()->width * (kind_of(s) == EXACT_TWO ? 2 : 1);
    const size_t held = CACHE / (s->iw * size_max(width, CACHE_LINE));
    const size_t lines = size_max(held < 3 ? 1 : (held - 3) / s->sh + 1, size_ceil_div(PLACES_MIN, s->ow));
    return size_min(size_min(lines, EXACT_PICKED_PLACES / s->ow), s->oh);
}

bool exact_picked_fits(const ConvShape *s)
{
    const size_t width = exact_isa()->width;
    return s->n > 0 && s->kh == 3 && s->kw == 3 && s->taps == 0 && s->top == 0 && s->left == 0 && s->cin % width == 0 &&
           s->cout % width == 0 && (s->oh - 1) * s->sh + 1 < s->ih && (s->ow - 1) * s->sw + 1 < s->iw &&
           s->ow <= EXACT_PICKED_PLACES && image_of(s) <= UINT32_MAX && s->cout <= UINT32_MAX / EXACT_PICKED_PLACES &&
           lines_of(s) * s->ow >= PLACES_MIN;
}

size_t exact_picked_scratch(const ConvShape *s)
{
    const size_t sums = mem_mul(TAPS, mem_mul(s->cin, s->cout));
    return mem_add(mem_add(sums, EXACT_ALIGN), mem_add(image_of(s), mem_mul(ZEROS, s->cin)));
}

/* By some places all over the batch, as if drawn. */
static bool is_sparse(const ExactProducts *of)
{
    const ConvShape *s = of->shape;
    const uint64_t scatter = 2654435761U, places = s->n * s->oh * s->ow;
    size_t live = 0;
    for (uint64_t i = 0; i < SAMPLES; i++) {
        const float *place = of->dy + (size_t)(i * scatter % places) * s->cout;
        for (size_t j = 0; j < s->cout; j++) live += place[j] != 0;
    }
    return live * 100 <= SAMPLES * s->cout * (kind_of(s) == EXACT_TWO ? MOST_TWO : MOST_ONE);
}

static const float *image_at(const Job *job, size_t image)
{
    return image + 1 == job->of.shape->n ? job->last : job->of.x + image * image_of(job->of.shape);
}

/* Of an image of the batch, lines [first, end) of the grid. */
static void pick_block(Job *job, ExactPicked *t, size_t image, size_t first, size_t end, size_t channel)
{
    const ConvShape *s = job->of.shape;
    const size_t outside = size_ceil_div(s->ih - 2, s->sh); /* lines from here on see no third one */
    const size_t next = size_min(image + 1, s->n - 1), at = first * s->sh * t->image_line + channel;
    t->places = (end - first) * s->ow;
    t->bottom = (size_max(outside, first) - first) * s->ow;
    t->image = image_at(job, image) + at;
    t->next_image = image_at(job, next) + at;
    t->next_places = (end - first) * s->sh * s->iw;
    t->next_grid = t->grid + (next - image) * s->oh * s->ow * s->cout;
    job->isa->picked[job->kind](t);
    t->grid += t->places * s->cout;
}

static bool all_finite(const float *sums, size_t n)
{
    uint32_t wild = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &sums[i], sizeof bits);
        wild |= (bits & EXPONENT) == EXPONENT;
    }
    return wild == 0;
}

/* What a task sums: some channels, and filters [first, end). */
typedef struct Share {
    size_t channel, first, end;
    float *sums; /* (filters, taps, width) */
} Share;

static Share share_of(const Job *job, size_t task)
{
    const size_t panel = task / job->groups, group = task % job->groups, vector = job->isa->width;
    const size_t cout = job->of.shape->cout, vectors = cout / vector;
    const size_t first = exact_part(vectors, job->groups, group) * vector;
    const size_t end = exact_part(vectors, job->groups, group + 1) * vector;
    return (Share){panel * job->width, first, end, job->sums + (panel * cout + first) * TAPS * job->width};
}

/* Sums begin at 0, or at what is there. */
static void begin(const Job *job, const Share *share)
{
    const ConvShape *s = job->of.shape;
    float *to = share->sums;
    if (!job->of.add) {
        memset(to, 0, (share->end - share->first) * TAPS * job->width * sizeof *to);
        return;
    }
    for (size_t j = share->first; j < share->end; j++) {
        for (size_t tap = 0; tap < TAPS; tap++, to += job->width) {
            const float *w = job->of.dw + (tap * s->cin + share->channel) * s->cout + j;
            for (size_t i = 0; i < job->width; i++) to[i] = w[i * s->cout];
        }
    }
}

/* The whole batch: each sum lies within one task. */
static void pick_task(void *context, size_t task)
{
    Job *job = context;
    const ConvShape *s = job->of.shape;
    const Share share = share_of(job, task);
    ExactPicked t = {.grid_step = s->cout, .filters = share.end - share.first, .image_step = s->cin, .map = job->map};
    t.image_line = s->iw * s->cin;
    t.zeros = job->zeros;
    t.c = share.sums;
    begin(job, &share);
    for (size_t i = 0; i < s->n; i++) {
        t.grid = job->of.dy + i * s->oh * s->ow * s->cout + share.first;
        for (size_t b = 0; b < job->blocks; b++) {
            const size_t first = exact_part(s->oh, job->blocks, b), end = exact_part(s->oh, job->blocks, b + 1);
            pick_block(job, &t, i, first, end, share.channel);
        }
    }
    if (!all_finite(t.c, t.filters * TAPS * job->width)) atomic_store(&job->wild, true);
}

/* A tap of a panel's channels is turned into the weight. */
static void end_task(void *context, size_t task)
{
    const Job *job = context;
    const ConvShape *s = job->of.shape;
    const size_t tap = task % TAPS, panel = task / TAPS;
    float *w = job->of.dw + (tap * s->cin + panel * job->width) * s->cout;
    job->isa->pack_transposed(job->width, s->cout, s->cout, job->sums + (panel * s->cout * TAPS + tap) * job->width,
                              TAPS * job->width, w);
    for (size_t i = 0; i < job->width * s->cout; i++) w[i] = 0 + w[i];
}

/* As many tasks as threads run at a time, or more, since each reads the whole batch. A sum lies within one task, so no
 * bit depends on it. */
static size_t groups_of(const Job *job)
{
    const size_t filters = job->of.shape->cout, vectors = filters / job->isa->width;
    const size_t wanted = size_ceil_div(pool_threads_together(), job->panels);
    return size_min(size_max(size_ceil_div(filters, EXACT_PICKED_FILTERS), wanted), vectors);
}

bool exact_picked(const ExactProducts *products, float *scratch)
{
    const ConvShape *s = products->shape;
    if (!is_sparse(products)) return false;
    Job job = {.of = *products, .isa = exact_isa(), .kind = kind_of(s), .sums = exact_aligned(scratch)};
    job.width = job.isa->width * (job.kind == EXACT_TWO ? 2 : 1);
    job.panels = s->cin / job.width;
    job.groups = groups_of(&job);
    job.blocks = size_ceil_div(s->oh, lines_of(s));
    job.last = job.sums + TAPS * s->cin * s->cout;
    job.zeros = job.last + image_of(s) + s->cin;
    memcpy(job.last, products->x + (s->n - 1) * image_of(s), image_of(s) * sizeof *job.last);
    memset(job.last + image_of(s), 0, ZEROS * s->cin * sizeof *job.last);
    for (size_t i = 0; i < lines_of(s) * s->ow; i++) {
        const size_t h = i / s->ow * s->sh, w = i % s->ow * s->sw;
        job.map[i] = (ExactPlace){(uint32_t)(i * s->cout), (uint32_t)((h * s->iw + w) * s->cin), w + 2 < s->iw ? 1 : 0};
    }
    pool_run(job.groups * job.panels, pick_task, &job);
    if (atomic_load(&job.wild)) return false;
    pool_run(job.panels * TAPS, end_task, &job);
    return true;
}
