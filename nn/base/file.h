/* Files that are whole or absent: written to NAME.PROCESS.tmp in the same folder, fsynced, renamed, and the folder
 * fsynced. */
#ifndef NN_BASE_FILE_H
#define NN_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"

typedef struct AtomicFile {
    FILE *stream; /* write here */
    char *path, *temporary;
    struct FileSink *sink; /* the descriptor behind the stream, and why its first write failed */
    bool hasty;            /* set it before file_commit, which then syncs nothing: for what may go with a power cut */
} AtomicFile;

/* Opens NAME.PROCESS.tmp, named after this process, so that several may write NAME at once and the last one's stays;
 * file_commit makes it NAME, file_abandon removes it. Every failure (a full disk included) names the
 * file and leaves an earlier NAME untouched, unless it was the folder's fsync that failed: then NAME is the new one.
 * commit and abandon are safe on a zeroed or finished AtomicFile; commit abandons by itself when it fails, and does
 * nothing and returns true where nothing is open. */
bool file_begin(AtomicFile *file, const char *path, Err *err);
bool file_commit(AtomicFile *file, Err *err);
void file_abandon(AtomicFile *file);

/* All of a buffer at once, atomically. */
bool file_write(const char *path, const void *bytes, size_t length, Err *err);

/* Reads a whole file (at most limit bytes; one more is an error) into memory with a NUL behind it; free() it. */
bool file_read(const char *path, size_t limit, char **bytes, size_t *length, Err *err);

/* mkdir -p. */
bool file_make_folder(const char *path, Err *err);

/* The folder that a path lies in, "." where it has none, in the arena. */
char *file_folder(Arena *arena, const char *path);

bool file_exists(const char *path);

/* Removes a file, if it is there, and its entry from the disk. */
bool file_remove(const char *path, Err *err);

/* SHA-256 as 64 hex digits and a NUL. */
void sha256_hex(const void *bytes, size_t length, char hex[65]);
bool sha256_file(const char *path, char hex[65], Err *err);

#endif
