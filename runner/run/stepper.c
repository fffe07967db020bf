#include <stdlib.h>

#include "nn/schedule/schedule.h"
#include "runner/run/train.h"

void stepper_init(Stepper *stepper, Model *model, size_t batch, uint64_t steps_per_epoch)
{
    const Experiment *experiment = model->experiment;
    *stepper = (Stepper){.model = model,
                         .optimizer = (const Optimizer *)experiment->train.optimizer.row,
                         .grad = mem_zeroed(2 * experiment->loss_count, sizeof *stepper->grad),
                         .steps_per_epoch = steps_per_epoch,
                         .epochs = (uint64_t)experiment->train.epochs};
    pass_init(&stepper->pass, model, &(PassSpec){.batch = batch, .training = true, .losses = true});
}

void stepper_release(Stepper *stepper)
{
    if (!stepper->model) return;
    pass_release(&stepper->pass);
    free(stepper->grad);
    *stepper = (Stepper){0};
}

static void add_losses(const Stepper *stepper, const double *weight, SegmentSum *sum)
{
    size_t terms = stepper->model->experiment->loss_count, batch = stepper->pass.wiring.graph.batch;
    for (size_t i = 0; i < batch; i++) {
        double objective = 0;
        for (size_t term = 0; term < terms; term++) {
            double value = (double)exec_value(&stepper->pass.exec, stepper->pass.wiring.loss[term])[i];
            segment_add(&sum[term], value);
            objective += weight[term] * value;
        }
        segment_add(&sum[terms], objective);
    }
}

void stepper_step(Stepper *stepper, uint64_t global, SegmentSum *sum)
{
    const Experiment *experiment = stepper->model->experiment;
    size_t terms = experiment->loss_count;
    Params *params = &stepper->model->params;
    ScheduleTime time = {global, stepper->steps_per_epoch, stepper->epochs};
    double *weight = stepper->grad + terms;
    for (size_t term = 0; term < terms; term++) {
        weight[term] = schedule_at(&experiment->losses[term].weight, time);
        stepper->grad[term] = weight[term] / (double)stepper->pass.wiring.graph.batch;
    }
    exec_forward(&stepper->pass.exec, experiment->seed, global);
    add_losses(stepper, weight, sum);
    exec_backward(&stepper->pass.exec, experiment->seed, global, stepper->pass.wiring.loss, stepper->grad, terms);

    const void *options = experiment->train.optimizer.options;
    double rate = stepper->optimizer->rate(options) * schedule_at(&experiment->train.lr_schedule, time);
    stepper->optimizer->step(options, rate, global + 1, params->trainable_total, params->value, params->grad,
                             params->slot);
}
