#include "nn/base/fmath.h"
#include "nn/schedule/schedule.h"

typedef struct Options {
    int64_t every;
    double gamma, from;
} Options;

static const Field fields[] = {
    {.key = "every",
     .kind = FIELD_INT,
     .offset = offsetof(Options, every),
     .fallback = "10",
     .min = 1,
     .max = SCHEDULE_EPOCHS_MAX,
     .unit = "epochs",
     .help = "how many epochs lie between two falls"},
    {.key = "gamma",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, gamma),
     .fallback = "0.1",
     .max = 1,
     .above_min = true,
     .help = "what each fall multiplies by"},
    FIELD_OF_FROM(Options),
    {0},
};

static double at(const void *options, ScheduleTime time)
{
    const Options *o = options;
    return o->from * d_powi(o->gamma, time.step / time.steps_per_epoch / (uint64_t)o->every);
}

const Schedule schedule_step = {
    .row = {.name = "step",
            .doc = "from x gamma^floor(epoch / every): falls by a factor after every so many epochs.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{every: 10, gamma: 0.5}"},
    .at = at,
};
