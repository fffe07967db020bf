#include "runner/cli/cli.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "nn/base/pool.h"
#include "runner/run/study.h"

#define COMMAND(id) extern const Command command_##id;
#include "runner/cli/commands.def"
#undef COMMAND

const Command *const command_rows[] = {
#define COMMAND(id) &command_##id,
#include "runner/cli/commands.def"
#undef COMMAND
};

const size_t command_count = sizeof command_rows / sizeof *command_rows;

int cli_fail(const Err *err)
{
    return err->kind == ERR_NONE ? ERR_FAILED : (int)err->kind;
}

bool cli_runs(Cli *cli, RunList *list, Err *err)
{
    return runs_find(list, &cli->place, cli->targets, cli->target_count, err);
}

bool cli_check_results(const Cli *cli, Err *err)
{
    struct stat found;
    if (stat(cli->place.results, &found) != 0 || S_ISDIR(found.st_mode)) return true;
    return err_config(err, loc_file(cli->place.results),
                      "results go to a folder, and this is none; --results names another");
}

const char *cli_call(Cli *cli, const Run *run, const char *verb)
{
    if (cli->place.again) return arena_printf(&cli->arena, "`mayvae %s` with the same targets and options", verb);
    return arena_printf(&cli->arena, "`mayvae %s %s`", verb, run->path);
}

bool cli_is_whole(const Cli *cli)
{
    const ResolveOptions *resolve = &cli->place.resolve;
    return cli->target_count == 0 && cli->override_count == 0 && !resolve->has_seed;
}

bool cli_check_study(const Cli *cli, const RunList *list, Err *err)
{
    const bool as_written = cli_is_whole(cli) && !cli->place.resolve.profile;
    return study_check(cli->place.experiments, as_written ? list : NULL, err);
}

size_t cli_threads(const Cli *cli)
{
    if (cli->threads) return cli->threads;
    size_t processors = pool_processors(), jobs = cli->jobs ? cli->jobs : 1;
    return processors > jobs ? processors / jobs : 1;
}

SpawnOptions cli_spawn_options(const Cli *cli)
{
    return (SpawnOptions){.experiments = cli->place.experiments,
                          .jobs = cli->jobs ? cli->jobs : 1,
                          .threads = cli->threads,
                          .processors = pool_processors(),
                          .keep_going = cli->keep_going,
                          .quiet = cli->quiet};
}

static size_t columns_of(const char *cell)
{
    return text_columns(cell, strlen(cell));
}

static bool is_json_number(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    bool is = json_is_number(value);
    json_decref(value);
    return is;
}

static void put_json_text(const char *text)
{
    json_t *value = json_string(text);
    json_dumpf(value ? value : json_null(), stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(value);
}

/* A number stands as the table prints it, but for a plus sign, which JSON doesn't know. */
static void put_json_number(const char *cell)
{
    const char *bare = cell + (*cell == '+');
    if (is_json_number(bare))
        fputs(bare, stdout);
    else if (!*cell)
        fputs("null", stdout);
    else
        put_json_text(cell);
}

static void print_json(size_t columns, size_t rows, const char *const *cells, unsigned numbers)
{
    for (size_t row = 1; row < rows; row++) {
        for (size_t i = 0; i < columns; i++) {
            putchar(i ? ',' : '{');
            put_json_text(cells[i]);
            putchar(':');
            (numbers >> i & 1 ? put_json_number : put_json_text)(cells[row * columns + i]);
        }
        puts("}");
    }
}

void cli_table(const Cli *cli, size_t columns, size_t rows, const char *const *cells, unsigned right, unsigned numbers)
{
    if (cli->json) {
        print_json(columns, rows, cells, numbers);
        return;
    }
    size_t *widths = mem_zeroed(columns, sizeof *widths);
    for (size_t cell = 0; cell < rows * columns; cell++) {
        const size_t own = columns_of(cells[cell]);
        if (own > widths[cell % columns]) widths[cell % columns] = own;
    }
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < columns; i++) {
            bool to_right = right >> i & 1;
            int pad = (int)(widths[i] - columns_of(cells[row * columns + i]));
            if (to_right) printf("%*s", pad, "");
            printf("%s", cells[row * columns + i]);
            if (i + 1 == columns)
                putchar('\n');
            else
                printf("%*s", (to_right ? 0 : pad) + 2, "");
        }
    }
    free(widths);
}
