#include <math.h>

#include "nn/base/fmath.h"
#include "nn/kernel/wide.h"
#include "nn/optim/optim.h"

typedef struct Options {
    double lr, beta1, beta2, epsilon;
} Options;

static const Field fields[] = {
    {.key = "lr",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, lr),
     .fallback = "0.001",
     .max = 1000,
     .above_min = true,
     .help = "the base learning rate, which lr_schedule multiplies"},
    {.key = "beta1",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, beta1),
     .fallback = "0.9",
     .max = 0.999999,
     .help = "how much of the mean of the gradient each step keeps"},
    {.key = "beta2",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, beta2),
     .fallback = "0.999",
     .max = 0.999999,
     .help = "how much of the mean of the squared gradient each step keeps"},
    {.key = "epsilon",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, epsilon),
     .fallback = "1e-8",
     .min = 1e-12,
     .max = 1,
     .help = "added to the root of the mean square"},
    {0},
};

typedef struct Step {
    real beta1, rest1, beta2, rest2, rate, root, epsilon;
    real *value, *m, *v;
    const real *grad;
} Step;

enum {
    LINE = 64 / sizeof(real), /* elements of a line of the cache */
    AHEAD = 1024              /* elements: where a page ends, the processor doesn't look ahead by itself */
};

/* One plain loop of selects and IEEE operations: compilers make vector code of it, and the bits stay the same. */
WIDE_INLINE void update_some(const Step *s, size_t begin, size_t end)
{
    const real beta1 = s->beta1, rest1 = s->rest1, beta2 = s->beta2, rest2 = s->rest2;
    const real rate = s->rate, root = s->root, epsilon = s->epsilon, tiny = (real)OPTIM_TINY;
    const real *restrict grad = s->grad;
    real *restrict value = s->value, *restrict m = s->m, *restrict v = s->v;
    for (size_t i = begin; i < end; i++) {
        real g = grad[i];
        real mean = beta1 * m[i] + rest1 * g;
        real square = beta2 * v[i] + rest2 * (g * g);
        mean = mean < tiny && mean > -tiny ? 0 : mean;
        square = square < tiny ? 0 : square;
        m[i] = mean;
        v[i] = square;
        value[i] -= rate * mean / (r_sqrt(square) * root + epsilon);
    }
}

static inline void fetch(const real *ahead)
{
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + LINE);
}

WIDE(update)(const void *context, size_t begin, size_t end)
{
    const Step *s = context;
    for (; end - begin >= 2 * LINE; begin += 2 * LINE) {
        fetch(s->grad + begin + AHEAD);
        fetch(s->m + begin + AHEAD);
        fetch(s->v + begin + AHEAD);
        fetch(s->value + begin + AHEAD);
        update_some(s, begin, begin + 2 * LINE);
    }
    update_some(s, begin, end);
}

static double base_rate(const void *options)
{
    return ((const Options *)options)->lr;
}

/* m' = m / (1 - beta1^t), v' = v / (1 - beta2^t), value -= rate m' / (sqrt(v') + epsilon). */
static void step(const void *options, double rate, uint64_t count, size_t n, real *value, const real *grad,
                 real *const *slot)
{
    const Options *o = options;
    Step s = {.beta1 = (real)o->beta1,
              .rest1 = (real)(1 - o->beta1),
              .beta2 = (real)o->beta2,
              .rest2 = (real)(1 - o->beta2),
              .rate = (real)(rate / (1 - d_powi(o->beta1, count))),
              .root = (real)(1 / sqrt(1 - d_powi(o->beta2, count))),
              .epsilon = (real)o->epsilon,
              .value = value,
              .m = slot[0],
              .v = slot[1],
              .grad = grad};
    wide_run(n, OPTIM_BLOCK, &update, &s);
}

const Optimizer optimizer_adam = {
    .row = {.name = "adam",
            .doc = "Adam with bias correction, epsilon outside the root. Kingma and Ba, Adam: A Method for Stochastic "
                   "Optimization (2015), algorithm 1.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "lr"},
    .slots = 2,
    .rate = base_rate,
    .step = step,
};
