#include "nn/kernel/wide.h"
#include "nn/optim/optim.h"

typedef struct Options {
    double lr, momentum;
} Options;

static const Field fields[] = {
    {.key = "lr",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, lr),
     .max = 1000,
     .above_min = true,
     .help = "the base learning rate, which lr_schedule multiplies"},
    {.key = "momentum",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, momentum),
     .fallback = "0",
     .max = 0.999999,
     .help = "how much of the last step's direction each step keeps"},
    {0},
};

typedef struct Step {
    real rate, momentum;
    real *value, *direction;
    const real *grad;
} Step;

WIDE(update)(const void *context, size_t begin, size_t end)
{
    const Step *s = context;
    const real rate = s->rate, momentum = s->momentum, tiny = (real)OPTIM_TINY;
    const real *restrict grad = s->grad;
    real *restrict value = s->value, *restrict direction = s->direction;
    for (size_t i = begin; i < end; i++) {
        real d = momentum * direction[i] + grad[i];
        d = d < tiny && d > -tiny ? 0 : d;
        direction[i] = d;
        value[i] -= rate * d;
    }
}

static double base_rate(const void *options)
{
    return ((const Options *)options)->lr;
}

static void step(const void *options, double rate, uint64_t count, size_t n, real *value, const real *grad,
                 real *const *slot)
{
    (void)count;
    const Options *o = options;
    Step s = {.rate = (real)rate, .momentum = (real)o->momentum, .value = value, .direction = slot[0], .grad = grad};
    wide_run(n, OPTIM_BLOCK, &update, &s);
}

const Optimizer optimizer_sgd = {
    .row = {.name = "sgd",
            .doc = "Gradient descent with momentum: direction = momentum x direction + gradient, value -= rate x "
                   "direction. Sutskever et al., On the importance of initialization and momentum in deep learning "
                   "(2013), in PyTorch's form, where the rate multiplies the direction.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "lr",
            .example = "{lr: 0.1, momentum: 0.9}"},
    .slots = 1,
    .rate = base_rate,
    .step = step,
};
