/* Folders that are made for a while. */
#ifndef NN_BASE_TEMPORARY_H
#define NN_BASE_TEMPORARY_H

#include <stdbool.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"

/* A new folder below $TMPDIR, else /tmp, with `what` in its name; in the arena, NULL where none could be made. */
const char *temporary_folder(Arena *arena, const char *what, Err *err);

/* Removes a folder with all that is in it. */
bool temporary_remove(const char *folder, Err *err);

#endif
