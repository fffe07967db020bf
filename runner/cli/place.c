#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
 * or by those that were installed with the program. Names are looked for among the installed experiments only where
 * nobody could take them for files that are here. NULL after an error. */
static const char *find_experiments(Cli *cli, Err *err)
{
    static const char here[] = "experiments";
    Arena *arena = &cli->arena;
    if (has_datasets(arena, here)) return here;
    size_t files = 0;
    for (size_t i = 0; i < cli->target_count; i++) {
        const char *folder = file_folder(arena, cli->targets[i]);
        if (!is_yaml_file(cli->targets[i])) continue;
        if (has_datasets(arena, folder)) return folder;
        files++;
    }
    const char *installed = installed_path(arena, here);
    if (!installed || !has_datasets(arena, installed)) return here;
    const bool by_name = files < cli->target_count || files == 0;
    if (!by_name || !cli_takes(cli->command, "experiments") || !lacks_datasets(arena, here)) return installed;
    err_config(err, (Loc){0},
               "%s/ has no datasets.yaml, so names would mean the experiments in %s/; copy datasets.yaml from there, "
               "and what yours extend or need, or choose by --experiments",
               here, installed);
    return NULL;
}

/* Whether `mayvae run NAME` alone, of a run of this call, means that run. */
static bool named_alone(const Cli *cli)
{
    for (size_t i = 0; i < cli->target_count; i++)
        if (is_yaml_file(cli->targets[i])) return false;
    return !cli->override_count && !cli->place.resolve.profile && !cli->place.resolve.has_seed &&
           !cli->results_option && !cli->place.experiments;
}

static bool results_can_lie_there(Cli *cli, Err *err)
{
    struct stat found;
    const char *folder = cli->place.results;
    if (stat(folder, &found) != 0 || S_ISDIR(found.st_mode)) return true;
    return err_config(err, loc_file(folder), "results go to a folder, and this is none; --results names another");
}

/* Results go where they are told to; else never over committed ones when -o or a profile changes what the files say.
 * What -o doesn't change, the runs that are needed, is taken from where it would lie without -o, if it is there. */
bool cli_place(Cli *cli, Err *err)
{
    ResolveOptions *resolve = &cli->place.resolve;
    if (!named_alone(cli)) cli->place.again = cli->force ? "the same command without --force" : "the same command";
    if (!cli->place.experiments) cli->place.experiments = find_experiments(cli, err);
    if (!cli->place.experiments) return false;
    resolve->folder = cli->place.experiments;
    resolve->overrides = cli->overrides;
    resolve->override_count = cli->override_count;
    const char *usual = resolve->profile ? arena_printf(&cli->arena, "build/%s/results", resolve->profile) : "results";
    cli->place.results = cli->override_count ? "build/override" : usual;
    if (cli->results_option) cli->place.results = cli->results_option;
    if (cli->override_count && strcmp(cli->place.results, usual) != 0) cli->place.lender = usual;
    return !cli_takes(cli->command, "results") || results_can_lie_there(cli, err);
}
