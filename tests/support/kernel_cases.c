#include "tests/support/kernel_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "nn/base/rng.h"

static const char *const isas[] = {"avx512", "avx2", "portable"};
static const size_t threads[KERNEL_THREADS] = {3, 1, 2, 8}; /* where one will do, it is the first */

/* Sanitizers make every lane of plain C slow; the one that looks at threads has seen them all after little work. */
#ifdef __SANITIZE_THREAD__
enum { THREADS = 1, WORK_MOST = 1 << 18 };
#elif defined(__SANITIZE_ADDRESS__)
enum { THREADS = 1, WORK_MOST = INT32_MAX };
#else
enum { THREADS = KERNEL_THREADS, WORK_MOST = INT32_MAX };
#endif

enum { ISAS = sizeof isas / sizeof isas[0] };

static const char *const functions[KERNEL_FUNCTIONS] = {"dense",
                                                        "dense_grad_input",
                                                        "dense_grad_weight",
                                                        "conv2d",
                                                        "conv2d_grad_input",
                                                        "conv2d_grad_weight",
                                                        "conv2d_transpose",
                                                        "conv2d_transpose_grad_input"};

static const char *const endings[KERNEL_ENDINGS] = {"bias, or added", "no bias, or set behind a relu",
                                                    "bias and relu, or added behind a relu"};

static real *numbers(size_t n, const char *stream)
{
    real *at = mem_zeroed(n, sizeof(real));
    rng_uniform(rng_stream(7, stream), 0, 0, n, at);
    for (size_t i = 0; i < n; i++) at[i] = at[i] * 2 - 1;
    return at;
}

uint32_t kernel_mixed(size_t i)
{
    uint32_t h = (uint32_t)i * 2654435761U;
    h = (h ^ h >> 15) * 2246822519U;
    return h ^ h >> 13;
}

KernelData kernel_data_make(const ConvShape *s)
{
    KernelData d = {.images = s->n * s->ih * s->iw * s->cin, .weights = conv_taps(s) * s->cin * s->cout};
    d.grids = s->n * s->oh * s->ow * s->cout;
    d.x = numbers(d.images, "x");
    d.w = numbers(d.weights, "w");
    d.dy = numbers(d.grids, "dy");
    d.bias = numbers(s->cin > s->cout ? s->cin : s->cout, "bias");
    const size_t most = d.images > d.grids ? d.images : d.grids;
    d.y = numbers(most, "y");
    for (size_t i = 0; i < most; i++) d.y[i] = d.y[i] < 0 ? (real)(i % 3 ? 0.0 : -0.0) : d.y[i];
    d.y[most / 2] = NAN;
    return d;
}

void kernel_data_release(KernelData *d)
{
    free(d->x);
    free(d->w);
    free(d->dy);
    free(d->bias);
    free(d->y);
}

static size_t result_size(const KernelData *d, int f)
{
    static const char kind[KERNEL_FUNCTIONS] = {'g', 'i', 'w', 'g', 'i', 'w', 'i', 'g'};
    return kind[f] == 'g' ? d->grids : kind[f] == 'i' ? d->images : d->weights;
}

static Ending ending_of(const KernelData *d, int f, int e)
{
    if (f == 0 || f == 3 || f == 6) return (Ending){.bias = e == 1 ? NULL : d->bias, .rectify = e == 2};
    return (Ending){.add = e != 1, .rectified = e == 0 ? NULL : d->y};
}

/* Function f from a destination that holds known values (a -0 among them), with scratch full of NaN. */
static real *result(const Numerics *v, const ConvShape *s, const KernelData *d, int f, int e)
{
    const Ending ending = ending_of(d, f, e);
    const size_t n = result_size(d, f);
    const size_t room = f < 3 ? v->dense_scratch(s->n, s->cin, s->cout) : v->conv2d_scratch(s);
    real *out = mem_zeroed(n + 1, sizeof(real)), *scratch = mem_zeroed(room + 1, sizeof(real));
    for (size_t i = 0; i < n; i++) out[i] = i % 5 ? (real)(i % 7) / 8 : (real)-0.0;
    for (size_t i = 0; i < room; i++) scratch[i] = NAN;
    out[n] = scratch[room] = 77;
    switch (f) {
    case 0:
        v->dense(s->n, s->cin, s->cout, d->x, d->w, &ending, out, scratch);
        break;
    case 1:
        v->dense_grad_input(s->n, s->cin, s->cout, d->dy, d->w, &ending, out, scratch);
        break;
    case 2:
        v->dense_grad_weight(s->n, s->cin, s->cout, d->x, d->dy, ending.add, out, scratch);
        break;
    case 3:
        v->conv2d(s, d->x, d->w, &ending, out, scratch);
        break;
    case 4:
        v->conv2d_grad_input(s, d->dy, d->w, &ending, out, scratch);
        break;
    case 5:
        v->conv2d_grad_weight(s, d->x, d->dy, ending.add, out, scratch);
        break;
    case 6:
        v->conv2d_grad_input(s, d->dy, d->w, &ending, out, scratch);
        break;
    default:
        v->conv2d(s, d->x, d->w, &ending, out, scratch);
        break;
    }
    assert_true(out[n] == 77 && scratch[room] == 77);
    free(scratch);
    return out;
}

/* The same bits; which of several NaNs comes through is the processor's choice. */
static bool same(const real *a, const real *b, size_t n, size_t *at)
{
    for (*at = 0; *at < n; ++*at) {
        if (memcmp(&a[*at], &b[*at], sizeof(real)) != 0 && !(isnan(a[*at]) && isnan(b[*at]))) return false;
    }
    return true;
}

void kernel_check_ending(const ConvShape *s, const KernelData *d, int f, int e, size_t thread_counts)
{
    if (s->n * s->oh * s->ow * s->cout * s->kh * s->kw * s->cin > WORK_MOST) return;
    const Numerics *exact = numerics_find("exact");
    size_t n = result_size(d, f), at;
    real *wanted = result(&numerics_naive, s, d, f, e);
    for (size_t isa = 0; isa < ISAS; isa++) {
        Err err = {0};
        if (!numerics_select_isa(isas[isa], &err)) continue;
        for (size_t t = 0; t < size_min(thread_counts, THREADS); t++) {
            pool_start(threads[t]);
            real *got = result(exact, s, d, f, e);
            if (!same(got, wanted, n, &at)) {
                fail_msg("%s (%zu,%zu,%zu,%zu)->(%zu,%zu,%zu), %s, %s, %s, %zu threads: element %zu is %a, not %a",
                         functions[f], s->n, s->ih, s->iw, s->cin, s->oh, s->ow, s->cout, d->name ? d->name : "numbers",
                         endings[e], isas[isa], threads[t], at, (double)got[at], (double)wanted[at]);
            }
            free(got);
        }
    }
    free(wanted);
}

void kernel_check(const ConvShape *s, const KernelData *d, int first, int last, size_t thread_counts)
{
    for (int f = first; f < last; f++) {
        for (int e = 0; e < KERNEL_ENDINGS; e++) kernel_check_ending(s, d, f, e, e == 0 ? thread_counts : 1);
    }
    pool_stop();
}
