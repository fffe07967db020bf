#include "runner/cli/cli.h"
#include "runner/run/state.h"

static void explain(Arena *arena, const Run *run)
{
    RunStatus status = run_status(arena, run);
    printf("%s: %s%s%s\n", run->path, run_state_name(status.state), status.reason[0] ? ": " : "", status.reason);
    const char *line = run_differences(arena, run, true);
    while (*line) {
        const char *end = line;
        while (*end && *end != '\n') end++;
        printf("  %.*s\n", (int)(end - line), line);
        line = *end ? end + 1 : end;
    }
}

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    bool ok = cli_runs(cli, &list, err);
    for (size_t i = 0; ok && i < list.n; i++) explain(&list.arena, &list.items[i]);
    runs_release(&list);
    return ok ? 0 : cli_fail(err);
}

const Command command_explain = {
    .name = "explain",
    .arguments = "[TARGET...] ",
    .summary = "why a run is stale: the keys that differ",
    .help = "Compares each run's configuration with the config.yaml beside its results.",
    .options = CLI_TARGET_OPTIONS,
    .run = run,
};
