#include "nn/base/temporary.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLDERS_OPEN = 16 };

const char *temporary_folder(Arena *arena, const char *what, Err *err)
{
    const char *parent = getenv("TMPDIR");
    char *name = arena_printf(arena, "%s/mayvae-%s-XXXXXX", parent && *parent ? parent : "/tmp", what);
    if (mkdtemp(name)) return name;
    err_failed(err, loc_file(name), "can't make a temporary folder: %s", strerror(errno));
    return NULL;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)kind;
    (void)ftw;
    return remove(path);
}

bool temporary_remove(const char *folder, Err *err)
{
    return nftw(folder, remove_entry, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS) == 0 ||
           err_failed(err, loc_file(folder), "can't be removed: %s", strerror(errno));
}
