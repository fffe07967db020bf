#include "runner/config/installed.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"

const char *installed_path(Arena *arena, const char *path)
{
    char *program = realpath("/proc/self/exe", NULL);
    if (!program) return NULL;
    const char *prefix = file_folder(arena, file_folder(arena, program));
    free(program);
    return arena_printf(arena, "%s/share/mayvae/%s", prefix, path);
}

const char *built_path(Arena *arena, const char *path)
{
    char *program = realpath("/proc/self/exe", NULL);
    const char *found = NULL;
    if (!program) return NULL;
    for (char *end; !found && (end = strrchr(program, '/')) != NULL;) {
        *end = '\0';
        const char *here = arena_printf(arena, "%s/%s", program, path);
        if (file_exists(here)) found = here;
    }
    free(program);
    return found;
}
