#include <string.h>

#include "nn/base/file.h"
#include "runner/config/installed.h"
#include "runner/data/dataset.h"

static const char script[] = "runner/data/fetch.sh";

/* fetch.sh reads ../../experiments/datasets.yaml by itself: whether that is FOLDER's, and if so, where fetch.sh is. */
static const char *script_beside(Arena *arena, const char *folder)
{
    const char *slash = strrchr(folder, '/'), *name = slash ? slash + 1 : folder;
    const char *path = slash ? arena_printf(arena, "%s/%s", file_folder(arena, folder), script) : script;
    return strcmp(name, "experiments") == 0 && file_exists(path) ? path : NULL;
}

/* Where fetch.sh is, seen from here. */
static const char *find_script(Arena *arena)
{
    const char *installed = installed_path(arena, script), *built = built_path(arena, script);
    if (file_exists(script)) return script;
    if (installed && file_exists(installed)) return installed;
    return built ? built : script;
}

const char *dataset_fetch_command(Arena *arena, const char *folder, const char *name)
{
    const char *beside = script_beside(arena, folder);
    if (beside == script && strcmp(name, "mnist") == 0 && file_exists("Makefile")) return "make data";
    if (beside) return arena_printf(arena, "%s %s", beside, name);
    return arena_printf(arena, "DATASETS=%s/datasets.yaml %s %s", folder, find_script(arena), name);
}
