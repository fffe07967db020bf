#include "runner/run/alike.h"

#include "nn/base/file.h"
#include "runner/run/state.h"

static Cfg *read_map(Arena *arena, const char *results, const Found *found, const char *file)
{
    Err ignored = {0};
    const char *path = arena_printf(arena, "%s/%s/%s", results, found->path, file);
    Cfg *root = file_exists(path) ? cfg_parse_file(arena, path, &ignored) : NULL;
    return root && root->kind == CFG_MAP ? root : cfg_parse_text(arena, file, "{}", &ignored);
}

/* All that decides a run's weights but its seed. */
static Cfg *what_decides(Arena *arena, const char *results, const Found *found)
{
    static const char *const others[] = {"seed", "title", "evaluate", "figures"};
    static const char *const origins[] = {"dataset_sha256", "numerics_version", "needs"};
    Cfg *config = read_map(arena, results, found, "config.yaml");
    const Cfg *run = read_map(arena, results, found, "run.yaml");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) cfg_take(config, others[i]);
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        Cfg *value = cfg_get(run, origins[i]);
        if (value) cfg_put(arena, config, origins[i], value->key_loc, value);
    }
    return config;
}

/* Needed runs of one side alone are judges of what only that side has measured. */
static void keep_common_needs(Cfg *a, Cfg *b)
{
    Cfg *first = cfg_get(a, "needs"), *second = cfg_get(b, "needs");
    if (!first || !second) {
        cfg_take(a, "needs");
        cfg_take(b, "needs");
        return;
    }
    for (size_t i = first->n; i-- > 0;)
        if (!cfg_get(second, first->items[i]->key)) cfg_take(first, first->items[i]->key);
    for (size_t i = second->n; i-- > 0;)
        if (!cfg_get(first, second->items[i]->key)) cfg_take(second, second->items[i]->key);
}

const char *found_differences(Arena *arena, const char *results, const Found *a, const Found *b)
{
    Arena trees = {0};
    Cfg *first = what_decides(&trees, results, a), *second = what_decides(&trees, results, b);
    keep_common_needs(first, second);
    const char *keys = arena_text(arena, config_differences(&trees, first, second, false));
    arena_release(&trees);
    return keys;
}
