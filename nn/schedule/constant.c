#include "nn/schedule/schedule.h"

typedef struct Options {
    double value;
} Options;

static const Field fields[] = {
    {.key = "value",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, value),
     .fallback = "1",
     .max = SCHEDULE_MAX,
     .help = "the value at all times"},
    {0},
};

static double at(const void *options, ScheduleTime time)
{
    (void)time;
    return ((const Options *)options)->value;
}

const Schedule schedule_constant = {
    .row = {.name = "constant",
            .doc =
                "The same value all the time: a factor of the base rate for a learning rate, the weight itself for a "
                "loss.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "value"},
    .at = at,
};
