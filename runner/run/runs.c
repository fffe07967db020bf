#include "runner/run/runs.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "nn/base/file.h"
#include "runner/config/yaml_file.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "runner/model/codes.h"
#include "runner/run/history.h"
#include "runner/run/link.h"
#include "runner/run/needs.h"

const ExperimentTables experiment_tables = {&metrics_table, &figures_table, NULL, metric_name_taken};

typedef struct Names {
    char **items;
    size_t n;
} Names;

static bool is_one_file(const char *a, const char *b)
{
    struct stat first, second;
    return strcmp(a, b) == 0 || (stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_ino == second.st_ino &&
                                 first.st_dev == second.st_dev);
}

/* A run that is in the list already may come up again, but from its own file. */
static bool is_same(const Run *run, const NamedRun *named, Err *err)
{
    const char *first = run->experiment.loc.file, *second = named->variant->root->loc.file;
    return is_one_file(first, second) ||
           err_config(err, loc_file(second),
                      "%s is a run of %s already, and both would write %s; rename one of "
                      "the experiments, or run them apart with a --results of its own each",
                      run->path, first, run->folder);
}

/* Runs in a row mostly share their data set, which is read about once then. */
static bool describe_data(RunList *list, const RunPlace *place, Run *run, Err *err)
{
    const Ref name = run->experiment.data.dataset;
    if (!list->total || strcmp(run[-1].info.name, name.name) != 0)
        return dataset_describe(&list->arena, place->experiments, name, &run->info, err);
    run->info = run[-1].info;
    return true;
}

bool runs_add(RunList *list, const RunPlace *place, const NamedRun *named, Err *err)
{
    Arena *arena = &list->arena;
    const Run *there = runs_named(list, named->path);
    if (there) return is_same(there, named, err);
    if (list->total == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->items = mem_grow(list->items, list->capacity, sizeof *list->items);
    }
    ExperimentTables tables = experiment_tables;
    tables.runs = &list->names;
    Run *run = &list->items[list->total];
    *run = (Run){.path = named->path,
                 .folder = arena_printf(arena, "%s/%s", place->results, named->path),
                 .again = place->again ? place->again : arena_printf(arena, "`mayvae run %s`", named->path)};
    if (!experiment_bind(arena, named->variant, named->seed, &tables, &run->experiment, err)) return false;
    if (!describe_data(list, place, run, err)) return false;
    list->total++;
    return true;
}

/* Adds the runs of a file whose path matches the pattern; NULL: all, as where binding the first tells what is wrong.
 * found, where given, is set when one does, be it in the list already or not. */
static bool add_file(RunList *list, const RunPlace *place, const char *file, const char *pattern, bool *found, Err *err)
{
    VariantList variants = {0};
    if (!resolve_file(&list->arena, file, &place->resolve, &variants, err)) return false;
    if (variants_are_pending(&variants)) pattern = NULL;
    for (size_t i = 0; i < variants.n; i++) {
        const Variant *variant = &variants.items[i];
        for (size_t j = 0; j < variant->seed_count; j++) {
            const char *path = run_path(&list->arena, variant->experiment, variant->name, variant->seeds[j]);
            if (pattern && fnmatch(pattern, path, 0) != 0 && fnmatch(pattern, path, FNM_LEADING_DIR) != 0) continue;
            if (found) *found = true;
            if (!runs_add(list, place, &(NamedRun){path, variant, variant->seeds[j]}, err)) return false;
        }
    }
    return true;
}

/* The run of an experiment, or its variant, that is nearest to a target without globs; NULL: none is near. */
static const char *nearest_run(Arena *arena, const VariantList *variants, const char *target)
{
    size_t n = 0, room = 0;
    for (size_t i = 0; i < variants->n; i++) room += variants->items[i].seed_count + 1;
    const char **paths = arena_alloc(arena, room, sizeof *paths);
    for (size_t i = 0; i < variants->n; i++) {
        const Variant *variant = &variants->items[i];
        if (variant->name[0]) paths[n++] = arena_printf(arena, "%s/%s", variant->experiment, variant->name);
        for (size_t k = 0; k < variant->seed_count; k++)
            paths[n++] = run_path(arena, variant->experiment, variant->name, variant->seeds[k]);
    }
    return strpbrk(target, "*?[") ? NULL : nearest_name(target, paths, n);
}

/* There is an experiment of that name, but none of its runs matches. */
static bool no_run(Arena *arena, const RunPlace *place, const char *target, const char *name, Err *err)
{
    VariantList variants;
    const char *file = arena_printf(arena, "%s/%s.yaml", place->experiments, name);
    if (!resolve_file(arena, file, &place->resolve, &variants, err)) return false;
    const char *nearest = nearest_run(arena, &variants, target);
    if (nearest) return err_config(err, (Loc){0}, "no run matches \"%s\"; did you mean \"%s\"?", target, nearest);
    return err_config(err, (Loc){0}, "no run matches \"%s\"; `mayvae list %s` shows those there are", target, name);
}

/* known: how many experiments match the name, though none of their runs does. */
static bool no_match(Arena *arena, const RunPlace *place, const char *target, const Names *names, const char *name,
                     size_t known, Err *err)
{
    if (!name[0]) return err_config(err, (Loc){0}, "\"%s\" is neither a YAML file, an experiment nor a run", target);
    const char *nearest = nearest_name(name, (const char *const *)names->items, names->n);
    if (nearest && strcmp(nearest, name) == 0) return no_run(arena, place, target, name, err);
    if (known) return err_config(err, (Loc){0}, "no run matches \"%s\"; `mayvae list` shows those there are", target);
    const char *yml = arena_printf(arena, "%s/%s.yml", place->experiments, name);
    if (file_exists(yml)) return yaml_file_check(yml, err);
    if (nearest)
        return err_config(err, (Loc){0}, "no experiment \"%s\" in %s/; did you mean \"%s\"?", name, place->experiments,
                          nearest);
    return err_config(err, (Loc){0}, "no experiment \"%s\" in %s/; `mayvae list` shows those there are", name,
                      place->experiments);
}

/* An experiment's name, or a run: EXPERIMENT[/VARIANT][/SEED], with globs anywhere. */
static bool add_named(RunList *list, const RunPlace *place, const char *target, const Names *names, Err *err)
{
    const char *slash = strchr(target, '/');
    char *name = arena_text_n(&list->arena, target, slash ? (size_t)(slash - target) : strlen(target));
    bool found = false;
    size_t known = 0;
    for (size_t i = 0; i < names->n; i++) {
        if (fnmatch(name, names->items[i], 0) != 0) continue;
        known++;
        const char *file = arena_printf(&list->arena, "%s/%s.yaml", place->experiments, names->items[i]);
        if (!add_file(list, place, file, slash ? target : NULL, &found, err)) return false;
    }
    return found || no_match(&list->arena, place, target, names, name, known, err);
}

/* What was added for the targets so far is bound anew with the others. */
static void begin(RunList *list, const RunPlace *place)
{
    ResolveOptions options = place->resolve;
    options.override_count = 0;
    options.has_seed = false;
    options.folder = place->experiments;
    run_names_release(&list->names);
    run_names_init(&list->names, &list->arena, &options);
    list->total = list->n;
    runs_forget(list);
}

static bool end(RunList *list, const RunPlace *place, Err *err)
{
    list->n = list->total;
    return runs_link(list, place, err);
}

static bool add_folder(RunList *list, const RunPlace *place, const char *folder, Err *err)
{
    Names names = {0};
    if (!experiment_names(&list->arena, folder, &names.items, &names.n, err)) return false;
    for (size_t i = 0; i < names.n; i++)
        if (!add_file(list, place, arena_printf(&list->arena, "%s/%s.yaml", folder, names.items[i]), NULL, NULL, err))
            return false;
    return true;
}

bool runs_in_folder(RunList *list, const RunPlace *place, const char *folder, Err *err)
{
    begin(list, place);
    return add_folder(list, place, folder, err) && end(list, place, err);
}

/* The slashes behind a folder's name, as a shell completes it, mean nothing. */
static const char *without_slashes(Arena *arena, const char *target)
{
    size_t length = strlen(target);
    while (length > 1 && target[length - 1] == '/') length--;
    return arena_text_n(arena, target, length);
}

static bool add_targets(RunList *list, const RunPlace *place, char *const *given, size_t n, Err *err)
{
    Names names = {0};
    bool only_files = true;
    const char **targets = arena_alloc(&list->arena, n, sizeof *targets);
    for (size_t i = 0; i < n; i++) {
        targets[i] = without_slashes(&list->arena, given[i]);
        if (!yaml_file_check(targets[i], err)) return false;
        only_files = only_files && is_yaml_file(targets[i]);
    }
    if (!only_files && !experiment_names(&list->arena, place->experiments, &names.items, &names.n, err)) return false;
    for (size_t i = 0; i < n; i++) {
        bool ok = is_yaml_file(targets[i]) ? add_file(list, place, targets[i], NULL, NULL, err)
                                           : add_named(list, place, targets[i], &names, err);
        if (!ok) return false;
    }
    return true;
}

/* Names mean installed experiments only where nobody could take them for files that are here. */
static bool names_are_clear(const RunPlace *place, char *const *targets, size_t n, Err *err)
{
    size_t files = 0;
    for (size_t i = 0; i < n; i++) files += is_yaml_file(targets[i]);
    if (!place->passed_over || (n && files == n)) return true;
    return err_config(err, (Loc){0},
                      "%s/ has no datasets.yaml, so names would mean the experiments in %s/; copy datasets.yaml from "
                      "there, and what yours extend or need, or choose by --experiments",
                      place->passed_over, place->experiments);
}

bool runs_find(RunList *list, const RunPlace *place, char *const *targets, size_t n, Err *err)
{
    if (!names_are_clear(place, targets, n, err)) return false;
    if (n == 0) return runs_in_folder(list, place, place->experiments, err);
    begin(list, place);
    return add_targets(list, place, targets, n, err) && end(list, place, err);
}

void runs_release(RunList *list)
{
    free(list->items);
    runs_forget(list);
    run_names_release(&list->names);
    arena_release(&list->arena);
    *list = (RunList){0};
}

const char *run_again(Arena *arena, const Run *run, const char *does)
{
    return run->again ? arena_printf(arena, "; %s %s", run->again, does) : "";
}

bool run_check(const Run *run, Model *model, Err *err)
{
    Model own = {0};
    Model *used = model ? model : &own;
    const Experiment *experiment = &run->experiment;
    const char *split[2];
    size_t splits = history_splits(experiment, split);
    Arena arena = {0};
    Needs needs;
    needs_models(&arena, run, &needs);
    UseContext use = {.model = used, .needs = &needs};
    bool ok = dataset_check_split(&run->info, &experiment->data, err) &&
              codes_model_init(used, experiment, &run->info, &needs, err);
    for (size_t i = 0; ok && i < splits; i++) ok = metric_check_split(used, split[i], experiment->train.loc, err);
    for (size_t i = 0; ok && i < experiment->evaluate.n; i++) {
        ok = metric_check(&use, &experiment->evaluate.items[i], err);
    }
    for (size_t i = 0; ok && i < experiment->figures.n; i++) {
        const Spec *spec = &experiment->figures.items[i];
        const Figure *figure = (const Figure *)spec->row;
        if (figure->check) ok = figure->check(&use, spec, err);
    }
    needs_release(&needs);
    model_release(&own);
    arena_release(&arena);
    return ok;
}

bool run_read(Arena *arena, Run *run, const char *experiments, const char *folder, const char *file, Err *err)
{
    *run = (Run){.folder = arena_text(arena, folder)};
    const char *path = arena_printf(arena, "%s/%s", folder, file);
    if (!experiment_read(arena, path, &experiment_tables, &run->experiment, err)) return false;
    if (!dataset_describe(arena, experiments, run->experiment.data.dataset, &run->info, err)) return false;
    const Experiment *experiment = &run->experiment;
    run->path = run_path(arena, experiment->name, experiment->variant, experiment->seed);
    return true;
}
