#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/cli/cli.h"
#include "runner/config/installed.h"
#include "runner/config/run_names.h"
#include "runner/config/yaml_file.h"

static bool has_datasets(Arena *arena, const char *folder)
{
    return file_exists(arena_printf(arena, "%s/datasets.yaml", folder));
}

/* Whether a folder has experiments, though nothing that describes their data. */
static bool lacks_datasets(Arena *arena, const char *folder)
{
    char **names;
    size_t n = 0;
    Err ignored = {0};
    return !has_datasets(arena, folder) && experiment_names(arena, folder, &names, &n, &ignored) && n > 0;
}

/* experiments/, as in the repository. Elsewhere a file can be run, too: by the data sets that are described beside it,
 * or by those that were installed with the program; then the experiments that are here, if any, are passed over. */
static const char *find_experiments(Cli *cli)
{
    static const char here[] = "experiments";
    Arena *arena = &cli->arena;
    if (has_datasets(arena, here)) return here;
    for (size_t i = 0; i < cli->target_count; i++) {
        const char *folder = file_folder(arena, cli->targets[i]);
        if (is_yaml_file(cli->targets[i]) && has_datasets(arena, folder)) return folder;
    }
    const char *installed = installed_path(arena, here);
    if (!installed || !has_datasets(arena, installed)) return here;
    if (lacks_datasets(arena, here)) cli->place.passed_over = here;
    return installed;
}

/* Whether `mayvae run NAME` alone, of a run of this call, means that run. */
static bool named_alone(const Cli *cli)
{
    for (size_t i = 0; i < cli->target_count; i++)
        if (is_yaml_file(cli->targets[i])) return false;
    return !cli->override_count && !cli->place.resolve.profile && !cli->place.resolve.has_seed &&
           !cli->results_option && !cli->place.experiments;
}

/* Results go where they are told to; else never over committed ones when -o or a profile changes what the files say.
 * What -o doesn't change, the runs that are needed, is taken from where it would lie without -o, if it is there. */
void cli_place(Cli *cli)
{
    ResolveOptions *resolve = &cli->place.resolve;
    if (!named_alone(cli)) cli->place.again = cli->force ? "the same command without --force" : "the same command";
    if (!cli->place.experiments) cli->place.experiments = find_experiments(cli);
    resolve->folder = cli->place.experiments;
    resolve->overrides = cli->overrides;
    resolve->override_count = cli->override_count;
    const char *usual = resolve->profile ? arena_printf(&cli->arena, "build/%s/results", resolve->profile) : "results";
    cli->place.results = cli->override_count ? "build/override" : usual;
    if (cli->results_option) cli->place.results = cli->results_option;
    if (cli->override_count && strcmp(cli->place.results, usual) != 0) cli->place.lender = usual;
}
