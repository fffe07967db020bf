#include "nn/kernel/exact/exact.h"

typedef struct Batch {
    ExactRun runs[EXACT_RUNS];
    size_t n;
    bool begun;
    ExactRunsUser *use;
    void *context;
} Batch;

static void flush(Batch *batch, bool last)
{
    batch->use(batch->context, batch->runs, batch->n, !batch->begun, last);
    batch->begun = true;
    batch->n = 0;
}

static void add(Batch *batch, size_t a, size_t b, size_t n)
{
    if (batch->n == EXACT_RUNS) flush(batch, false);
    batch->runs[batch->n++] = (ExactRun){a, b, n};
}

/* Taps [*first, return) are those that output o sees in the image. */
static size_t taps_seen(size_t o, size_t stride, size_t begin, size_t kernel, size_t size, size_t *first)
{
    const size_t at = o * stride;
    *first = at < begin ? size_min(begin - at, kernel) : 0;
    const size_t last = at < size + begin ? size_min(size + begin - at, kernel) : 0;
    return last > *first ? last : *first;
}

/* Output (h,w): for each row of taps one stretch of the image; the last row may be cut short. */
static void runs_of_output(const ConvShape *s, size_t h, size_t w, Batch *batch)
{
    size_t left, a;
    const size_t seen = taps_seen(w, s->sw, s->left, s->kw, s->iw, &left), taps = conv_taps(s);
    const size_t end = taps_seen(h, s->sh, s->top, s->kh, s->ih, &a);
    for (; a < end; a++) {
        const size_t right = a * s->kw < taps ? size_min(seen, taps - a * s->kw) : 0;
        if (left >= right) break;
        const size_t row = h * s->sh + a - s->top, column = w * s->sw + left - s->left;
        add(batch, (row * s->iw + column) * s->cin, (a * s->kw + left) * s->cin, (right - left) * s->cin);
    }
}

/* The taps through which the grid sees position `i` of the image: `tap`, then every `stride`-th below `end`; the first
 * lies at output `o`, each next one at the output before. */
typedef struct Seen {
    size_t tap, end, o;
} Seen;

static Seen seen_by(size_t i, size_t stride, size_t begin, size_t kernel, size_t outputs)
{
    const size_t at = i + begin, last = at / stride;
    Seen seen = {at - last * stride, size_min(kernel, at + 1), last};
    if (last >= outputs) {
        const size_t outside = last - outputs + 1;
        seen.tap += outside * stride;
        seen.o -= outside;
    }
    return seen;
}

/* Image position (h,w): for each tap that hits, the channels of one output. */
static void runs_of_position(const ConvShape *s, size_t h, size_t w, Batch *batch)
{
    const Seen rows = seen_by(h, s->sh, s->top, s->kh, s->oh), columns = seen_by(w, s->sw, s->left, s->kw, s->ow);
    const size_t taps = conv_taps(s);
    for (size_t a = rows.tap, row = rows.o; a < rows.end; a += s->sh, row--) {
        for (size_t b = columns.tap, column = columns.o; b < columns.end; b += s->sw, column--) {
            const size_t tap = a * s->kw + b;
            if (tap < taps) add(batch, (row * s->ow + column) * s->cout, tap * s->cout, s->cout);
        }
    }
}

void exact_runs(const ConvShape *shape, bool backward, size_t h, size_t w, ExactRunsUser *use, void *context)
{
    Batch batch;
    batch.n = 0;
    batch.begun = false;
    batch.use = use;
    batch.context = context;
    if (backward)
        runs_of_position(shape, h, w, &batch);
    else
        runs_of_output(shape, h, w, &batch);
    flush(&batch, true);
}
