#include "runner/config/resolve.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "nn/base/file.h"
#include "runner/config/matrix.h"
#include "runner/config/yaml_file.h"

enum { EXTENDS_MAX = 16, FOLDER_NAMES_MAX = 1000, RUNS_MAX = VARIANTS_MAX };

/* ---- extends ---- */

/* A file and those it extends, nearest first. */
typedef struct Chain {
    Cfg *roots[EXTENDS_MAX];
    const char *paths[EXTENDS_MAX];
    struct stat ids[EXTENDS_MAX];
    size_t n;
} Chain;

/* The names in a folder that end with .yaml, for messages; whole: with the ending. */
static size_t yaml_names(Arena *arena, const char *folder, bool whole, const char **names)
{
    size_t n = 0;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && n < FOLDER_NAMES_MAX && (entry = readdir(directory));) {
        size_t length = strlen(entry->d_name);
        if (!is_yaml_file(entry->d_name)) continue;
        names[n++] = arena_text_n(arena, entry->d_name, whole ? length : length - 5);
    }
    if (directory) closedir(directory);
    return n;
}

static const char *parent_path(Arena *arena, const char *path, const Cfg *extends)
{
    const char *slash = strrchr(path, '/');
    if (!slash || extends->text[0] == '/') return extends->text;
    return arena_printf(arena, "%.*s%s", (int)(slash + 1 - path), path, extends->text);
}

static bool missing_parent(Arena *arena, const char *path, const Cfg *extends, Err *err)
{
    const char *names[FOLDER_NAMES_MAX], *own = extends->loc.file, *slash = strrchr(own, '/');
    size_t n = yaml_names(arena, file_folder(arena, path), true, names), others = 0;
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], slash ? slash + 1 : own) != 0) names[others++] = names[i];
    return err_config(err, extends->loc, "extends: there is no file %s%s", cfg_quote(arena, path),
                      binder_suggest(arena, extends->text, names, others));
}

/* Adds the file at path; extends: the line that names it, or NULL for the first. *next: what it extends itself. */
static bool chain_add(Arena *arena, Chain *chain, const char *path, const Cfg *extends, Cfg **next, Err *err)
{
    struct stat id;
    if (extends && stat(path, &id) != 0) return missing_parent(arena, path, extends, err);
    if (extends && !S_ISREG(id.st_mode))
        return err_config(err, extends->loc, "extends: %s is no regular file", cfg_quote(arena, extends->text));
    for (size_t i = 0; extends && i < chain->n; i++)
        if (chain->ids[i].st_ino == id.st_ino && chain->ids[i].st_dev == id.st_dev)
            return err_config(err, extends->loc, "extends: a cycle: %s is being extended already", extends->text);
    if (chain->n == EXTENDS_MAX)
        return err_config(err, extends->loc, "extends: more than %d files in a row", EXTENDS_MAX);

    Cfg *root = cfg_parse_file(arena, path, err);
    if (!root) return false;
    if (root->kind != CFG_MAP)
        return err_config(err, root->loc, "wants a map at the top (experiment:, data:, network:, ...), got %s",
                          cfg_kind_text(root));
    if (!extends && stat(path, &id) != 0) return err_config(err, loc_file(path), "can't be read");
    *next = cfg_take(root, "extends");
    if (*next && ((*next)->kind != CFG_SCALAR || cfg_scalar_kind(*next) != SCALAR_TEXT || !(*next)->text[0]))
        return err_config(err, (*next)->loc, "extends: wants the name of a file, such as vae.yaml, %s",
                          binder_got(arena, *next));
    if (extends) cfg_take(root, "experiment");
    chain->roots[chain->n] = root;
    chain->paths[chain->n] = path;
    chain->ids[chain->n++] = id;
    return true;
}

static Cfg *read_chain(Arena *arena, const char *path, Err *err)
{
    Chain chain = {.n = 0};
    Cfg *extends = NULL, *next = NULL;
    do {
        if (!chain_add(arena, &chain, path, extends, &next, err)) return NULL;
        extends = next;
        if (extends) path = parent_path(arena, path, extends);
    } while (extends);
    Cfg *root = chain.roots[chain.n - 1];
    for (size_t i = chain.n - 1; i-- > 0;) root = cfg_merge(arena, root, chain.roots[i]);
    root->loc = chain.roots[0]->loc;
    return root;
}

/* ---- profile ---- */

static bool missing_profile(Arena *arena, const ResolveOptions *options, const char *path, Err *err)
{
    const char *names[FOLDER_NAMES_MAX];
    size_t n = yaml_names(arena, file_folder(arena, path), false, names);
    const char *listed = "";
    for (size_t i = 0; i < n; i++) listed = arena_printf(arena, "%s%s%s", listed, i ? ", " : "", names[i]);
    return err_config(err, loc_file(arena_printf(arena, "--profile %s", options->profile)),
                      "there is no file %s%s (%s%s)", cfg_quote(arena, path),
                      binder_suggest(arena, options->profile, names, n), n ? "there are: " : "there are no profiles",
                      listed);
}

/* What a profile says of single experiments, each of which must exist. */
static bool profile_single(Arena *arena, const ResolveOptions *options, const Cfg *singles, const char *experiment,
                           Cfg **root, Err *err)
{
    if (singles->kind != CFG_MAP)
        return err_config(err, singles->loc, "experiments: wants a map of experiments, %s", binder_got(arena, singles));
    for (size_t i = 0; i < singles->n; i++) {
        const Cfg *single = singles->items[i];
        const char *names[FOLDER_NAMES_MAX];
        if (single->kind != CFG_MAP)
            return err_config(err, single->loc, "%s: wants a map, %s", single->key, binder_got(arena, single));
        if (!strcmp(single->key, experiment)) {
            *root = cfg_merge(arena, *root, single);
        } else if (!file_exists(arena_printf(arena, "%s/%s.yaml", options->folder, single->key))) {
            size_t n = yaml_names(arena, options->folder, false, names);
            return err_config(err, single->key_loc, "unknown experiment %s%s", cfg_quote(arena, single->key),
                              binder_suggest(arena, single->key, names, n));
        }
    }
    return true;
}

static bool apply_profile(Arena *arena, const ResolveOptions *options, const char *experiment, Cfg **root, Err *err)
{
    const char *path = arena_printf(arena, "%s/profiles/%s.yaml", options->folder, options->profile);
    if (!*options->profile || strchr(options->profile, '/') || !file_exists(path))
        return missing_profile(arena, options, path, err);
    Cfg *profile = cfg_parse_file(arena, path, err);
    if (!profile) return false;
    if (profile->kind != CFG_MAP)
        return err_config(err, profile->loc, "wants a map at the top, such as train: {epochs: 1}, got %s",
                          cfg_kind_text(profile));
    Cfg *singles = cfg_take(profile, "experiments");
    *root = cfg_merge(arena, *root, profile);
    return !singles || profile_single(arena, options, singles, experiment, root, err);
}

/* ---- name and seeds ---- */

static const char *stem_of(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return arena_text_n(arena, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

static const char *read_name(Arena *arena, const char *path, const Cfg *root, Report *report)
{
    const Cfg *name = cfg_get(root, "experiment");
    const char *stem = stem_of(arena, path);
    const Loc *gone = cfg_gone(root, "experiment");
    if (!name && gone) {
        report_add(report, RANK_MISSING, *gone, "experiment can't be taken out: it is the file's own name, %s", stem);
        return stem;
    }
    if (!name) {
        report_add(report, RANK_MISSING, root->loc, "missing key \"experiment\": the file's name, %s", stem);
        return stem;
    }
    bool text = name->kind == CFG_SCALAR && cfg_scalar_kind(name) == SCALAR_TEXT && *name->text;
    if (!text || name->text[strspn(name->text, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
        report_add(report, RANK_VALUE, name->loc, "experiment: wants a name of a-z, 0-9 and _, %s",
                   binder_got(arena, name));
    else if (strcmp(name->text, stem) != 0)
        report_add(report, RANK_VALUE, name->loc, "experiment: wants the file's own name, %s, %s", stem,
                   binder_got(arena, name));
    return name->kind == CFG_SCALAR ? name->text : stem;
}

static const uint64_t default_seed[] = {1};

/* Unique whole numbers from 0 to 2^63 - 1. */
static void read_seed_list(Arena *arena, const Cfg *list, Variant *variant, Report *report)
{
    uint64_t *seeds = arena_alloc(arena, list->n, sizeof *seeds);
    if (!list->n || list->n > RUNS_MAX)
        report_add(report, RANK_VALUE, list->loc, "seeds: wants 1 to %d numbers, got %zu", RUNS_MAX, list->n);
    for (size_t i = 0; i < list->n && list->n <= RUNS_MAX; i++) {
        const Cfg *item = list->items[i];
        int64_t seed = -1;
        if (!cfg_int(item, &seed) || seed < 0)
            report_add(report, RANK_VALUE, item->loc, "seeds: wants whole numbers from 0 to 2^63 - 1, %s",
                       binder_got(arena, item));
        seeds[i] = (uint64_t)seed;
        for (size_t k = 0; k < i && seed >= 0; k++)
            if (seeds[k] == seeds[i]) {
                report_add(report, RANK_VALUE, item->loc, "seeds: %llu stands there twice",
                           (unsigned long long)seeds[i]);
                break;
            }
    }
    if (!list->n) return; /* what is reported is reported when the run of a seed is bound: so there is always one */
    variant->seeds = seeds;
    variant->seed_count = list->n;
}

static void read_seeds(Arena *arena, const ResolveOptions *options, const Cfg *node, Variant *variant, Report *report)
{
    variant->seeds = default_seed;
    variant->seed_count = 1;
    if (node && node->kind != CFG_LIST)
        report_add(report, RANK_VALUE, node->loc, "seeds: wants a list of seeds, such as [1, 2, 3], %s",
                   binder_got(arena, node));
    else if (node)
        read_seed_list(arena, node, variant, report);
    if (!options->has_seed) return;
    uint64_t *seed = arena_alloc(arena, 1, sizeof *seed);
    *seed = options->seed;
    variant->seeds = seed;
    variant->seed_count = 1;
    if (options->seed > INT64_MAX)
        report_add(report, RANK_VALUE, loc_file("--seed"), "wants a whole number from 0 to 2^63 - 1");
}

/* ---- variants ---- */

/* By name, and among equals in their own order, which is that of their addresses. */
static int compare_names(const void *a, const void *b)
{
    const Variant *x = *(const Variant *const *)a, *y = *(const Variant *const *)b;
    const int order = strcmp(x->name, y->name);
    return order ? order : (x > y) - (x < y);
}

/* The value by which alone the second of two variants of one name differs from the first; NULL: there are several. */
static const Cfg *value_again(Arena *arena, const Matrix *matrix, size_t first, size_t second)
{
    const Cfg **one = matrix_values(arena, matrix, first), **other = matrix_values(arena, matrix, second);
    const Cfg *again = NULL;
    for (size_t k = 0; k < matrix->n; k++) {
        if (one[k] == other[k]) continue;
        if (again) return NULL;
        again = other[k];
    }
    return again;
}

static void check_names(Arena *arena, const VariantList *list, const Matrix *matrix, Loc place, Report *report)
{
    const Variant **sorted = mem_zeroed(list->n, sizeof *sorted);
    for (size_t i = 0; i < list->n; i++) sorted[i] = &list->items[i];
    qsort(sorted, list->n, sizeof *sorted, compare_names);
    for (size_t i = 1; i < list->n; i++)
        if (!strcmp(sorted[i - 1]->name, sorted[i]->name)) {
            const Cfg *again =
                value_again(arena, matrix, (size_t)(sorted[i - 1] - list->items), (size_t)(sorted[i] - list->items));
            report_add(report, RANK_VALUE, again ? again->loc : place, "matrix: two variants are named %s; %s",
                       sorted[i]->name, again ? "give each value once" : "their values join to the same text");
            break;
        }
    free(sorted);
}

static void expand(Arena *arena, const Cfg *root, const Cfg *matrix_node, const Variant *common, VariantList *list,
                   Report *report)
{
    Matrix matrix;
    matrix_read(arena, matrix_node, cfg_count(root), &matrix, report);
    list->n = matrix.variants;
    list->items = arena_alloc(arena, list->n, sizeof(Variant));
    for (size_t i = 0; i < list->n; i++) {
        list->items[i] = *common;
        list->items[i].name = matrix_name(arena, &matrix, matrix_values(arena, &matrix, i), report);
        if (matrix.broken) list->n = 1;
    }
    for (size_t i = 0; i < list->n; i++) {
        list->items[i].root = cfg_copy(arena, root);
        matrix_apply(arena, &matrix, matrix_values(arena, &matrix, i), list->items[i].root, report);
    }
    matrix_check_used(arena, &matrix, report);
    if (list->n > 1 && !matrix.broken) check_names(arena, list, &matrix, matrix_node->key_loc, report);
}

/* seeds: what the file says of them, or NULL. */
static void check_runs(const VariantList *list, const Cfg *seeds, Report *report)
{
    const size_t each = list->items[0].seed_count, runs = mem_mul(list->n, each);
    if (seeds && runs > RUNS_MAX)
        report_add(report, RANK_VALUE, seeds->loc, "seeds: %zu variants with %zu seeds each are %zu runs, at most %d",
                   list->n, each, runs, RUNS_MAX);
}

bool resolve_file(Arena *arena, const char *path, const ResolveOptions *options, VariantList *list, Err *err)
{
    *list = (VariantList){0};
    Cfg *root = read_chain(arena, path, err);
    if (!root) return false;
    const char *stem = stem_of(arena, path);
    if (options->profile && !apply_profile(arena, options, stem, &root, err)) return false;
    for (size_t i = 0; i < options->override_count; i++)
        if (!cfg_override(arena, root, options->overrides[i], err)) return false;

    Report *report = arena_alloc(arena, 1, sizeof *report);
    const Cfg *extends = cfg_get(root, "extends");
    if (extends) report_add(report, RANK_KEY, extends->key_loc, "extends can only stand in an experiment's own file");
    Variant common = {.experiment = read_name(arena, path, root, report), .pending = report};
    const Cfg *seeds = cfg_take(root, "seeds"), *matrix = cfg_take(root, "matrix");
    read_seeds(arena, options, seeds, &common, report);
    expand(arena, root, matrix, &common, list, report);
    check_runs(list, seeds, report);
    return true;
}

bool variants_are_pending(const VariantList *list)
{
    return list->items[0].pending->rank != RANK_NONE;
}
