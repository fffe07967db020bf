#include "nn/schedule/schedule.h"

static const Row *const rows[] = {
#define SCHEDULE(id) &schedule_##id.row,
#include "nn/schedule/schedules.def"
#undef SCHEDULE
};

const Table schedules_table = {
    .name = "schedules", .noun = "schedule", .rows = rows, .n = sizeof rows / sizeof rows[0]};

double schedule_at(const Spec *schedule, ScheduleTime time)
{
    if (time.steps_per_epoch == 0) BUG("an epoch without steps");
    return ((const Schedule *)schedule->row)->at(schedule->options, time);
}
