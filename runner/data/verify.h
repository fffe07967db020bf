/* A data file in memory and known to be what it should be. */
#ifndef RUNNER_DATA_VERIFY_H
#define RUNNER_DATA_VERIFY_H

#include <stdint.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"

/* Reads path into memory of large pages after checking its size, and checks its SHA-256. What was verified is
 * remembered in PATH.verified: while size, time of change, inode and the expected hash agree with it, the file isn't
 * hashed again. A file that can't be written is no error. remedy: what messages tell to run. NULL on an error; else
 * release with munmap(content, bytes). */
uint8_t *verify_read(Arena *arena, const char *path, int64_t bytes, const char *sha256, const char *remedy, Err *err);

/* Whether path is a file of that size; else an error as above. */
bool verify_size(const char *path, int64_t bytes, const char *remedy, Err *err);

#endif
