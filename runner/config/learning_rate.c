#include "runner/config/learning_rate.h"

#include <math.h>

#include "nn/schedule/schedule.h"

enum { STEPS = 100 };

static double rate_at(const TrainOptions *train, uint64_t epoch, uint64_t step)
{
    ScheduleTime time = {.step = epoch * STEPS + step, .steps_per_epoch = STEPS, .epochs = (uint64_t)train->epochs};
    return schedule_at(&train->lr_schedule, time);
}

/* A whole epoch is looked through only where its first step is dead. */
static bool epoch_is_dead(const TrainOptions *train, uint64_t epoch, double tiny)
{
    for (uint64_t step = 0; step < STEPS; step++)
        if (fabs(rate_at(train, epoch, step)) > tiny) return false;
    return true;
}

void check_learning_rate(const TrainOptions *train, Report *report)
{
    uint64_t epochs = (uint64_t)train->epochs;
    double largest = 0;
    for (uint64_t epoch = 0; epoch < epochs; epoch++) {
        largest = fmax(largest, fabs(rate_at(train, epoch, 0)));
        largest = fmax(largest, fabs(rate_at(train, epoch, STEPS - 1)));
    }
    for (uint64_t epoch = 0; epoch < epochs; epoch++) {
        if (!epoch_is_dead(train, epoch, 1e-12 * largest)) continue;
        report_add(
            report, RANK_MEANING, train->lr_schedule.loc,
            "lr_schedule %s: the learning rate is zero over all of epoch %llu of %llu, so nothing more is learned; "
            "let it end above zero, or train for fewer epochs",
            train->lr_schedule.row->name, (unsigned long long)epoch + 1, (unsigned long long)epochs);
        return;
    }
}
