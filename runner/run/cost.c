#include "runner/run/cost.h"

#include "runner/run/checkpoint.h"

double cost_batch(const Model *model)
{
    double sum = 0;
    for (size_t i = 0; i < model->wiring.graph.n; i++) sum += model->wiring.graph.nodes[i].multiply_adds;
    return sum;
}

bool cost_check(const Run *run, double *batch, Err *err)
{
    Model model = {0};
    bool ok = run_check(run, &model, err);
    *batch = ok ? cost_batch(&model) : 0;
    model_release(&model);
    return ok;
}

/* Epochs that are still to be trained. */
static double epochs_left(const Run *run, RunState state)
{
    if (state == RUN_EVALUATE) return 0;
    Arena arena = {0};
    uint64_t epoch = 0, step = 0;
    const char *path = arena_printf(&arena, "%s/checkpoint.safetensors", run->folder);
    if (state == RUN_RESUME) checkpoint_peek(path, run->weights_identity, &epoch, &step);
    arena_release(&arena);
    return (double)run->experiment.train.epochs - (double)epoch;
}

static double batches(const Run *run, const char *split)
{
    const DataOptions *data = &run->experiment.data;
    return (double)dataset_split_count(&run->info, data, split) / (double)data->batch;
}

double cost_steps(const Run *run, RunState state)
{
    if (state == RUN_CURRENT) return 0;
    const char *tracked[2];
    double looked_at = 0;
    size_t splits = history_splits(&run->experiment, tracked);
    for (size_t i = 0; i < splits; i++) looked_at += batches(run, tracked[i]);
    return (batches(run, "train") + looked_at / 3) * epochs_left(run, state) + batches(run, "test");
}
