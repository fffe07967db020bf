#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "runner/cli/cli.h"
#include "runner/run/cost.h"
#include "runner/run/signals.h"
#include "runner/run/spawn.h"

/* The files of one run that are compared, by their names in its folder. */
typedef struct Files {
    Arena *arena;
    const char **names;
    size_t n, capacity;
} Files;

static void add_file(Files *files, const char *name)
{
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->names[i], name) == 0) return;
    if (files->n == files->capacity) {
        files->capacity = files->capacity ? mem_mul(files->capacity, 2) : 16;
        files->names = mem_grow(files->names, files->capacity, sizeof *files->names);
    }
    files->names[files->n++] = arena_text(files->arena, name);
}

static void add_figures(Files *files, const char *folder)
{
    DIR *stream = opendir(arena_printf(files->arena, "%s/figures", folder));
    if (!stream) return;
    for (struct dirent *entry; (entry = readdir(stream));) {
        size_t length = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || length <= 4 || strcmp(entry->d_name + length - 4, ".png") != 0) continue;
        add_file(files, arena_printf(files->arena, "figures/%s", entry->d_name));
    }
    closedir(stream);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What every run has, the figures of both sides, and the weights where they were kept. */
static void list_files(Files *files, const char *committed, const char *again)
{
    static const char *const always[] = {"config.yaml", "history.csv", "metrics.csv", "run.yaml"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) add_file(files, always[i]);
    add_figures(files, committed);
    add_figures(files, again);
    if (file_exists(arena_printf(files->arena, "%s/weights.safetensors", committed)))
        add_file(files, "weights.safetensors");
    qsort(files->names, files->n, sizeof *files->names, by_name);
}

static bool open_file(FILE **file, const char *path, Err *err)
{
    *file = fopen(path, "rb");
    return *file || err_failed(err, loc_file(path), "can't be opened: %s", strerror(errno));
}

static bool same_bytes(const char *one, const char *two, bool *same, Err *err)
{
    enum { BLOCK = 1 << 16 };
    FILE *a = NULL, *b = NULL;
    char *blocks = mem_zeroed(2, BLOCK);
    size_t n = BLOCK;
    bool ok = open_file(&a, one, err) && open_file(&b, two, err);
    *same = ok;
    while (ok && *same && n == BLOCK) {
        n = fread(blocks, 1, BLOCK, a);
        *same = fread(blocks + BLOCK, 1, BLOCK, b) == n && memcmp(blocks, blocks + BLOCK, n) == 0;
        if (ferror(a)) ok = err_failed(err, loc_file(one), "can't be read");
        if (ferror(b)) ok = err_failed(err, loc_file(two), "can't be read");
    }
    if (a) fclose(a);
    if (b) fclose(b);
    free(blocks);
    return ok;
}

/* One file on both sides: a line where it isn't the same. */
static bool compare_file(Arena *arena, const Run *run, const Run *again, const char *name, bool *same, Err *err)
{
    const char *committed = arena_printf(arena, "%s/%s", run->folder, name);
    const char *made = arena_printf(arena, "%s/%s", again->folder, name);
    bool was = file_exists(committed), is = file_exists(made);
    *same = false;
    if (was && is && !same_bytes(committed, made, same, err)) return false;
    if (*same) return true;
    printf("%s: %s %s\n", run->path, name,
           was && is ? "differs"
           : was     ? "is not made any more"
                     : "is not in the results");
    return true;
}

static bool compare_run(Arena *arena, const Run *run, const Run *again, bool *same, Err *err)
{
    Files files = {.arena = arena};
    bool ok = true;
    *same = true;
    list_files(&files, run->folder, again->folder);
    for (size_t i = 0; ok && i < files.n; i++) {
        bool file_same;
        ok = compare_file(arena, run, again, files.names[i], &file_same, err);
        *same = *same && file_same;
    }
    if (ok && *same) printf("%s: identical (%zu files)\n", run->path, files.n);
    free(files.names);
    return ok;
}

/* A run that was made of another configuration can't come out the same: that is said at once. */
static bool same_config(Arena *arena, const Run *run, bool *same, Err *err)
{
    char *bytes = NULL;
    size_t length = 0;
    const char *path = arena_printf(arena, "%s/config.yaml", run->folder);
    if (!file_exists(path) || !file_exists(arena_printf(arena, "%s/run.yaml", run->folder)))
        return err_config(err, loc_file(run->folder), "%s has no results here; `mayvae run %s` makes them", run->path,
                          run->path);
    if (!file_read(path, CFG_BYTES_MAX, &bytes, &length, err)) return false;
    *same = length == strlen(run->config) && memcmp(bytes, run->config, length) == 0;
    free(bytes);
    return true;
}

/* Runs that can be made again, in a folder of their own. */
typedef struct Again {
    Run *runs;
    const Run **committed;
    SpawnTask *tasks;
    size_t n, differ;
} Again;

static bool choose(Arena *arena, RunList *list, Again *again, Err *err)
{
    again->runs = arena_alloc(arena, list->n + 1, sizeof *again->runs);
    again->committed = arena_alloc(arena, list->n + 1, sizeof *again->committed);
    again->tasks = arena_alloc(arena, list->n + 1, sizeof *again->tasks);
    bool *same = arena_alloc(arena, list->n + 1, sizeof *same);
    double *cost = arena_alloc(arena, list->n + 1, sizeof *cost);
    for (size_t i = 0; i < list->n; i++)
        if (!same_config(arena, &list->items[i], &same[i], err) || !cost_check(&list->items[i], &cost[i], err))
            return false;
    for (size_t i = 0; i < list->n; i++) {
        Run *run = &list->items[i];
        if (!same[i]) {
            again->differ++;
            printf("%s: config.yaml differs; `mayvae explain %s` says in what\n", run->path, run->path);
            continue;
        }
        again->committed[again->n] = run;
        again->runs[again->n] = *run;
        again->tasks[again->n] = (SpawnTask){&again->runs[again->n], cost[i] * cost_steps(run, RUN_TRAIN)};
        again->n++;
    }
    fflush(stdout);
    return true;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static void remove_folder(const char *folder)
{
    enum { FOLDERS_OPEN = 16 };
    if (nftw(folder, remove_entry, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS) != 0)
        fprintf(stderr, "%s: can't be removed: %s\n", folder, strerror(errno));
}

static bool make_folder(Arena *arena, char **folder, Err *err)
{
    const char *parent = getenv("TMPDIR");
    char *name = arena_printf(arena, "%s/mayvae-verify-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(name)) return err_failed(err, loc_file(name), "can't make a temporary folder: %s", strerror(errno));
    *folder = name;
    return true;
}

/* Makes the runs again below folder, and compares those that came to an end. */
static int verify(Cli *cli, Again *again, const char *folder, Err *err)
{
    SpawnOptions options = {.experiments = cli->place.experiments,
                            .jobs = cli->jobs ? cli->jobs : 1,
                            .threads = cli->threads,
                            .processors = cli_processors(),
                            .keep_going = cli->keep_going,
                            .quiet = cli->quiet};
    for (size_t i = 0; i < again->n; i++)
        again->runs[i].folder = arena_printf(&cli->arena, "%s/%s", folder, again->runs[i].path);
    SpawnResult result = spawn_all(again->tasks, again->n, &options);
    for (size_t i = 0; i < again->n; i++) {
        const Run *run = again->committed[i];
        bool same = false;
        if (!file_exists(arena_printf(&cli->arena, "%s/run.yaml", again->runs[i].folder)))
            printf("%s: not made again\n", run->path);
        else if (!compare_run(&cli->arena, run, &again->runs[i], &same, err))
            return cli_fail(err);
        again->differ += !same;
    }
    if (result.signal) return 128 + result.signal;
    if (result.failed) return result.worst > 0 ? result.worst : ERR_FAILED;
    return again->differ ? 1 : 0;
}

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    Again again = {0};
    char *folder = NULL;
    int code = 0;
    signals_catch();
    bool ok = cli_runs(cli, &list, err) && choose(&cli->arena, &list, &again, err);
    if (ok && again.n) ok = make_folder(&cli->arena, &folder, err);
    if (!ok)
        code = cli_fail(err);
    else if (folder)
        code = verify(cli, &again, folder, err);
    else
        code = again.differ ? 1 : 0;
    if (folder) remove_folder(folder);
    runs_release(&list);
    return code;
}

const Command command_verify = {
    .name = "verify",
    .arguments = "[TARGET...] ",
    .summary = "runs targets again elsewhere and compares bytes with the results",
    .help = "Trains and evaluates in a temporary folder (below TMPDIR or /tmp, removed at\n"
            "the end) and compares every file of each run: configuration, history, metrics,\n"
            "figures, and the weights where they are there. Exit: 0 identical, 1 not.",
    .options = "threads jobs keep-going",
    .run = run,
};
