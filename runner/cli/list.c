#include "runner/cli/cli.h"
#include "runner/run/state.h"

static int run(Cli *cli, Err *err)
{
    enum { COLUMNS = 3 };
    RunList list = {0};
    if (!cli_check_results(cli, err) || !cli_runs(cli, &list, err)) {
        runs_release(&list);
        return cli_fail(err);
    }
    const char **cells = arena_alloc(&list.arena, (list.n + 1) * COLUMNS, sizeof *cells);
    cells[0] = "run", cells[1] = "state", cells[2] = "title";
    for (size_t i = 0; i < list.n; i++) {
        cells[(i + 1) * COLUMNS] = list.items[i].path;
        cells[(i + 1) * COLUMNS + 1] = run_state_name(run_status(&list.arena, &list.items[i]).state);
        cells[(i + 1) * COLUMNS + 2] = list.items[i].experiment.title;
    }
    cli_table(cli, COLUMNS, list.n + 1, cells, 0, 0);
    runs_release(&list);
    return 0;
}

const Command command_list = {
    .name = "list",
    .arguments = "[TARGET...] ",
    .summary = "the runs and their state",
    .options = CLI_TARGET_OPTIONS " json",
    .run = run,
};
