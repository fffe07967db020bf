#include <stdlib.h>

#include "nn/base/pool.h"
#include "nn/optim/optim.h"
#include "runner/cli/cli.h"
#include "runner/run/cost.h"
#include "runner/run/train.h"

/* A training step of each network is timed once; runs of the same multiply-adds and batch share the answer. */
typedef struct Timed {
    double multiply_adds, seconds;
} Timed;

static double step_seconds(Model *model, Timed *timed, size_t *n)
{
    double cost = cost_batch(model);
    for (size_t i = 0; i < *n; i++)
        if (timed[i].multiply_adds == cost) return timed[i].seconds;
    model_allocate(model, ((const Optimizer *)model->experiment->train.optimizer.row)->slots);
    timed[*n] = (Timed){cost, train_time_step(model, 4)};
    return timed[(*n)++].seconds;
}

static bool plan_run(Cli *cli, const Run *run, RunStatus status, Timed *timed, size_t *n, const char **cells,
                     double *total, Err *err)
{
    Model model = {0};
    char text[32];
    bool ok = run_check(run, &model, err);
    if (ok) {
        double seconds =
            status.state == RUN_CURRENT ? 0 : step_seconds(&model, timed, n) * cost_steps(run, status.state);
        *total += seconds;
        cells[0] = run->path;
        cells[1] = run_state_name(status.state);
        cells[2] = arena_printf(&cli->arena, "%zu", params_count(&model.params));
        cells[3] = status.state == RUN_CURRENT ? "" : arena_printf(&cli->arena, "%s", duration_text(seconds, text));
        cells[4] = status.reason;
    }
    model_release(&model);
    return ok;
}

static int run(Cli *cli, Err *err)
{
    enum { COLUMNS = 5 };
    RunList list = {0};
    bool ok = cli_runs(cli, &list, err);
    const char **cells = ok ? arena_alloc(&cli->arena, (list.n + 1) * COLUMNS, sizeof *cells) : NULL;
    Timed *timed = mem_zeroed(list.n + 1, sizeof *timed);
    size_t n = 0, stale = 0;
    double total = 0;
    char text[32];
    pool_start(cli_threads(cli));
    if (ok) cells[0] = "run", cells[1] = "to do", cells[2] = "parameters", cells[3] = "about", cells[4] = "why";
    for (size_t i = 0; ok && i < list.n; i++) {
        RunStatus status = run_status(&list.arena, &list.items[i]);
        if (cli->force) status = (RunStatus){RUN_TRAIN, "--force"};
        stale += status.state != RUN_CURRENT;
        ok = plan_run(cli, &list.items[i], status, timed, &n, cells + (i + 1) * COLUMNS, &total, err);
    }
    pool_stop();
    if (ok) {
        cli_table(cli, COLUMNS, list.n + 1, cells, 1u << 2 | 1u << 3);
        if (!cli->json)
            printf("%zu of %zu runs to do, about %s\n", stale, list.n, stale ? duration_text(total, text) : "no time");
    }
    free(timed);
    runs_release(&list);
    return ok ? 0 : cli_fail(err);
}

const Command command_plan = {
    .name = "plan",
    .arguments = "[TARGET...] ",
    .summary = "what `run` would do and why, parameters, about how long",
    .help = "Times a few training steps of each network for its estimate. Changes nothing.",
    .options = "threads jobs force json",
    .run = run,
};
