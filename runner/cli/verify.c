#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "nn/base/temporary.h"
#include "runner/cli/cli.h"
#include "runner/run/cost.h"
#include "runner/run/needs.h"
#include "runner/run/signals.h"

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

/* A run that was made of something else can't come out the same: what that is, or NULL. */
static bool what_changed(Cli *cli, const Run *run, const char **changed, Err *err)
{
    if (!file_exists(arena_printf(&cli->arena, "%s/config.yaml", run->folder)) ||
        !file_exists(arena_printf(&cli->arena, "%s/run.yaml", run->folder)))
        return err_config(err, loc_file(run->folder), "%s has no results here; %s makes them", run->path,
                          cli_call(cli, run, "run"));
    bool same;
    if (!run_has_config(&cli->arena, run, &same, err)) return false;
    const char *needs = run_changed_needs(&cli->arena, run);
    *changed = needs[0] ? arena_printf(&cli->arena, "a run it needs changed: %s", needs) : NULL;
    if (!same) *changed = "config.yaml differs";
    return true;
}

/* Runs that are made again, in a folder of their own. */
typedef struct Again {
    RunList *list;
    Run *runs;        /* the list's; those that are made again have the other folder */
    size_t *number;   /* of those: which task it is */
    SpawnTask *tasks; /* (n) */
    size_t n, differ;
} Again;

/* The targets that are made of the same as then; of the others it is told at once. */
static bool choose(Cli *cli, const RunList *list, bool *wanted, size_t *differ, Err *err)
{
    const char **changed = arena_alloc(&cli->arena, list->n + 1, sizeof *changed);
    for (size_t i = 0; i < list->n; i++)
        if (!what_changed(cli, &list->items[i], &changed[i], err)) return false;
    for (size_t i = 0; i < list->n; i++) {
        const Run *run = &list->items[i];
        wanted[i] = !changed[i];
        if (wanted[i]) continue;
        ++*differ;
        printf("%s: %s; %s says in what\n", run->path, changed[i], cli_call(cli, run, "explain"));
    }
    fflush(stdout);
    return true;
}

/* What they need is taken from the results where its weights are there; else it is made again too. */
static void choose_needs(Arena *arena, const RunList *list, bool *wanted)
{
    for (size_t k = list->total; k-- > 0;) {
        const Run **needed, *run = list->order[k];
        if (!wanted[run - list->items]) continue;
        size_t n = needs_closure(arena, run, &needed);
        for (size_t i = 0; i < n; i++)
            if (!run_has_weights(needed[i])) wanted[needed[i] - list->items] = true;
    }
}

/* A task behind those of what it needs and is made again. */
static bool add_task(Arena *arena, Again *again, const bool *wanted, const Run *run, Err *err)
{
    const RunList *list = again->list;
    const size_t i = (size_t)(run - list->items);
    double batch;
    if (!cost_check(run, &batch, err)) return false;
    const Run **needed;
    size_t n = needs_closure(arena, run, &needed), *waits = arena_alloc(arena, n + 1, sizeof *waits), count = 0;
    for (size_t k = 0; k < n; k++)
        if (wanted[needed[k] - list->items]) waits[count++] = again->number[needed[k] - list->items];
    again->tasks[again->n] = (SpawnTask){
        .run = &again->runs[i], .cost = batch * cost_steps(run, RUN_TRAIN), .waits = waits, .wait_count = count};
    again->number[i] = again->n++;
    return true;
}

static bool again_make(Cli *cli, Again *again, const char *folder, Err *err)
{
    Arena *arena = &cli->arena;
    RunList *list = again->list;
    const size_t total = list->total;
    again->runs = arena_alloc(arena, total + 1, sizeof *again->runs);
    again->number = arena_alloc(arena, total + 1, sizeof *again->number);
    again->tasks = arena_alloc(arena, total + 1, sizeof *again->tasks);
    bool *wanted = arena_alloc(arena, total + 1, sizeof *wanted);
    if (!choose(cli, list, wanted, &again->differ, err)) return false;
    choose_needs(arena, list, wanted);
    for (size_t i = 0; i < total; i++) {
        Run *run = &again->runs[i];
        *run = list->items[i];
        run->again = NULL; /* the folder goes with this call */
        if (wanted[i]) run->folder = arena_printf(arena, "%s/%s", folder, run->path);
        run->needs = arena_alloc(arena, run->experiment.need_count + 1, sizeof *run->needs);
        for (size_t k = 0; k < run->experiment.need_count; k++)
            run->needs[k] = &again->runs[list->items[i].needs[k] - list->items];
    }
    for (size_t k = 0; k < total; k++)
        if (wanted[list->order[k] - list->items] && !add_task(arena, again, wanted, list->order[k], err)) return false;
    return true;
}

/* Makes the runs again below folder, and compares those that came to an end. */
static int verify(Cli *cli, Again *again, Err *err)
{
    const SpawnOptions options = cli_spawn_options(cli);
    SpawnResult result = spawn_all(again->tasks, again->n, &options);
    for (size_t i = 0; i < again->n; i++) {
        const Run *made = again->tasks[i].run, *run = &again->list->items[made - again->runs];
        bool same = false;
        if (run >= again->list->items + again->list->n) continue; /* no target */
        if (!file_exists(arena_printf(&cli->arena, "%s/run.yaml", made->folder)))
            printf("%s: not made again\n", run->path);
        else if (!compare_run(&cli->arena, run, made, &same, err))
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
    Again again = {.list = &list};
    Err left = {0};
    signals_catch();
    const char *folder = cli_runs(cli, &list, err) ? temporary_folder(&cli->arena, "verify", err) : NULL;
    const bool ok = folder && again_make(cli, &again, folder, err);
    const int code = ok ? verify(cli, &again, err) : cli_fail(err);
    if (folder && !temporary_remove(folder, &left)) err_print(&left, stderr);
    runs_release(&list);
    return code;
}

const Command command_verify = {
    .name = "verify",
    .arguments = "[TARGET...] ",
    .summary = "runs targets again elsewhere and compares bytes with the results",
    .help = "Trains and evaluates in a temporary folder (below TMPDIR or /tmp, removed at\n"
            "the end) and compares every file of each run: configuration, history, metrics,\n"
            "figures, and the weights where they are there. What a target needs is taken\n"
            "from the results, or made there too where they lack its weights. A run whose\n"
            "own configuration, or that of a run it needs, changed since is not made again,\n"
            "but told at once. Exit: 0 identical, 1 not.",
    .options = CLI_TARGET_OPTIONS " threads jobs keep-going",
    .run = run,
};
