#include "nn/kernel/exact/exact.h"

typedef struct Batch {
    ExactRun runs[EXACT_RUNS];
    size_t n;
    size_t width, channels; /* of the source */
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

/* Places [place, place + places) of a line of the source, from the weight's row b on. */
static void add(Batch *batch, size_t line, size_t place, size_t places, size_t b)
{
    if (batch->n == EXACT_RUNS) flush(batch, false);
    ExactRun *run = &batch->runs[batch->n++];
    run->a = (line * batch->width + place) * batch->channels;
    run->b = (ptrdiff_t)b;
    run->n = places * batch->channels;
    run->links = NULL;
    run->line = line;
    run->cell = place;
    run->cells = places;
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
        add(batch, row, column, right - left, (a * s->kw + left) * s->cin);
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
            if (tap < taps) add(batch, row, column, 1, tap * s->cout);
        }
    }
}

void exact_runs(const ConvShape *shape, bool backward, size_t h, size_t w, ExactRunsUser *use, void *context)
{
    Batch batch;
    batch.n = 0;
    batch.width = backward ? shape->ow : shape->iw;
    batch.channels = backward ? shape->cout : shape->cin;
    batch.begun = false;
    batch.use = use;
    batch.context = context;
    if (backward)
        runs_of_position(shape, h, w, &batch);
    else
        runs_of_output(shape, h, w, &batch);
    flush(&batch, true);
}

size_t exact_first_line(const ConvShape *s, bool backward, size_t h)
{
    if (!backward) return h * s->sh > s->top ? size_min(h * s->sh - s->top, s->ih) : 0;
    return h + s->top + 1 > s->kh ? size_min(size_ceil_div(h + s->top + 1 - s->kh, s->sh), s->oh) : 0;
}

size_t exact_lines_seen(const ConvShape *s, bool backward)
{
    return size_min(backward ? (s->kh - 1) / s->sh + 1 : s->kh, backward ? s->oh : s->ih);
}
