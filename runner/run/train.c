#include "runner/run/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/schedule/schedule.h"
#include "runner/data/outliers.h"
#include "runner/metric/metric.h"
#include "runner/run/signals.h"

/* What one call of train_run holds. */
typedef struct Loop {
    const TrainJob *job;
    Stepper full, tail; /* whole batches, and the partial one that ends an epoch */
    size_t images, batch, steps;
    uint32_t *order;
} Loop;

static void loop_init(Loop *loop, const TrainJob *job)
{
    const Experiment *experiment = job->model->experiment;
    *loop = (Loop){.job = job, .images = job->dataset->train.n, .batch = (size_t)experiment->data.batch};
    loop->steps = (loop->images + loop->batch - 1) / loop->batch;
    loop->order = mem_zeroed(loop->images, sizeof *loop->order);
    size_t rest = loop->images % loop->batch;
    if (loop->images >= loop->batch) stepper_init(&loop->full, job->model, loop->batch, loop->steps);
    if (rest) stepper_init(&loop->tail, job->model, rest, loop->steps);
}

static void loop_release(Loop *loop)
{
    stepper_release(&loop->full);
    stepper_release(&loop->tail);
    free(loop->order);
}

static double objective_so_far(const TrainState *state, size_t images)
{
    return segment_total(&state->sum[state->sums - 1]) / (double)images;
}

static bool do_step(Loop *loop, Err *err)
{
    const TrainJob *job = loop->job;
    TrainState *state = job->state;
    const Experiment *experiment = job->model->experiment;
    size_t first = (size_t)state->step * loop->batch;
    size_t n = loop->images - first < loop->batch ? loop->images - first : loop->batch;
    Stepper *stepper = n == loop->batch ? &loop->full : &loop->tail;
    const Wiring *wiring = &stepper->pass.wiring;
    const DataOptions *data = &experiment->data;
    const Split *train = &job->dataset->train;
    const uint32_t *index = loop->order + first;
    const bool codes = wiring->code >= 0;
    real *input = exec_value(&stepper->pass.exec, codes ? wiring->code : wiring->image);
    real *label = exec_value(&stepper->pass.exec, wiring->label);
    batch_gather(job->dataset, train, data, experiment->seed, state->epoch, index, n, codes ? NULL : input, label);
    if (codes)
        batch_codes(job->dataset, train, index, n, input);
    else
        outliers_put(job->dataset, data, experiment->seed, state->epoch, index, n, input, label);
    stepper_step(stepper, state->epoch * loop->steps + state->step, state->sum);
    double objective = objective_so_far(state, first + n);
    if (!isfinite(objective))
        return err_failed(err, experiment->train.optimizer.loc,
                          "the loss is %s in epoch %llu, step %llu; a smaller learning rate usually helps",
                          isnan(objective) ? "not a number" : "infinite", (unsigned long long)state->epoch + 1,
                          (unsigned long long)state->step + 1);
    progress_step(job->progress, state->epoch, state->step, objective, loop->batch);
    state->step++;
    return true;
}

/* The columns of a tracked split, from `at` on: its objective with this epoch's weights, then its terms. */
static void add_tracked(const TrainJob *job, const char *split, const double *weight, uint64_t epoch, double *at)
{
    size_t terms = job->model->experiment->loss_count;
    measure_losses(job->model, job->dataset, dataset_split(job->dataset, split), EVALUATION_STEP + ((epoch + 1) << 32),
                   at + 1);
    for (size_t i = 0; i < terms; i++) at[0] += weight[i] * at[1 + i];
}

/* The last update of an epoch may overflow, and no step of training sees what it left. */
static bool all_finite(const TrainJob *job, const double *row, Err *err)
{
    const TrainState *state = job->state;
    const Params *params = &job->model->params;
    bool finite = true;
    for (size_t i = 0; i < state->history.columns; i++) finite = finite && isfinite(row[i]);
    for (size_t i = 0; i < params->total; i++) finite = finite && isfinite(params->value[i]);
    return finite || err_failed(err, job->model->experiment->train.optimizer.loc,
                                "after epoch %llu there are parameters or losses that are no finite numbers; a smaller "
                                "learning rate usually helps",
                                (unsigned long long)state->epoch + 1);
}

/* Writes the epoch's row and begins the next epoch's sums. */
static bool end_epoch(Loop *loop, Err *err)
{
    const TrainJob *job = loop->job;
    TrainState *state = job->state;
    const Experiment *experiment = job->model->experiment;
    size_t terms = experiment->loss_count;
    uint64_t last = state->epoch * loop->steps + loop->steps - 1;
    ScheduleTime time = {last, loop->steps, (uint64_t)experiment->train.epochs};
    const Optimizer *optimizer = (const Optimizer *)experiment->train.optimizer.row;
    double *row = history_add(&state->history), *weight = mem_zeroed(terms, sizeof *weight);
    row[0] = (double)(state->epoch + 1);
    row[1] = optimizer->rate(experiment->train.optimizer.options) * schedule_at(&experiment->train.lr_schedule, time);
    row[2] = objective_so_far(state, loop->images);
    for (size_t i = 0; i < terms; i++) {
        weight[i] = schedule_at(&experiment->losses[i].weight, time);
        row[3 + 2 * i] = segment_total(&state->sum[i]) / (double)loop->images;
        row[4 + 2 * i] = weight[i];
    }
    const char *split[2], *followed = NULL;
    size_t splits = history_splits(experiment, split);
    double *tracked = row + 3 + 2 * terms, value = 0;
    for (size_t s = 0; s < splits; s++, tracked += 1 + terms) {
        followed = split[s];
        add_tracked(job, followed, weight, state->epoch, tracked);
        value = tracked[0];
    }
    progress_epoch(job->progress, state->epoch, row[2], followed, value, loop->images);
    free(weight);
    if (!all_finite(job, row, err)) return false;
    memset(state->sum, 0, state->sums * sizeof *state->sum);
    state->epoch++;
    state->step = 0;
    return true;
}

/* For onlookers: that it can't be written is no reason to stop. */
static void show_history(const TrainJob *job)
{
    Err ignored = {0};
    if (job->history) history_show(&job->state->history, job->history, &ignored);
}

static bool save(const Loop *loop, Err *err)
{
    const TrainJob *job = loop->job;
    bool ok = checkpoint_save(job->checkpoint, job->identity, &job->model->params, job->state, err);
    if (ok) show_history(job);
    return ok;
}

static TrainEnd run_epoch(Loop *loop, Err *err)
{
    const TrainJob *job = loop->job;
    batch_order(job->model->experiment->seed, job->state->epoch, loop->images, loop->order);
    while (job->state->step < loop->steps) {
        if (signals_pending()) return save(loop, err) ? TRAIN_INTERRUPTED : TRAIN_FAILED;
        if (!do_step(loop, err)) return TRAIN_FAILED;
    }
    if (!end_epoch(loop, err)) return TRAIN_FAILED;
    return save(loop, err) ? TRAIN_DONE : TRAIN_FAILED;
}

/* What a damaged checkpoint could claim: steps past the last would read past the images. */
static bool can_be(const Loop *loop, Err *err)
{
    const TrainState *state = loop->job->state;
    uint64_t epochs = (uint64_t)loop->job->model->experiment->train.epochs;
    if (state->history.rows == state->epoch && state->epoch <= epochs &&
        state->step < (state->epoch < epochs ? loop->steps : 1))
        return true;
    return err_failed(err, loc_file(loop->job->checkpoint),
                      "damaged checkpoint: epoch %llu, step %llu with %zu rows of history can't be; delete it, or use "
                      "--force, to train from the start",
                      (unsigned long long)state->epoch + 1, (unsigned long long)state->step, state->history.rows);
}

TrainEnd train_run(const TrainJob *job, Err *err)
{
    Loop loop;
    loop_init(&loop, job);
    TrainEnd end = can_be(&loop, err) ? TRAIN_DONE : TRAIN_FAILED;
    if (end == TRAIN_DONE) show_history(job);
    uint64_t epochs = (uint64_t)job->model->experiment->train.epochs;
    progress_begin(job->progress, job->progress->label, job->progress->quiet, job->progress->report, epochs, loop.steps,
                   job->state->epoch * loop.steps + job->state->step);
    if (end == TRAIN_DONE && job->state->epoch == 0 && job->state->step == 0)
        model_initialise_from_data(job->model, job->dataset);
    while (end == TRAIN_DONE && job->state->epoch < epochs) end = run_epoch(&loop, err);
    loop_release(&loop);
    return end;
}

double train_time_step(Model *model, size_t steps)
{
    const DataOptions *data = &model->experiment->data;
    const size_t there = dataset_split_count(&model->info, data, "train");
    const size_t batch = there < (size_t)data->batch ? there : (size_t)data->batch;
    Stepper stepper;
    SegmentSum *sum = mem_zeroed(model->experiment->loss_count + 1, sizeof *sum);
    stepper_init(&stepper, model, batch, 1);
    double best = INFINITY;
    for (size_t i = 0; i < steps; i++) {
        double start = seconds_now();
        stepper_step(&stepper, i, sum);
        double spent = seconds_now() - start;
        if (spent < best) best = spent;
    }
    stepper_release(&stepper);
    free(sum);
    return best * (double)data->batch / (double)batch;
}
