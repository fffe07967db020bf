#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/run/summary.h"

typedef struct Search {
    Arena *arena;
    const char *results;
    Found *items;
    size_t n, capacity;
} Search;

static bool is_number(const char *text)
{
    return text[0] && strspn(text, "0123456789") == strlen(text);
}

/* A folder "seedN" with a finished run in it, below EXPERIMENT or EXPERIMENT/VARIANT. */
static void consider(Search *search, const char *experiment, const char *variant, const char *seed)
{
    Arena *arena = search->arena;
    if (strncmp(seed, "seed", 4) != 0 || !is_number(seed + 4)) return;
    const char *path = arena_printf(arena, "%s/%s%s%s", experiment, variant, variant[0] ? "/" : "", seed);
    if (!file_exists(arena_printf(arena, "%s/%s/run.yaml", search->results, path))) return;
    if (!file_exists(arena_printf(arena, "%s/%s/metrics.csv", search->results, path))) return;
    if (search->n == search->capacity) {
        search->capacity = search->capacity ? search->capacity * 2 : 64;
        search->items = mem_grow(search->items, search->capacity, sizeof *search->items);
    }
    search->items[search->n++] =
        (Found){path, arena_text(arena, experiment), arena_text(arena, variant), arena_text(arena, seed + 4)};
}

/* Calls visit for each entry of a folder that doesn't start with a dot; a folder that can't be opened has none. */
static void each_entry(Search *search, const char *folder, const char *experiment, const char *variant,
                       void (*visit)(Search *search, const char *experiment, const char *variant, const char *entry))
{
    DIR *stream = opendir(folder);
    if (!stream) return;
    for (struct dirent *entry; (entry = readdir(stream));)
        if (entry->d_name[0] != '.') visit(search, experiment, variant, entry->d_name);
    closedir(stream);
}

static void visit_variant(Search *search, const char *experiment, const char *variant, const char *entry)
{
    (void)variant;
    consider(search, experiment, "", entry);
    const char *folder = arena_printf(search->arena, "%s/%s/%s", search->results, experiment, entry);
    each_entry(search, folder, experiment, arena_text(search->arena, entry), consider);
}

static void visit_experiment(Search *search, const char *experiment, const char *variant, const char *entry)
{
    (void)experiment;
    (void)variant;
    const char *folder = arena_printf(search->arena, "%s/%s", search->results, entry);
    each_entry(search, folder, arena_text(search->arena, entry), "", visit_variant);
}

static int by_path(const void *a, const void *b)
{
    return strverscmp(((const Found *)a)->path, ((const Found *)b)->path);
}

bool summary_find(Arena *arena, const char *results, Found **found, size_t *n, Err *err)
{
    Search search = {.arena = arena, .results = results};
    DIR *stream = opendir(results);
    if (!stream) return err_failed(err, loc_file(results), "can't open the folder of the results: %s", strerror(errno));
    closedir(stream);
    each_entry(&search, results, "", "", visit_experiment);
    if (search.n) qsort(search.items, search.n, sizeof *search.items, by_path);
    *found = arena_alloc(arena, search.n + 1, sizeof **found);
    if (search.n) memcpy(*found, search.items, search.n * sizeof **found);
    *n = search.n;
    free(search.items);
    return true;
}
