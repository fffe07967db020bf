#include <string.h>

#include "nn/base/pool.h"
#include "nn/optim/optim.h"
#include "runner/cli/cli.h"
#include "runner/run/cost.h"
#include "runner/run/due.h"
#include "runner/run/order.h"
#include "runner/run/progress.h"
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

enum { COLUMNS = 5 };

typedef struct PlanTable {
    Cli *cli;
    RunList list;
    DueList due;
    OrderTask *tasks; /* (due.n) in seconds */
    Timed *timed;
    size_t timed_count, rows;
    const char **cells;
} PlanTable;

/* What is to be done of a run; NULL: it is up to date. */
static const Due *due_of(const PlanTable *plan, const Run *run, size_t *number)
{
    for (*number = 0; *number < plan->due.n; ++*number)
        if (plan->due.items[*number].run == run) return &plan->due.items[*number];
    return NULL;
}

static const char *reason_of(Arena *arena, const Due *due)
{
    if (!due) return "";
    if (!due->user) return due->status.reason;
    return arena_printf(arena, "%s; %s needs it", due->status.reason, due->user->path);
}

/* The row of a target, or of a run that is made since others need it. */
static bool add_row(PlanTable *plan, const Run *run, Err *err)
{
    size_t number;
    const Due *due = due_of(plan, run, &number);
    Arena *arena = &plan->cli->arena;
    if (!due && run >= plan->list.items + plan->list.n) return true;
    Model model = {0};
    bool ok = run_check(run, &model, err);
    if (ok) {
        char text[32] = "";
        if (due) {
            double seconds = step_seconds(&model, plan->timed, &plan->timed_count) * cost_steps(run, due->status.state);
            plan->tasks[number] = (OrderTask){seconds, due->waits, due->wait_count};
            duration_text(seconds, text);
        }
        const char **cells = plan->cells + ++plan->rows * COLUMNS;
        cells[0] = run->path;
        cells[1] = run_state_name(due ? due->status.state : RUN_CURRENT);
        cells[2] = arena_printf(arena, "%zu", params_count(&model.params));
        cells[3] = arena_text(arena, text);
        cells[4] = reason_of(arena, due);
    }
    model_release(&model);
    return ok;
}

static bool make_plan(PlanTable *plan, Err *err)
{
    RunList *list = &plan->list;
    Cli *cli = plan->cli;
    if (!cli_check_results(cli, err) || !cli_runs(cli, list, err) || !cli_check_study(cli, list, err)) return false;
    plan->due = due_make(list, cli->force);
    plan->tasks = arena_alloc(&cli->arena, plan->due.n + 1, sizeof *plan->tasks);
    plan->timed = arena_alloc(&cli->arena, list->total + 1, sizeof *plan->timed);
    plan->cells = arena_alloc(&cli->arena, (list->total + 1) * COLUMNS, sizeof *plan->cells);
    static const char *const heading[COLUMNS] = {"run", "to do", "parameters", "about", "why"};
    memcpy(plan->cells, heading, sizeof heading);
    for (size_t i = 0; i < list->total; i++)
        if (!add_row(plan, list->order[i], err)) return false;
    return true;
}

static int run(Cli *cli, Err *err)
{
    PlanTable plan = {.cli = cli};
    pool_start(cli_threads(cli));
    bool ok = make_plan(&plan, err);
    pool_stop();
    if (ok) {
        char text[32];
        size_t jobs = cli->jobs ? cli->jobs : 1;
        duration_text(order_makespan(plan.tasks, plan.due.n, jobs), text);
        cli_table(cli, COLUMNS, plan.rows + 1, plan.cells, 1u << 2 | 1u << 3, 1u << 2);
        if (!cli->json)
            printf("%zu of %zu runs to do, about %s\n", plan.due.n, plan.rows, plan.due.n ? text : "no time");
    }
    runs_release(&plan.list);
    return ok ? 0 : cli_fail(err);
}

const Command command_plan = {
    .name = "plan",
    .arguments = "[TARGET...] ",
    .summary = "what `run` would do and why, parameters, about how long",
    .help = "Times a few training steps of each network for its estimate, which is of -j runs\n"
            "side by side. Runs that others need are listed too, where they are to be made.\n"
            "Changes nothing.",
    .options = CLI_TARGET_OPTIONS " threads jobs force json",
    .run = run,
};
