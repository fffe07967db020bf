#include "nn/schedule/schedule.h"

typedef struct Options {
    double from, to;
    int64_t epochs;
} Options;

static const Field fields[] = {
    {.key = "from",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, from),
     .fallback = "1",
     .max = SCHEDULE_MAX,
     .help = "the value at the start"},
    {.key = "to",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, to),
     .max = SCHEDULE_MAX,
     .help = "the value at the end, and from then on"},
    {.key = "epochs",
     .kind = FIELD_INT,
     .offset = offsetof(Options, epochs),
     .min = 1,
     .max = SCHEDULE_EPOCHS_MAX,
     .unit = "epochs",
     .help = "how long the way from one to the other takes"},
    {0},
};

static double at(const void *options, ScheduleTime time)
{
    const Options *o = options;
    double whole = (double)o->epochs * (double)time.steps_per_epoch, done = (double)time.step;
    return done >= whole ? o->to : o->from + (o->to - o->from) * (done / whole);
}

const Schedule schedule_linear = {
    .row = {.name = "linear",
            .doc =
                "Moves from one value to another in equal steps, then stays. Over a KL term's weight, from 0 to 1: the "
                "warm-up of Sonderby et al., Ladder Variational Autoencoders (2016), section 2.2.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{from: 0, to: 1, epochs: 5}"},
    .at = at,
};
