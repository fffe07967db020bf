#include "nn/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

/* A stream of stdio forgets why an earlier write failed, so ours keeps the reason. */
struct FileSink {
    int descriptor;
    int reason; /* errno of the first failed write, or 0 */
};

static bool refuse(Err *err, const char *what, const char *path, int reason)
{
    return err_failed(err, (Loc){0}, "can't %s %s: %s", what, path, strerror(reason));
}

static char *text_join(const char *a, const char *b)
{
    size_t length = strlen(a), more = strlen(b);
    char *text = mem_zeroed(mem_add(mem_add(length, more), 1), 1);
    memcpy(text, a, length);
    memcpy(text + length, b, more);
    return text;
}

static ssize_t sink_write(void *cookie, const char *bytes, size_t length)
{
    struct FileSink *sink = cookie;
    size_t done = 0;
    while (done < length) {
        ssize_t n = write(sink->descriptor, bytes + done, length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            if (sink->reason == 0) sink->reason = errno;
            return 0;
        }
        done += (size_t)n;
    }
    return (ssize_t)length;
}

/* A new file, whatever lay there: a link is not followed, and what a killed process of this number left goes. */
static int open_temporary(const char *temporary)
{
    if (unlink(temporary) != 0 && errno != ENOENT) return -1;
    return TEMP_FAILURE_RETRY(open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
}

bool file_begin(AtomicFile *file, const char *path, Err *err)
{
    char suffix[32];
    *file = (AtomicFile){0};
    snprintf(suffix, sizeof suffix, ".%ld.tmp", (long)getpid());
    char *temporary = text_join(path, suffix);
    int descriptor = open_temporary(temporary);
    if (descriptor < 0) {
        refuse(err, "write", path, errno);
        free(temporary);
        return false;
    }
    file->path = text_join(path, "");
    file->temporary = temporary;
    file->sink = mem_zeroed(1, sizeof *file->sink);
    file->sink->descriptor = descriptor;
    file->stream = fopencookie(file->sink, "wb", (cookie_io_functions_t){.write = sink_write});
    if (file->stream) return true;
    int reason = errno;
    file_abandon(file);
    return refuse(err, "write", path, reason);
}

/* Closes and frees everything, returning the first reason why what was written isn't all there, or 0. */
static int close_all(AtomicFile *file)
{
    int reason = 0;
    if (file->stream && fclose(file->stream) != 0) reason = errno ? errno : EIO;
    if (file->sink) {
        if (file->sink->reason) reason = file->sink->reason;
        /* Linux closes it even where it says EINTR. */
        if (close(file->sink->descriptor) != 0 && errno != EINTR && reason == 0) reason = errno;
    }
    free(file->sink);
    file->stream = NULL;
    file->sink = NULL;
    return reason;
}

static void forget(AtomicFile *file)
{
    free(file->path);
    free(file->temporary);
    *file = (AtomicFile){0};
}

/* A rename is on disk once its folder is. Some file systems can't fsync a folder, and say EINVAL. */
static int sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = text_join(slash ? path : ".", "");
    if (slash) folder[slash == path ? 1 : slash - path] = '\0';
    int descriptor = TEMP_FAILURE_RETRY(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    free(folder);
    if (descriptor < 0) return errno;
    int reason = TEMP_FAILURE_RETRY(fsync(descriptor)) == 0 || errno == EINVAL ? 0 : errno;
    close(descriptor);
    return reason;
}

bool file_remove(const char *path, Err *err)
{
    if (unlink(path) != 0) return errno == ENOENT || refuse(err, "remove", path, errno);
    const int reason = sync_folder_of(path);
    return reason == 0 || refuse(err, "remove", path, reason);
}

/* Flushes, and fsyncs what isn't hasty; the reason of a failure, or 0. */
static int flush_to_disk(AtomicFile *file)
{
    bool flushed = fflush(file->stream) == 0 && !ferror(file->stream);
    if (file->sink->reason) return file->sink->reason;
    if (!flushed) return EIO;
    if (file->hasty) return 0;
    return TEMP_FAILURE_RETRY(fsync(file->sink->descriptor)) == 0 ? 0 : errno;
}

bool file_commit(AtomicFile *file, Err *err)
{
    if (!file->stream) return true;
    int reason = flush_to_disk(file);
    int closing = close_all(file);
    if (reason == 0) reason = closing;
    if (reason == 0 && rename(file->temporary, file->path) != 0) reason = errno;
    if (reason == 0 && !file->hasty) reason = sync_folder_of(file->path);
    if (reason != 0) {
        refuse(err, "write", file->path, reason);
        file_abandon(file);
        return false;
    }
    forget(file);
    return true;
}

void file_abandon(AtomicFile *file)
{
    close_all(file);
    if (file->temporary) unlink(file->temporary);
    forget(file);
}

bool file_write(const char *path, const void *bytes, size_t length, Err *err)
{
    AtomicFile file;
    if (!file_begin(&file, path, err)) return false;
    /* A short write is on record in the sink, and commit reports it. */
    if (length > 0) (void)!fwrite(bytes, 1, length, file.stream);
    return file_commit(&file, err);
}

bool file_read(const char *path, size_t limit, char **bytes, size_t *length, Err *err)
{
    *bytes = NULL;
    *length = 0;
    FILE *stream = fopen(path, "rbe");
    if (!stream) return refuse(err, "read", path, errno);
    char *buffer = NULL;
    size_t used = 0, room = 0;
    bool ok = false;
    for (;;) {
        if (room - used < 2) {
            room = mem_add(mem_mul(room, 2), READ_BYTES);
            buffer = mem_grow(buffer, room, 1);
        }
        size_t n = fread(buffer + used, 1, room - used - 1, stream);
        used += n;
        if (used > limit) {
            err_failed(err, (Loc){0}, "can't read %s: it is larger than %zu bytes", path, limit);
            break;
        }
        if (ferror(stream)) {
            refuse(err, "read", path, errno);
            break;
        }
        if (n == 0) {
            ok = true;
            break;
        }
    }
    fclose(stream);
    if (!ok) {
        free(buffer);
        return false;
    }
    buffer[used] = '\0';
    *bytes = buffer;
    *length = used;
    return true;
}

/* One level; an existing folder is fine. */
static bool make_one(const char *path, Err *err)
{
    if (mkdir(path, 0777) == 0) return true;
    int reason = errno;
    struct stat status;
    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode)) return true;
        reason = ENOTDIR;
    }
    return refuse(err, "make the folder", path, reason);
}

bool file_make_folder(const char *path, Err *err)
{
    char *part = text_join(path, "");
    bool ok = true;
    for (size_t i = 1; ok && path[0] && path[i]; i++) {
        if (path[i] != '/' || path[i - 1] == '/') continue;
        part[i] = '\0';
        ok = make_one(part, err);
        part[i] = '/';
    }
    ok = ok && make_one(path, err);
    free(part);
    return ok;
}

char *file_folder(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return arena_text(arena, ".");
    return arena_text_n(arena, path, slash == path ? 1 : (size_t)(slash - path));
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void digest_hex(struct sha256_ctx *hash, char hex[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(hash, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[64] = '\0';
}

void sha256_hex(const void *bytes, size_t length, char hex[65])
{
    struct sha256_ctx hash;
    sha256_init(&hash);
    if (length > 0) sha256_update(&hash, length, bytes);
    digest_hex(&hash, hex);
}

bool sha256_file(const char *path, char hex[65], Err *err)
{
    FILE *stream = fopen(path, "rbe");
    if (!stream) return refuse(err, "read", path, errno);
    struct sha256_ctx hash;
    sha256_init(&hash);
    uint8_t buffer[READ_BYTES];
    size_t n;
    while ((n = fread(buffer, 1, sizeof buffer, stream)) > 0) sha256_update(&hash, n, buffer);
    int reason = ferror(stream) ? errno : 0;
    fclose(stream);
    if (reason) return refuse(err, "read", path, reason);
    digest_hex(&hash, hex);
    return true;
}
