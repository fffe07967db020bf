#include "tests/fuzz/scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128];

static void leave(void)
{
    unlink(path);
    rmdir(folder);
}

const char *scratch_folder(void)
{
    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/tmp/mayvae-fuzz-%ld", (long)getpid());
        if (mkdir(folder, 0700) != 0) abort();
        atexit(leave);
    }
    return folder;
}

const char *scratch_write(const char *name, const uint8_t *data, size_t size)
{
    snprintf(path, sizeof path, "%s/%s", scratch_folder(), name);
    FILE *file = fopen(path, "wb");
    if (!file) abort();
    if (size && fwrite(data, 1, size, file) != size) abort();
    if (fclose(file) != 0) abort();
    return path;
}

uint8_t *scratch_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    if (size) memcpy(copy, data, size);
    return copy;
}
