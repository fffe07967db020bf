#include "nn/schedule/schedule.h"

typedef struct Options {
    int64_t epochs;
    Spec then;
} Options;

static const Field fields[] = {
    {.key = "epochs",
     .kind = FIELD_INT,
     .offset = offsetof(Options, epochs),
     .fallback = "1",
     .min = 1,
     .max = SCHEDULE_EPOCHS_MAX,
     .unit = "epochs",
     .help = "how long the rise takes"},
    {.key = "then",
     .kind = FIELD_SPEC,
     .offset = offsetof(Options, then),
     .fallback = "constant",
     .table = &schedules_table,
     .help = "the schedule to rise to; its time starts when the rise ends"},
    {0},
};

static double at(const void *options, ScheduleTime time)
{
    const Options *o = options;
    uint64_t epochs = (uint64_t)o->epochs, rise = epochs * time.steps_per_epoch, done = time.step;
    time.epochs = time.epochs > epochs ? time.epochs - epochs : 0;
    time.step = done > rise ? done - rise : 0;
    double value = schedule_at(&o->then, time);
    return done < rise ? value * ((double)(done + 1) / (double)rise) : value;
}

const Schedule schedule_warmup = {
    .row = {.name = "warmup",
            .doc =
                "Rises step by step from next to nothing to the first value of another schedule (step 1 of n is 1/n of "
                "it), which then runs over the epochs that are left. Goyal et al., Accurate, Large Minibatch SGD "
                "(2017), section 2.2. As a loss weight its scale is that of `then`.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{epochs: 2, then: {exponential: {gamma: 0.95}}}"},
    .at = at,
};
