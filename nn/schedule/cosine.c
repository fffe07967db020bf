#include "nn/base/fmath.h"
#include "nn/schedule/schedule.h"

typedef struct Options {
    double floor, from;
} Options;

static const Field fields[] = {
    {.key = "floor",
     .kind = FIELD_REAL,
     .offset = offsetof(Options, floor),
     .fallback = "0",
     .max = 1,
     .help = "the value at the end, as a part of the one at the start"},
    FIELD_OF_FROM(Options),
    {0},
};

static double at(const void *options, ScheduleTime time)
{
    const double pi = 3.14159265358979323846;
    const Options *o = options;
    double whole = (double)time.epochs * (double)time.steps_per_epoch, done = (double)time.step;
    if (done >= whole) return o->from * o->floor;
    return o->from * (o->floor + (1 - o->floor) * 0.5 * (1 + d_cos(pi * (done / whole))));
}

const Schedule schedule_cosine = {
    .row =
        {.name = "cosine",
         .doc =
             "from x (floor + (1 - floor) x (1 + cos(pi t)) / 2), t rising from 0 to 1 over the whole training, step "
             "by step. Loshchilov and Hutter, SGDR (2017), eq. 5, without restarts.",
         .fields = fields,
         .size = sizeof(Options)},
    .at = at,
};
