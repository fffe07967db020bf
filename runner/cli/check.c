#include "runner/cli/cli.h"

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    bool ok = cli_check_results(cli, err) && cli_runs(cli, &list, err);
    for (size_t i = 0; ok && i < list.total; i++) ok = run_check(&list.items[i], NULL, err);
    ok = ok && cli_check_study(cli, &list, err);
    const size_t needed = list.total - list.n;
    if (ok && !cli->quiet) {
        printf("%zu run%s checked", list.n, list.n == 1 ? "" : "s");
        if (needed) printf(", and %zu that %s need%s", needed, list.n == 1 ? "it" : "they", list.n == 1 ? "s" : "");
        putchar('\n');
    }
    runs_release(&list);
    return ok ? 0 : cli_fail(err);
}

const Command command_check = {
    .name = "check",
    .arguments = "[TARGET...] ",
    .summary = "parses, binds, resolves and infers shapes; no training",
    .help = "The first thing that is wrong is printed as FILE:LINE:COL, what, and what would\nbe right.",
    .options = CLI_TARGET_OPTIONS,
    .run = run,
};
