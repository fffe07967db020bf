/* Schedules: a number as a function of time, for learning rates (as a factor of the base rate) and for loss weights.
 * One file each, and one row in schedules.def. No libm: d_powi and d_cos of fmath.h. */
#ifndef NN_SCHEDULE_SCHEDULE_H
#define NN_SCHEDULE_SCHEDULE_H

#include "nn/base/table.h"

enum { SCHEDULE_EPOCHS_MAX = 1000000 };
#define SCHEDULE_MAX 1e9 /* the greatest value a schedule may be told */

/* The option of schedules that fall from a value. */
#define FIELD_OF_FROM(Options)                                                                                         \
    {                                                                                                                  \
        .key = "from", .kind = FIELD_REAL, .offset = offsetof(Options, from), .fallback = "1", .max = SCHEDULE_MAX,    \
        .above_min = true, .help = "the value at the start; for a loss weight, its scale"                              \
    }

typedef struct ScheduleTime {
    uint64_t step;            /* since the start, from 0 */
    uint64_t steps_per_epoch; /* > 0 */
    uint64_t epochs;          /* of the whole training */
} ScheduleTime;

typedef struct Schedule {
    Row row;
    double (*at)(const void *options, ScheduleTime time);
} Schedule;

#define SCHEDULE(id) extern const Schedule schedule_##id;
#include "nn/schedule/schedules.def"
#undef SCHEDULE

extern const Table schedules_table;

/* steps_per_epoch of 0 is a BUG. */
double schedule_at(const Spec *schedule, ScheduleTime time);

#endif
