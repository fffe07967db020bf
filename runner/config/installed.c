#include "runner/config/installed.h"

#include <stdlib.h>

#include "nn/base/file.h"

const char *installed_path(Arena *arena, const char *path)
{
    char *program = realpath("/proc/self/exe", NULL);
    if (!program) return NULL;
    const char *prefix = file_folder(arena, file_folder(arena, program));
    free(program);
    return arena_printf(arena, "%s/share/mayvae/%s", prefix, path);
}
