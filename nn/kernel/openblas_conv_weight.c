/* The gradient of a convolution's weight. A small weight is summed in segments of the batch, each into a partial sum of
 * its own, and the partial sums are added in ascending order. A large one would make the partial sums larger than the
 * images, so there the tasks cut the weight: each owns some channels of one tap, and runs through the whole batch. */
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/columns.h"
#include "nn/kernel/openblas.h"

enum {
    SEGMENTS = 16,
    WEIGHT_MAX = 128 * 1024, /* elements of a weight that is summed in segments */
    PANEL = 64 * 1024,
    BLOCKS = 16,
    BLOCK_MIN = 32, /* channels */
    ADD_BLOCK = 16384
};

typedef struct GradWeight {
    const ConvShape *shape;
    const float *x, *dy;
    bool add;
    float *dw, *partial, *panels;
    size_t panel_rows;
    size_t segment_rows, segments; /* of output rows */
    size_t block, blocks;          /* of channels, in each tap */
} GradWeight;

static size_t weight_count(const ConvShape *s)
{
    return mem_mul(columns_width(s), s->cout);
}

static bool in_segments(const ConvShape *s)
{
    return weight_count(s) <= WEIGHT_MAX;
}

static size_t panel_rows(const ConvShape *s, size_t width, size_t most)
{
    const size_t rows = PANEL / (s->ow * width);
    return rows < 1 ? 1 : size_min(rows, most);
}

static GradWeight cut(const ConvShape *s)
{
    GradWeight g = {.shape = s};
    if (in_segments(s)) {
        g.segment_rows = size_ceil_div(s->n, SEGMENTS) * s->oh;
        g.segments = size_ceil_div(s->n * s->oh, g.segment_rows);
        g.panel_rows = panel_rows(s, columns_width(s), g.segment_rows);
    } else {
        const size_t wanted = size_ceil_div(BLOCKS, conv_taps(s));
        const size_t block = size_ceil_div(size_ceil_div(s->cin, wanted), BLOCK_MIN) * BLOCK_MIN;
        g.block = size_min(block, s->cin);
        g.blocks = size_ceil_div(s->cin, g.block);
        g.panel_rows = panel_rows(s, g.block, s->n * s->oh);
    }
    return g;
}

size_t openblas_conv2d_grad_weight_scratch(const ConvShape *s)
{
    const GradWeight g = cut(s);
    const size_t positions = mem_mul(g.panel_rows, s->ow);
    if (in_segments(s)) {
        const size_t panel = conv_is_pointwise(s) ? 0 : mem_mul(positions, columns_width(s));
        return mem_mul(g.segments, mem_add(weight_count(s), panel));
    }
    return conv_is_pointwise(s) ? 0 : mem_mul(conv_taps(s) * g.blocks, mem_mul(positions, g.block));
}

/* partial (k, cout) = columns^T (k, rows*ow) dy (rows*ow, cout), over the rows of a segment */
static void segment_task(void *context, size_t task)
{
    const GradWeight *g = context;
    const ConvShape *s = g->shape;
    const size_t k = columns_width(s), image = s->ih * s->iw * s->cin, first = task * g->segment_rows;
    const size_t last = size_min(first + g->segment_rows, s->n * s->oh);
    float *panel = conv_is_pointwise(s) ? NULL : g->panels + task * g->panel_rows * s->ow * k;
    for (size_t row = first; row < last; row += g->panel_rows) {
        const size_t rows = size_min(g->panel_rows, last - row);
        const float *columns = panel;
        if (conv_is_pointwise(s)) {
            columns = g->x + row * s->ow * k;
        } else {
            for (size_t r = row; r < row + rows; r++) {
                columns_gather(s, g->x + r / s->oh * image, r % s->oh, panel + (r - row) * s->ow * k);
            }
        }
        openblas_gemm(k, s->cout, rows * s->ow, (GemmMatrix){columns, k, true},
                      (GemmMatrix){g->dy + row * s->ow * s->cout, s->cout, false}, row > first,
                      g->partial + task * k * s->cout, s->cout);
    }
}

static void add_task(void *context, size_t task)
{
    const GradWeight *g = context;
    const size_t count = weight_count(g->shape), begin = task * ADD_BLOCK, n = size_min(ADD_BLOCK, count - begin);
    float *restrict dw = g->dw + begin;
    if (!g->add) memset(dw, 0, n * sizeof *dw);
    for (size_t segment = 0; segment < g->segments; segment++) {
        const float *partial = g->partial + segment * count + begin;
        for (size_t i = 0; i < n; i++) dw[i] += partial[i];
    }
}

/* dw[tap] (block, cout) += columns of the tap^T (block, rows*ow) dy (rows*ow, cout), over all rows */
static void tap_task(void *context, size_t task)
{
    const GradWeight *g = context;
    const ConvShape *s = g->shape;
    const size_t tap = task / g->blocks, channel = task % g->blocks * g->block;
    const size_t channels = size_min(g->block, s->cin - channel), image = s->ih * s->iw * s->cin;
    float *panel = conv_is_pointwise(s) ? NULL : g->panels + task * g->panel_rows * s->ow * g->block;
    for (size_t row = 0; row < s->n * s->oh; row += g->panel_rows) {
        const size_t rows = size_min(g->panel_rows, s->n * s->oh - row);
        GemmMatrix columns = {panel, channels, true};
        if (conv_is_pointwise(s)) {
            columns = (GemmMatrix){g->x + row * s->ow * s->cin + channel, s->cin, true};
        } else {
            for (size_t r = row; r < row + rows; r++) {
                columns_gather_tap(s, g->x + r / s->oh * image, r % s->oh, tap, channel, channels,
                                   panel + (r - row) * s->ow * channels);
            }
        }
        openblas_gemm(channels, s->cout, rows * s->ow, columns,
                      (GemmMatrix){g->dy + row * s->ow * s->cout, s->cout, false}, g->add || row > 0,
                      g->dw + (tap * s->cin + channel) * s->cout, s->cout);
    }
}

void openblas_conv2d_grad_weight(const ConvShape *shape, const float *x, const float *dy, bool add, float *dw,
                                 float *scratch)
{
    GradWeight g = cut(shape);
    g.x = x;
    g.add = add;
    g.dy = dy;
    g.dw = dw;
    if (in_segments(shape)) {
        g.partial = scratch;
        g.panels = scratch + g.segments * weight_count(shape);
        pool_run(g.segments, segment_task, &g);
        pool_run(size_ceil_div(weight_count(shape), ADD_BLOCK), add_task, &g);
    } else {
        g.panels = scratch;
        pool_run(conv_taps(shape) * g.blocks, tap_task, &g);
    }
}
