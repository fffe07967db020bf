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

const char *found_differences(Arena *arena, const char *results, const Found *a, const Found *b)
{
    Arena trees = {0};
    const Cfg *first = what_decides(&trees, results, a), *second = what_decides(&trees, results, b);
    const char *keys = arena_text(arena, config_differences(&trees, first, second, false));
    arena_release(&trees);
    return keys;
}
