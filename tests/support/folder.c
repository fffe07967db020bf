#include "tests/support/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nn/base/err.h"

static char folder[256];
static pid_t owner;

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status;
    (void)kind;
    (void)ftw;
    return remove(path);
}

/* A forked child has the folder's name too, but isn't to remove it. */
static void remove_folder(void)
{
    if (getpid() == owner) nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_folder(void)
{
    if (folder[0]) return folder;
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/mayvae-test-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(folder)) BUG("can't make the folder %s", folder);
    owner = getpid();
    atexit(remove_folder);
    return folder;
}

const char *test_path(char path[512], const char *name)
{
    snprintf(path, 512, "%s/%s", test_folder(), name);
    return path;
}
