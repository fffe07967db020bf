/* Convolutions as products of column matrices, a panel of output rows at a time, so that a panel stays in cache. Tasks
 * are ranges of output rows, counted through the batch; each has a slice of scratch of its own. */
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/kernel/columns.h"
#include "nn/kernel/openblas.h"

enum {
    TASKS = 32,
    PANEL = 64 * 1024,  /* elements of a panel, which then fits L2 beside what OpenBLAS packs */
    POSITIONS_MIN = 128 /* output positions of a task and of a panel: fewer don't pay for packing the weight */
};

typedef struct Conv {
    const ConvShape *shape;
    const float *from, *w;
    float *to, *scratch;
    Ending ending;
    size_t task_rows, panel_rows;
} Conv;

/* Output rows a task takes; whole images where it writes to them. */
static size_t rows_of_task(const ConvShape *s, bool whole_images)
{
    const size_t rows = size_max(size_ceil_div(s->n * s->oh, TASKS), size_ceil_div(POSITIONS_MIN, s->ow));
    return size_min(whole_images ? size_ceil_div(rows, s->oh) * s->oh : rows, s->n * s->oh);
}

static size_t rows_of_panel(const ConvShape *s, size_t task_rows)
{
    return size_min(size_max(PANEL / (s->ow * columns_width(s)), size_ceil_div(POSITIONS_MIN, s->ow)), task_rows);
}

static size_t scratch_of(const ConvShape *s, bool whole_images)
{
    const size_t task_rows = rows_of_task(s, whole_images);
    const size_t panel = mem_mul(mem_mul(rows_of_panel(s, task_rows), s->ow), columns_width(s));
    return mem_mul(size_ceil_div(s->n * s->oh, task_rows), panel);
}

size_t openblas_conv2d_scratch(const ConvShape *shape)
{
    if (conv_is_pointwise(shape)) return 0;
    return size_max(scratch_of(shape, false), scratch_of(shape, true));
}

static float *slice_of(const Conv *conv, size_t task)
{
    return conv->scratch + task * conv->panel_rows * conv->shape->ow * columns_width(conv->shape);
}

/* outputs (rows*ow, cout) = columns (rows*ow, k) w (k, cout) */
static void gather_task(void *context, size_t task)
{
    const Conv *conv = context;
    const ConvShape *s = conv->shape;
    const size_t k = columns_width(s), image = s->ih * s->iw * s->cin, first = task * conv->task_rows;
    const size_t last = size_min(first + conv->task_rows, s->n * s->oh);
    for (size_t row = first; row < last; row += conv->panel_rows) {
        const size_t rows = size_min(conv->panel_rows, last - row);
        const float *columns = conv->from + row * s->ow * k;
        if (!conv_is_pointwise(s)) {
            float *slice = slice_of(conv, task);
            for (size_t r = row; r < row + rows; r++) {
                columns_gather(s, conv->from + r / s->oh * image, r % s->oh, slice + (r - row) * s->ow * k);
            }
            columns = slice;
        }
        float *to = conv->to + row * s->ow * s->cout;
        openblas_gemm(rows * s->ow, s->cout, k, (GemmMatrix){columns, k, false}, (GemmMatrix){conv->w, s->cout, false},
                      conv->ending.add, to, s->cout);
        openblas_end(&conv->ending, rows * s->ow, s->cout, to, s->cout, row * s->ow * s->cout, 0);
    }
}

void openblas_conv2d(const ConvShape *shape, const float *x, const float *w, const Ending *ending, float *y,
                     float *scratch)
{
    Conv conv = {.shape = shape, .from = x, .w = w, .to = y, .scratch = scratch, .ending = *ending};
    conv.task_rows = rows_of_task(shape, false);
    conv.panel_rows = rows_of_panel(shape, conv.task_rows);
    pool_run(size_ceil_div(shape->n * shape->oh, conv.task_rows), gather_task, &conv);
}

/* columns (rows*ow, k) = outputs (rows*ow, cout) w^T (cout, k), then added to their images, which the task owns. */
static void scatter_task(void *context, size_t task)
{
    const Conv *conv = context;
    const ConvShape *s = conv->shape;
    const size_t k = columns_width(s), image = s->ih * s->iw * s->cin, first = task * conv->task_rows;
    const size_t last = size_min(first + conv->task_rows, s->n * s->oh);
    const bool direct = conv_is_pointwise(s);
    float *images = conv->to + first / s->oh * image;
    const size_t pixels = (last - first) / s->oh * s->ih * s->iw;
    if (!conv->ending.add && !direct) memset(images, 0, pixels * s->cin * sizeof *images);
    for (size_t row = first; row < last; row += conv->panel_rows) {
        const size_t rows = size_min(conv->panel_rows, last - row);
        float *columns = direct ? conv->to + row * s->ow * k : slice_of(conv, task);
        openblas_gemm(rows * s->ow, k, s->cout, (GemmMatrix){conv->from + row * s->ow * s->cout, s->cout, false},
                      (GemmMatrix){conv->w, s->cout, true}, direct && conv->ending.add, columns, k);
        for (size_t r = row; r < row + rows && !direct; r++) {
            columns_scatter(s, columns + (r - row) * s->ow * k, r % s->oh, conv->to + r / s->oh * image);
        }
    }
    openblas_end(&conv->ending, pixels, s->cin, images, s->cin, first / s->oh * image, 0);
}

void openblas_conv2d_grad_input(const ConvShape *shape, const float *dy, const float *w, const Ending *ending,
                                float *dx, float *scratch)
{
    Conv conv = {.shape = shape, .from = dy, .w = w, .to = dx, .scratch = scratch, .ending = *ending};
    conv.task_rows = rows_of_task(shape, true);
    conv.panel_rows = rows_of_panel(shape, conv.task_rows);
    pool_run(size_ceil_div(shape->n * shape->oh, conv.task_rows), scatter_task, &conv);
}
