#include "nn/base/fmath.h"
#include "nn/schedule/schedule.h"

typedef struct Options {
    double gamma, from;
} Options;

static const Field fields[] = {
    {.key = "gamma",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, gamma),
     .max = 1,
     .above_min = true,
     .help = "what each epoch multiplies by"},
    FIELD_OF_FROM(Options),
    {0},
};

static double at(const void *options, ScheduleTime time)
{
    const Options *o = options;
    return o->from * d_powi(o->gamma, time.step / time.steps_per_epoch);
}

const Schedule schedule_exponential = {
    .row = {.name = "exponential",
            .doc = "from x gamma^epoch: falls by the same factor after each epoch.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{gamma: 0.95}"},
    .at = at,
};
