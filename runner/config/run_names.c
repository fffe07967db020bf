#include "runner/config/run_names.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/config/report.h"
#include "runner/config/yaml_file.h"

enum { LISTED_MAX = 8, PARTS_MAX = 3 };

typedef struct NamedFile {
    const char *experiment;
    VariantList variants;
} NamedFile;

const char *run_path(Arena *arena, const char *experiment, const char *variant, uint64_t seed)
{
    return arena_printf(arena, "%s%s%s/seed%llu", experiment, variant[0] ? "/" : "", variant, (unsigned long long)seed);
}

/* ---- the folder ---- */

static bool is_experiment(const char *file)
{
    return file[0] != '.' && is_yaml_file(file) && strcmp(file, "datasets.yaml") != 0 &&
           strcmp(file, "report.yaml") != 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool experiment_names(Arena *arena, const char *folder, char ***names, size_t *n, Err *err)
{
    char **items = NULL;
    size_t capacity = 0;
    *n = 0;
    DIR *stream = opendir(folder);
    if (!stream)
        return err_config(err, loc_file(folder),
                          "can't open the folder of the experiments: %s; --experiments names the folder of the YAML "
                          "files",
                          strerror(errno));
    for (struct dirent *entry; (entry = readdir(stream));) {
        if (!is_experiment(entry->d_name)) continue;
        if (*n == capacity) {
            capacity = capacity ? mem_mul(capacity, 2) : 64;
            items = mem_grow(items, capacity, sizeof *items);
        }
        items[(*n)++] = arena_text_n(arena, entry->d_name, strlen(entry->d_name) - 5);
    }
    closedir(stream);
    if (*n) qsort(items, *n, sizeof *items, by_text);
    *names = arena_alloc(arena, *n + 1, sizeof **names);
    if (*n) memcpy(*names, items, *n * sizeof *items);
    free(items);
    return true;
}

void run_names_init(RunNames *names, Arena *arena, const ResolveOptions *options)
{
    *names = (RunNames){.arena = arena, .options = *options};
}

void run_names_release(RunNames *names)
{
    free(names->files);
    *names = (RunNames){0};
}

static bool no_experiment(RunNames *names, const char *experiment, Loc loc, Err *err)
{
    char **known = NULL;
    size_t n = 0;
    if (!experiment_names(names->arena, names->options.folder, &known, &n, err)) return false;
    return err_config(err, loc, "no experiment %s in %s/%s", cfg_quote(names->arena, experiment), names->options.folder,
                      binder_suggest(names->arena, experiment, (const char *const *)known, n));
}

/* The variants of an experiment, from its file at the first time. */
static const VariantList *variants_of(RunNames *names, const char *experiment, Loc loc, Err *err)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->files[i].experiment, experiment) == 0) return &names->files[i].variants;
    const char *path = arena_printf(names->arena, "%s/%s.yaml", names->options.folder, experiment);
    if (!is_experiment(arena_printf(names->arena, "%s.yaml", experiment)) || !file_exists(path))
        return no_experiment(names, experiment, loc, err), NULL;
    VariantList variants;
    if (!resolve_file(names->arena, path, &names->options, &variants, err)) return NULL;
    if (!report_flush(variants.items[0].pending, err)) return NULL;
    if (names->n == names->capacity) {
        names->capacity = names->capacity ? mem_mul(names->capacity, 2) : 16;
        names->files = mem_grow(names->files, names->capacity, sizeof *names->files);
    }
    names->files[names->n] = (NamedFile){experiment, variants};
    return &names->files[names->n++].variants;
}

/* ---- names ---- */

/* The parts between slashes. Returns how many; 0: there are more than PARTS_MAX, or an empty one. */
static size_t split(Arena *arena, const char *name, const char *part[PARTS_MAX])
{
    for (size_t n = 0;; name++) {
        size_t length = strcspn(name, "/");
        if (length == 0 || n == PARTS_MAX) return 0;
        part[n++] = arena_text_n(arena, name, length);
        name += length;
        if (!*name) return n;
    }
}

static bool is_seed(const char *part, uint64_t *seed)
{
    char *end;
    if (strncmp(part, "seed", 4) != 0 || part[4] < '0' || part[4] > '9') return false;
    errno = 0;
    *seed = strtoull(part + 4, &end, 10);
    return errno == 0 && *end == '\0' && (part[4] != '0' || part[5] == '\0');
}

static const Variant *variant_named(const VariantList *variants, const char *name)
{
    for (size_t i = 0; i < variants->n; i++)
        if (strcmp(variants->items[i].name, name) == 0) return &variants->items[i];
    return NULL;
}

/* "vae/dim2, vae/dim8, ..." */
static const char *listed(Arena *arena, const VariantList *variants)
{
    const char *text = "";
    for (size_t i = 0; i < variants->n && i < LISTED_MAX; i++)
        text = arena_printf(arena, "%s%s%s/%s", text, i ? ", " : "", variants->items[i].experiment,
                            variants->items[i].name);
    return variants->n > LISTED_MAX ? arena_printf(arena, "%s, ...", text) : text;
}

static bool no_variant(Arena *arena, const VariantList *variants, const char *part, Loc loc, Err *err)
{
    const char *experiment = variants->items[0].experiment, *quoted = cfg_quote(arena, part);
    if (variants->n == 1 && !variants->items[0].name[0])
        return err_config(err, loc, "%s has no variants, so %s names no run of it; write %s or %s/seedN", experiment,
                          quoted, experiment, experiment);
    const char **names = arena_alloc(arena, variants->n, sizeof *names);
    for (size_t i = 0; i < variants->n; i++) names[i] = variants->items[i].name;
    return err_config(err, loc, "%s has no variant %s%s (there are: %s)", experiment, quoted,
                      binder_suggest(arena, part, names, variants->n), listed(arena, variants));
}

static bool no_seed(Arena *arena, const Variant *variant, uint64_t seed, Loc loc, Err *err)
{
    const char *text = "";
    for (size_t i = 0; i < variant->seed_count && i < LISTED_MAX; i++)
        text = arena_printf(arena, "%s%s%llu", text, i ? ", " : "", (unsigned long long)variant->seeds[i]);
    return err_config(err, loc, "%s has no seed %llu (there are: %s%s)", variant->experiment, (unsigned long long)seed,
                      text, variant->seed_count > LISTED_MAX ? ", ..." : "");
}

/* The variant that the parts behind the experiment's name mean; has_seed: the last of them is a seed. */
static bool choose_variant(Arena *arena, const VariantList *variants, const char *const *part, size_t n, Loc loc,
                           const Variant **chosen, bool *has_seed, uint64_t *seed, Err *err)
{
    *has_seed = false;
    *chosen = n ? variant_named(variants, part[0]) : NULL;
    if (n == 2 && !(*has_seed = is_seed(part[1], seed)))
        return err_config(err, loc, "%s is no seed: write seedN", cfg_quote(arena, part[1]));
    if (n == 1 && !*chosen) *has_seed = is_seed(part[0], seed);
    if (*chosen) return true;
    if (n == 2 || (n == 1 && !*has_seed)) return no_variant(arena, variants, part[0], loc, err);
    *chosen = &variants->items[0];
    return variants->n == 1 || err_config(err, loc, "%s has %zu variants; name one of them: %s", (*chosen)->experiment,
                                          variants->n, listed(arena, variants));
}

bool run_names_find(RunNames *names, const char *name, Loc loc, NamedRun *run, Err *err)
{
    const char *part[PARTS_MAX];
    size_t n = split(names->arena, name, part);
    if (n == 0)
        return err_config(err, loc, "%s is no name of a run: write EXPERIMENT[/VARIANT][/seedN]",
                          cfg_quote(names->arena, name));
    const VariantList *variants = variants_of(names, part[0], loc, err);
    const Variant *variant;
    bool has_seed = false;
    uint64_t seed = 0;
    if (!variants || !choose_variant(names->arena, variants, part + 1, n - 1, loc, &variant, &has_seed, &seed, err))
        return false;
    bool known = !has_seed;
    for (size_t i = 0; i < variant->seed_count && !known; i++) known = variant->seeds[i] == seed;
    if (!known) return no_seed(names->arena, variant, seed, loc, err);
    if (!has_seed) seed = variant->seeds[0];
    *run = (NamedRun){run_path(names->arena, variant->experiment, variant->name, seed), variant, seed};
    return true;
}
