#include "tests/support/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nn/base/temporary.h"

static Arena arena;
static const char *folder;
static pid_t owner;

/* A forked child has the folder's name too, but isn't to remove it. */
static void remove_folder(void)
{
    Err ignored = {0};
    if (getpid() == owner) temporary_remove(folder, &ignored);
    arena_release(&arena);
}

const char *test_folder(void)
{
    Err err = {0};
    if (folder) return folder;
    folder = temporary_folder(&arena, "test", &err);
    if (!folder) BUG("%s: %s", err.loc.file, err.text);
    owner = getpid();
    atexit(remove_folder);
    return folder;
}

const char *test_path(char path[512], const char *name)
{
    snprintf(path, 512, "%s/%s", test_folder(), name);
    return path;
}
