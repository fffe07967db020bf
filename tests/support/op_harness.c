#include "tests/support/op_harness.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/pool.h"
#include "nn/base/rng.h"

enum { GUARD = 64 };
static const real SENTINEL = (real)-12345.678;

/* A buffer with sentinels on both sides. */
typedef struct Guarded {
    size_t n;
    real *all, *at; /* at: NULL where n is 0, as in a real run */
} Guarded;

typedef struct Trial {
    const Op *op;
    const OpCase *sample;
    OpShape shape;
    OpRun run;
    Guarded in[OP_INPUTS_MAX], grad[OP_INPUTS_MAX], out, out_grad, keep, scratch;
    real *in_copy[OP_INPUTS_MAX];  /* what the inputs are before forward, and must still be after it */
    real *in_after[OP_INPUTS_MAX]; /* the same after it: buffers are others then */
    char *text;
} Trial;

static Guarded guarded_make(size_t n)
{
    Guarded g = {.n = n, .all = mem_zeroed(n + 2 * GUARD, sizeof(real))};
    g.at = n > 0 ? g.all + GUARD : NULL;
    for (size_t i = 0; i < GUARD; i++) g.all[i] = g.all[GUARD + n + i] = SENTINEL;
    return g;
}

static bool guarded_intact(const Guarded *g)
{
    for (size_t i = 0; g->all && i < GUARD; i++) {
        if (g->all[i] != SENTINEL || g->all[GUARD + g->n + i] != SENTINEL) return false;
    }
    return true;
}

static void fill(const Guarded *g, real value)
{
    for (size_t i = 0; i < g->n; i++) g->at[i] = value;
}

static const char *wrong(const Trial *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *wrong(const Trial *t, const char *format, ...)
{
    int at = snprintf(t->text, HARNESS_TEXT, "%s, case \"%s\", %s: ", t->op->name, t->sample->label,
                      t->shape.numerics->name);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->text + at, HARNESS_TEXT - (size_t)at, format, arguments);
    va_end(arguments);
    return t->text;
}

static void draw(const Guarded *g, const char *stream, uint32_t index, double low, double high, double away_from)
{
    rng_uniform(rng_stream(20, stream), 0, index, g->n, g->at);
    for (size_t i = 0; i < g->n; i++) {
        double x = low + (high - low) * (double)g->at[i];
        if (fabs(x) < away_from) x += x < 0 ? -away_from : away_from;
        g->at[i] = (real)x;
    }
}

static void draw_whole(const Guarded *g, uint32_t index, size_t below)
{
    rng_uniform(rng_stream(20, "whole"), 0, index, g->n, g->at);
    for (size_t i = 0; i < g->n; i++) g->at[i] = (real)(size_t)(g->at[i] * (real)below);
}

static void input_make(Trial *t, size_t i)
{
    const OpCase *c = t->sample;
    const size_t n = shape_count(c->in[i]);
    const bool ranged = c->low != 0 || c->high != 0;
    t->in[i] = guarded_make(n);
    t->grad[i] = guarded_make(n);
    t->in_copy[i] = mem_zeroed(n, sizeof(real));
    t->in_after[i] = mem_zeroed(n, sizeof(real));
    if (c->whole[i])
        draw_whole(&t->in[i], (uint32_t)i, c->whole[i]);
    else
        draw(&t->in[i], "input", (uint32_t)i, ranged ? c->low : -1, ranged ? c->high : 1, c->away_from);
    memcpy(t->in_copy[i], t->in[i].at, n * sizeof(real));
    t->run.in_shape[i] = c->in[i];
    t->run.in[i] = t->in[i].at;
    t->run.state[i] = c->state[i] ? t->in[i].at : NULL;
    t->run.in_grad[i] = t->op->stops[i] || c->state[i] || c->whole[i] || !t->op->backward ? NULL : t->grad[i].at;
}

static const char *trial_make(Trial *t)
{
    const OpCase *c = t->sample;
    Err err = {0};
    t->shape.attributes = c->attributes;
    t->shape.name = t->op->name;
    t->shape.inputs = c->inputs;
    memcpy(t->shape.in, c->in, sizeof t->shape.in);
    if (!t->op->shape(&t->shape, &err)) return wrong(t, "refused: %s", err.text);
    if (t->op->view) return NULL;
    t->run = (OpRun){.attributes = c->attributes,
                     .numerics = t->shape.numerics,
                     .inputs = c->inputs,
                     .out_shape = t->shape.out,
                     .training = true,
                     .seed = 7,
                     .step = 3};
    for (size_t i = 0; i < c->inputs; i++) input_make(t, i);
    t->out = guarded_make(shape_count(t->shape.out));
    t->out_grad = guarded_make(t->out.n);
    t->keep = guarded_make(t->shape.keep);
    t->scratch = guarded_make(t->shape.scratch);
    draw(&t->out_grad, "upstream", 0, -1, 1, 0.1);
    t->run.out = t->out.at;
    t->run.out_grad = t->out_grad.at;
    t->run.keep = t->keep.at;
    t->run.scratch = t->scratch.at;
    return NULL;
}

static void trial_release(Trial *t)
{
    for (size_t i = 0; i < OP_INPUTS_MAX; i++) {
        free(t->in[i].all);
        free(t->grad[i].all);
        free(t->in_copy[i]);
        free(t->in_after[i]);
    }
    free(t->out.all);
    free(t->out_grad.all);
    free(t->keep.all);
    free(t->scratch.all);
}

static const char *check_clean(const Trial *t, const char *pass)
{
    for (size_t i = 0; i < t->sample->inputs; i++) {
        if (memcmp(t->in[i].at, t->in_after[i], t->in[i].n * sizeof(real)) != 0) {
            return wrong(t, "%s changes input %zu", pass, i);
        }
        if (!guarded_intact(&t->in[i])) return wrong(t, "%s writes round input %zu", pass, i);
        if (!guarded_intact(&t->grad[i])) return wrong(t, "%s writes round the gradient of input %zu", pass, i);
    }
    if (!guarded_intact(&t->out)) return wrong(t, "%s writes round the output", pass);
    if (!guarded_intact(&t->out_grad)) return wrong(t, "%s writes round the output's gradient", pass);
    if (!guarded_intact(&t->keep)) return wrong(t, "%s writes round keep", pass);
    if (!guarded_intact(&t->scratch)) return wrong(t, "%s writes round scratch", pass);
    return NULL;
}

static const char *forward(const Trial *t)
{
    fill(&t->out, NAN);
    fill(&t->keep, NAN);
    fill(&t->scratch, NAN);
    for (size_t i = 0; i < t->sample->inputs; i++) memcpy(t->in[i].at, t->in_copy[i], t->in[i].n * sizeof(real));
    t->op->forward(&t->run);
    for (size_t i = 0; i < t->sample->inputs; i++)
        memcpy(t->in_after[i], t->run.state[i] ? t->in[i].at : t->in_copy[i], t->in[i].n * sizeof(real));
    for (size_t i = 0; i < t->out.n; i++) {
        if (!isfinite(t->out.at[i])) return wrong(t, "output %zu is %g", i, (double)t->out.at[i]);
    }
    return check_clean(t, "forward");
}

/* Runs backward on gradients that hold `before`. */
static const char *backward(const Trial *t, real before)
{
    for (size_t i = 0; i < t->sample->inputs; i++) fill(&t->grad[i], before);
    fill(&t->scratch, NAN);
    real *out = mem_zeroed(t->out.n, sizeof(real)), *upstream = mem_zeroed(t->out.n, sizeof(real));
    memcpy(out, t->out.at, t->out.n * sizeof(real));
    memcpy(upstream, t->out_grad.at, t->out.n * sizeof(real));
    if (t->op->backward) t->op->backward(&t->run);
    const bool same = memcmp(out, t->out.at, t->out.n * sizeof(real)) == 0;
    const bool same_upstream = memcmp(upstream, t->out_grad.at, t->out.n * sizeof(real)) == 0;
    free(out);
    free(upstream);
    if (!same) return wrong(t, "backward changes the output");
    if (!same_upstream) return wrong(t, "backward changes the output's gradient");
    for (size_t i = 0; i < t->sample->inputs; i++) {
        for (size_t e = 0; e < t->grad[i].n && t->run.in_grad[i]; e++) {
            if (!isfinite(t->grad[i].at[e])) return wrong(t, "gradient %zu of input %zu is not finite", e, i);
        }
    }
    return check_clean(t, "backward");
}

/* A copy of the output, of all gradients and of the inputs after the passes (buffers may have changed). */
typedef struct Result {
    real *out, *grad[OP_INPUTS_MAX], *in[OP_INPUTS_MAX];
} Result;

static real *copy_of(const Guarded *g)
{
    real *copy = mem_zeroed(g->n, sizeof *copy);
    memcpy(copy, g->at, g->n * sizeof *copy);
    return copy;
}

static Result result_take(const Trial *t)
{
    Result r = {.out = copy_of(&t->out)};
    for (size_t i = 0; i < t->sample->inputs; i++) {
        r.grad[i] = copy_of(&t->grad[i]);
        r.in[i] = copy_of(&t->in[i]);
    }
    return r;
}

static void result_release(Result *r)
{
    free(r->out);
    for (size_t i = 0; i < OP_INPUTS_MAX; i++) {
        free(r->grad[i]);
        free(r->in[i]);
    }
}

static const char *check_threads(const Trial *t, const Result *first)
{
    static const size_t counts[] = {2, 3, 8};
    const char *bad = NULL;
    for (size_t k = 0; k < 3 && !bad; k++) {
        pool_start(counts[k]);
        bad = forward(t);
        if (!bad) bad = backward(t, 0);
        if (!bad && memcmp(first->out, t->out.at, t->out.n * sizeof(real)) != 0) {
            bad = wrong(t, "the output differs with %zu threads", counts[k]);
        }
        for (size_t i = 0; i < t->sample->inputs && !bad; i++) {
            if (memcmp(first->grad[i], t->grad[i].at, t->grad[i].n * sizeof(real)) != 0) {
                bad = wrong(t, "the gradient of input %zu differs with %zu threads", i, counts[k]);
            }
            if (!bad && memcmp(first->in[i], t->in[i].at, t->in[i].n * sizeof(real)) != 0) {
                bad = wrong(t, "the buffer in input %zu differs with %zu threads", i, counts[k]);
            }
        }
    }
    pool_stop();
    return bad;
}

/* Backward on filled gradients gives the fill plus the gradient. */
static const char *check_adds(const Trial *t, const Result *first)
{
    const real before = (real)0.75;
    const char *bad = backward(t, before);
    for (size_t i = 0; i < t->sample->inputs && !bad; i++) {
        for (size_t e = 0; e < t->grad[i].n && !bad; e++) {
            const double added = (double)t->grad[i].at[e] - (double)before, wanted = (double)first->grad[i][e];
            const double slack = 1e-5 * (1 + fabs(wanted));
            if (fabs(added - wanted) > slack) {
                bad = wrong(t, "backward doesn't add: gradient %zu of input %zu", e, i);
            }
        }
    }
    return bad;
}

static const char *compare(const Trial *t, const char *what, const real *wanted, const Guarded *got)
{
    for (size_t e = 0; e < got->n; e++) {
        if (memcmp(&wanted[e], &got->at[e], sizeof(real)) != 0)
            return wrong(t, "%s: number %zu is %.9g, not %.9g", what, e, (double)got->at[e], (double)wanted[e]);
    }
    return NULL;
}

/* Backward of an op that sets fresh gradients gives what adding to +0 gives, whatever was there. */
static const char *check_sets(Trial *t, const Result *first)
{
    if (!t->op->sets) return NULL;
    const char *bad = forward(t); /* what evaluation kept is not what backward reads */
    for (size_t i = 0; i < t->sample->inputs; i++) t->run.fresh[i] = true;
    if (!bad) bad = backward(t, NAN);
    for (size_t i = 0; i < t->sample->inputs && !bad; i++) {
        if (t->run.in_grad[i]) bad = compare(t, "a fresh gradient", first->grad[i], &t->grad[i]);
    }
    memset(t->run.fresh, 0, sizeof t->run.fresh);
    return bad;
}

/* An op that takes relus does what the op and a relu behind it do, and passes the gradient of a relu before it. */
static const char *check_takes_relu(Trial *t, Result *first)
{
    if (!t->op->takes_relu) return NULL;
    for (size_t e = 0; e < t->out.n; e++) first->out[e] = first->out[e] < 0 ? 0 : first->out[e];
    for (size_t e = 0; e < t->grad[0].n; e++) first->grad[0][e] = 0 + (t->in[0].at[e] <= 0 ? 0 : first->grad[0][e]);
    t->run.rectify = t->run.rectified = true;
    const char *bad = forward(t);
    if (!bad) bad = compare(t, "the output behind a relu", first->out, &t->out);
    for (size_t i = 0; i < t->sample->inputs; i++) t->run.fresh[i] = true;
    if (!bad) bad = backward(t, NAN);
    for (size_t i = 0; i < t->sample->inputs && !bad; i++) {
        if (t->run.in_grad[i]) bad = compare(t, "the gradient before a relu", first->grad[i], &t->grad[i]);
    }
    memset(t->run.fresh, 0, sizeof t->run.fresh);
    t->run.rectify = t->run.rectified = false;
    return bad;
}

/* A gradient that is not wanted is left alone, and the others don't depend on it. */
static const char *check_unwanted(Trial *t, const Result *first)
{
    const char *bad = NULL;
    for (size_t skip = 0; skip < t->sample->inputs && !bad; skip++) {
        real *const wanted = t->run.in_grad[skip];
        t->run.in_grad[skip] = NULL;
        bad = backward(t, 0);
        for (size_t i = 0; i < t->sample->inputs && !bad; i++) {
            if (i != skip && memcmp(first->grad[i], t->grad[i].at, t->grad[i].n * sizeof(real)) != 0) {
                bad = wrong(t, "without the gradient of input %zu that of input %zu differs", skip, i);
            }
        }
        t->run.in_grad[skip] = wanted;
    }
    return bad;
}

/* Buffers do change in training: a case that says so and an op that forgets it don't fit together. */
static const char *check_state(const Trial *t, const Result *first)
{
    for (size_t i = 0; i < t->sample->inputs; i++) {
        if (!t->sample->state[i]) continue;
        if (memcmp(first->in[i], t->in_copy[i], t->in[i].n * sizeof(real)) == 0)
            return wrong(t, "forward leaves the buffer in input %zu as it was", i);
        for (size_t e = 0; e < t->in[i].n; e++) {
            if (!isfinite(first->in[i][e])) return wrong(t, "number %zu of the buffer in input %zu isn't finite", e, i);
        }
    }
    return NULL;
}

static const char *check_straight_through(const Trial *t, const Result *first)
{
    if (!t->sample->straight_through) return NULL;
    if (t->in[0].n != t->out.n || memcmp(first->grad[0], t->out_grad.at, t->out.n * sizeof(real)) != 0)
        return wrong(t, "the gradient of input 0 isn't the output's");
    return NULL;
}

/* Evaluation changes no input, buffers included, and is the same at any number of threads. */
static const char *check_evaluation(const Trial *t)
{
    Trial evaluation = *t;
    evaluation.run.training = false;
    memset(evaluation.run.state, 0, sizeof evaluation.run.state);
    pool_start(1);
    const char *bad = forward(&evaluation);
    real *first = copy_of(&t->out);
    pool_start(3);
    if (!bad) bad = forward(&evaluation);
    if (!bad && memcmp(first, t->out.at, t->out.n * sizeof(real)) != 0)
        bad = wrong(t, "in evaluation the output differs with 3 threads");
    free(first);
    pool_stop();
    return bad;
}

#ifdef MAYVAE_DOUBLE
/* Adds scale x (upstream gradient . output) at `value` of one input element, output by output, to sum. */
static void probe(const Trial *t, real *element, real value, double scale, double *sum)
{
    *element = value;
    t->op->forward(&t->run);
    for (size_t j = 0; j < t->out.n; j++) sum[j] += scale * t->out.at[j];
}

/* The derivative by the central difference of fourth order, with the outputs subtracted before they are summed. */
static double derivative(const Trial *t, real *element, double *sum)
{
    const double x = *element, h = 1e-3;
    double total = 0;
    memset(sum, 0, t->out.n * sizeof *sum);
    probe(t, element, x + h, 8, sum);
    probe(t, element, x - h, -8, sum);
    probe(t, element, x + 2 * h, -1, sum);
    probe(t, element, x - 2 * h, 1, sum);
    *element = x;
    for (size_t j = 0; j < t->out.n; j++) total += t->out_grad.at[j] * sum[j];
    return total / (12 * h);
}

static const char *check_numeric(const Trial *t, const Result *first)
{
    const char *bad = NULL;
    double *sum = mem_zeroed(t->out.n, sizeof *sum);
    for (size_t i = 0; i < t->sample->inputs && !bad; i++) {
        if (!t->run.in_grad[i] || (i == 0 && t->sample->straight_through)) continue;
        double largest = 0;
        for (size_t e = 0; e < t->in[i].n; e++) largest = fmax(largest, fabs(first->grad[i][e]));
        if (largest == 0) bad = wrong(t, "all gradients of input %zu are 0", i);
        for (size_t e = 0; e < t->in[i].n && !bad; e++) {
            const double analytic = first->grad[i][e], numeric = derivative(t, &t->in[i].at[e], sum);
            const double slack = 1e-6 * (fabs(analytic) + fabs(numeric)) + 1e-9 * largest;
            if (fabs(analytic - numeric) > slack) {
                bad = wrong(t, "gradient %zu of input %zu is %.12g, numerically %.12g", e, i, analytic, numeric);
            }
        }
    }
    free(sum);
    return bad;
}
#else
static const char *check_numeric(const Trial *t, const Result *first)
{
    (void)t;
    (void)first;
    return NULL;
}
#endif

static const char *check_run(Trial *t)
{
    pool_start(1);
    const char *bad = forward(t);
    if (!bad) bad = backward(t, 0);
    if (bad) return bad;
    Result first = result_take(t);
    bad = check_state(t, &first);
    if (!bad) bad = check_straight_through(t, &first);
    if (!bad) bad = check_adds(t, &first);
    if (!bad) bad = check_unwanted(t, &first);
    if (!bad) bad = check_threads(t, &first);
    if (!bad) bad = check_evaluation(t);
    if (!bad) bad = check_sets(t, &first);
    if (!bad) bad = check_numeric(t, &first);
    if (!bad) bad = check_takes_relu(t, &first);
    result_release(&first);
    return bad;
}

const char *op_harness_check(const Op *op, const OpCase *sample, const Numerics *numerics, char text[HARNESS_TEXT])
{
    Trial t = {.op = op, .sample = sample, .shape = {.numerics = numerics}, .text = text};
    const char *bad = trial_make(&t);
    if (!bad && op->view) {
        if (op->forward || op->backward) bad = wrong(&t, "a view has no forward or backward");
        if (shape_count(t.shape.out) != shape_count(sample->in[0])) bad = wrong(&t, "a view changes the count");
    } else if (!bad) {
        bad = check_run(&t);
    }
    trial_release(&t);
    return bad;
}
