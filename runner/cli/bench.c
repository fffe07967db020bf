#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "nn/kernel/peak.h"
#include "nn/optim/optim.h"
#include "runner/cli/cli.h"
#include "runner/run/progress.h"
#include "runner/run/train.h"

enum { WARM_STEPS = 3, STEPS_MAX = 60 };

static const double seconds_a_model = 6;

typedef struct BenchRow {
    const char *model;
    const Experiment *experiment;
    double seconds, gflop, peak;
} BenchRow;

/* Floating point operations of a training step: each contraction once forward, once for its weights and once for its
 * input where that wants a gradient; two a multiply-add, taps in the image only. */
static double step_gflop(const Graph *graph)
{
    double sum = 0;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        for (size_t k = 0; k < node->inputs && node->multiply_adds > 0; k++)
            if (k < 2 && node->wants_grad && graph->nodes[node->input[k]].wants_grad) sum += 2 * node->multiply_adds;
        sum += 2 * node->multiply_adds;
    }
    return sum * 1e-9;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Images of noise, and a class for each in turn. */
static void make_up_batch(const Model *model, const Pass *pass, size_t batch, int step)
{
    const DatasetInfo *info = &model->info;
    real *label = exec_value(&pass->exec, pass->wiring.label);
    rng_uniform(rng_stream(1, "bench"), (uint64_t)step, 0, batch * info->height * info->width * info->channels,
                exec_value(&pass->exec, pass->wiring.image));
    for (size_t i = 0; i < batch; i++) label[i] = (real)(info->classes ? i % info->classes : 0);
}

/* The median of steps on made-up images; every step does all that a training step does but reading the batch. */
static double median_step(Model *model)
{
    size_t batch = (size_t)model->experiment->data.batch, n = 0;
    double times[STEPS_MAX] = {0}, begin = seconds_now();
    Stepper stepper;
    SegmentSum *sum = mem_zeroed(model->experiment->loss_count + 1, sizeof *sum);
    stepper_init(&stepper, model, batch, STEPS_MAX);
    for (int i = 0; n < STEPS_MAX && (n < 5 || seconds_now() - begin < seconds_a_model); i++) {
        double start = seconds_now();
        make_up_batch(model, &stepper.pass, batch, i);
        stepper_step(&stepper, (uint64_t)i, sum);
        if (i >= WARM_STEPS) times[n++] = seconds_now() - start;
    }
    stepper_release(&stepper);
    free(sum);
    qsort(times, n, sizeof *times, by_value);
    return times[n / 2];
}

static bool bench_run(const Run *run, BenchRow *row, Err *err)
{
    Model model = {0};
    bool ok = run_check(run, &model, err);
    if (ok) {
        model_allocate(&model, ((const Optimizer *)run->experiment.train.optimizer.row)->slots);
        *row = (BenchRow){run->experiment.name, &run->experiment, median_step(&model), step_gflop(&model.wiring.graph),
                          peak_gflops()};
    }
    model_release(&model);
    return ok;
}

static void print_rows(Cli *cli, const BenchRow *rows, size_t n)
{
    enum { COLUMNS = 9 };
    static const char *const headings[COLUMNS] = {"model",        "numerics", "threads",     "batch", "ms_per_step",
                                                  "images_per_s", "gflops",   "peak_gflops", "share"};
    Arena *arena = &cli->arena;
    const char **cells = arena_alloc(arena, (n + 1) * COLUMNS, sizeof *cells);
    memcpy(cells, headings, sizeof headings);
    for (size_t i = 0; i < n; i++) {
        const char **cell = cells + (i + 1) * COLUMNS;
        double batch = (double)rows[i].experiment->data.batch, rate = rows[i].gflop / rows[i].seconds;
        cell[0] = rows[i].model;
        cell[1] = rows[i].experiment->numerics;
        cell[2] = arena_printf(arena, "%zu", pool_threads());
        cell[3] = arena_printf(arena, "%.0f", batch);
        cell[4] = arena_printf(arena, "%.2f", rows[i].seconds * 1e3);
        cell[5] = arena_printf(arena, "%.0f", batch / rows[i].seconds);
        cell[6] = arena_printf(arena, "%.1f", rate);
        cell[7] = arena_printf(arena, "%.1f", rows[i].peak);
        cell[8] = arena_printf(arena, "%.3f", rows[i].peak > 0 ? rate / rows[i].peak : 0);
    }
    if (!cli->csv) {
        cli_table(cli, COLUMNS, n + 1, cells, 0x1FCu);
        return;
    }
    for (size_t i = 0; i < (n + 1) * COLUMNS; i++) printf("%s%c", cells[i], i % COLUMNS == COLUMNS - 1 ? '\n' : ',');
}

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    bool ok = cli->target_count || runs_in_folder(&list, &cli->place, "tests/bench", err);
    if (ok && cli->target_count) ok = cli_runs(cli, &list, err);
    if (ok && list.n == 0) ok = err_config(err, (Loc){0}, "bench: no experiments in tests/bench/");
    BenchRow *rows = mem_zeroed(list.n + 1, sizeof *rows);
    pool_start(cli_threads(cli));
    for (size_t i = 0; ok && i < list.n; i++) ok = bench_run(&list.items[i], &rows[i], err);
    if (ok) print_rows(cli, rows, list.n);
    pool_stop();
    free(rows);
    runs_release(&list);
    return ok ? 0 : cli_fail(err);
}

const Command command_bench = {
    .name = "bench",
    .arguments = "[TARGET...] ",
    .summary = "time of a training step, images/s, GFLOP/s, share of the peak",
    .help = "Without targets: the networks of tests/bench/. The median of up to 60 steps,\n"
            "beside the peak of fused multiply-adds measured in the same process.",
    .options = "threads csv json",
    .run = run,
};
