#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "runner/cli/cli.h"
#include "runner/run/cost.h"
#include "runner/run/due.h"
#include "runner/run/execute.h"
#include "runner/run/launch.h"
#include "runner/run/lock.h"
#include "runner/run/signals.h"
#include "runner/run/study.h"
#include "runner/run/summary.h"

/* One frozen run: the process that the runner starts for each. */
static int run_frozen(const Cli *cli, Err *err)
{
    int signal = 0;
    prctl(PR_SET_NAME, "mayvae");            /* it was started as /proc/self/exe */
    setvbuf(stderr, NULL, _IOLBF, PIPE_BUF); /* lines of several processes don't mix */
    ExecuteOptions options = {.experiments = cli->place.experiments,
                              .frozen = cli->frozen,
                              .needs = cli->needs,
                              .again = cli->again,
                              .threads = cli_threads(cli),
                              .force = cli->force,
                              .quiet = cli->quiet,
                              .report = (int)cli->report};
    bool ok = execute_run(&options, &signal, err);
    if (ok) return 0;
    return signal ? 128 + signal : cli_fail(err);
}

/* Everything that can be checked is checked for every run before the first one starts. batch: the cost of a batch, by
 * run. */
static bool check_all(const RunList *list, double *batch, Err *err)
{
    for (size_t i = 0; i < list->total; i++)
        if (!cost_check(&list->items[i], &batch[i], err)) return false;
    return true;
}

static bool data_is_there(const SpawnTask *tasks, size_t n, Err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!dataset_present(&tasks[i].run->info, err)) return false;
    return true;
}

static void say(const Due *due)
{
    const char *what = run_state_name(due->status.state);
    if (due->forced)
        fprintf(stderr, "%s: train (--force)\n", due->run->path);
    else if (due->user)
        fprintf(stderr, "%s: %s: %s; %s needs it\n", due->run->path, what, due->status.reason, due->user->path);
    else
        fprintf(stderr, "%s: %s: %s\n", due->run->path, what, due->status.reason);
}

static SpawnTask *choose(const Cli *cli, RunList *list, const double *batch, size_t *n)
{
    DueList due = due_make(list, cli->force);
    SpawnTask *tasks = arena_alloc(&list->arena, due.n + 1, sizeof *tasks);
    for (size_t i = 0; i < due.n; i++) {
        const Due *item = &due.items[i];
        tasks[i] = (SpawnTask){.run = item->run,
                               .cost = batch[item->run - list->items] * cost_steps(item->run, item->status.state),
                               .waits = item->waits,
                               .wait_count = item->wait_count,
                               .force = item->forced};
        if (!cli->quiet) say(item);
    }
    if (!cli->quiet && due.targets < list->n)
        fprintf(stderr, "%zu of %zu runs are up to date\n", list->n - due.targets, list->n);
    *n = due.n;
    return tasks;
}

/* What is made of all runs together; one call at a time. Where nothing was done, a folder that can't be written is left
 * as it is. */
static bool summarise(const Cli *cli, bool anything, Err *err)
{
    if (!file_exists(cli->place.results)) return true;
    if (!anything && access(cli->place.results, W_OK) != 0) return true;
    int lock = lock_take(cli->place.results, cli->place.results, err);
    if (lock >= 0) launch_sweep(cli->place.results);
    bool ok = lock >= 0 && summary_write(&cli->place, !cli->quiet, err) &&
              study_draw(&cli->place, cli_is_whole(cli), cli->quiet ? NULL : stderr, err);
    lock_release(lock);
    return ok;
}

/* Who didn't say where results go is told. */
static void say_where(const Cli *cli)
{
    if (cli->quiet || cli->results_option || strcmp(cli->place.results, "results") == 0) return;
    fprintf(stderr, "the results are in %s/\n", cli->place.results);
}

static int finish(const Cli *cli, const SpawnResult *result, Err *err)
{
    bool ok = summarise(cli, result->done || result->failed || result->stopped, err);
    if (result->failed || result->stopped || result->skipped)
        fprintf(stderr, "%zu done, %zu failed, %zu stopped, %zu not started\n", result->done, result->failed,
                result->stopped, result->skipped);
    if (result->done) say_where(cli);
    if (result->signal) return 128 + result->signal;
    if (!ok) return signals_pending() ? 128 + signals_pending() : cli_fail(err);
    return result->failed ? result->worst > 0 ? result->worst : ERR_FAILED : 0;
}

static int run_due(const Cli *cli, RunList *list, const double *batch, Err *err)
{
    size_t n;
    const SpawnTask *chosen = choose(cli, list, batch, &n);
    if (!data_is_there(chosen, n, err)) return cli_fail(err);
    const SpawnOptions options = cli_spawn_options(cli);
    SpawnResult result = spawn_all(chosen, n, &options);
    return finish(cli, &result, err);
}

static int run(Cli *cli, Err *err)
{
    if (cli->frozen) return run_frozen(cli, err);
    RunList list = {0};
    int code = ERR_FAILED;
    bool ok = cli_check_results(cli, err) && cli_runs(cli, &list, err) && cli_check_study(cli, &list, err);
    double *batch = arena_alloc(&list.arena, list.total + 1, sizeof *batch);
    if (ok && check_all(&list, batch, err))
        code = run_due(cli, &list, batch, err);
    else
        code = cli_fail(err);
    runs_release(&list);
    return code;
}

const Command command_run = {
    .name = "run",
    .arguments = "[TARGET...] ",
    .summary = "brings the targets up to date, needs first; resumes what was stopped",
    .help = "Each run trains and evaluates in a process of its own and writes below the\n"
            "folder of the results. What is up to date is left alone. Ctrl-C writes a\n"
            "checkpoint; the next call goes on from it and ends in the same bytes.\n"
            "What a run needs, such as the classifier that judges it, is brought up to\n"
            "date before it, by the files alone: -o, --seed and --force are for targets.\n"
            "Side by side (-j) the longest runs begin first, and share the processors\n"
            "unless --threads says how many each gets.",
    .options = CLI_TARGET_OPTIONS " threads jobs force keep-going frozen needs again report",
    .run = run,
};
