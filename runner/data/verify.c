#include "runner/data/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "nn/base/file.h"

enum { STAMP_MAX = 512, CLOCK_STEP_MS = 100 };

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The time of change of the inode is in it too: a file written with its old time of modification put back is seen. */
static const char *stamp_text(Arena *arena, const struct stat *status, const char *sha256)
{
    return arena_printf(arena, "%s %" PRId64 " bytes, modified %" PRId64 ", changed %" PRId64 ", inode %" PRIu64 "\n",
                        sha256, (int64_t)status->st_size, nanoseconds(status->st_mtim), nanoseconds(status->st_ctim),
                        (uint64_t)status->st_ino);
}

static bool stamp_holds(const char *path, const char *expected)
{
    Err ignored = {0};
    char *text = NULL;
    size_t length = 0;
    if (!file_exists(path) || !file_read(path, STAMP_MAX, &text, &length, &ignored)) return false;
    const bool holds = strcmp(text, expected) == 0;
    free(text);
    return holds;
}

static void stamp_write(const char *path, const char *text, const struct stat *status)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    /* a change within one step of the file system's clock would leave the same times */
    const int64_t age = nanoseconds(now) - nanoseconds(status->st_ctim);
    Err ignored = {0};
    if (age > (int64_t)CLOCK_STEP_MS * 1000000) file_write(path, text, strlen(text), &ignored);
}

static bool check_hash(Arena *arena, const char *path, const struct stat *status, const uint8_t *mapping,
                       const char *sha256, const char *remedy, Err *err)
{
    const char *stamp_path = arena_printf(arena, "%s.verified", path);
    const char *stamp = stamp_text(arena, status, sha256);
    if (stamp_holds(stamp_path, stamp)) return true;
    char hex[65];
    sha256_hex(mapping, (size_t)status->st_size, hex);
    if (strcmp(hex, sha256) != 0)
        return err_failed(err, loc_file(path), "altered: its SHA-256 is %s, expected %s; run \"%s\"", hex, sha256,
                          remedy);
    stamp_write(stamp_path, stamp, status);
    return true;
}

/* Opens path if it is a file of that size, else -1. */
static int open_sized(const char *path, int64_t bytes, const char *remedy, struct stat *status, Err *err)
{
    const Loc loc = loc_file(path);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        err_failed(err, loc, "missing; run \"%s\"", remedy);
    else if (fd < 0 || fstat(fd, status) != 0)
        err_failed(err, loc, "can't be read: %s", strerror(errno));
    else if (!S_ISREG(status->st_mode))
        err_failed(err, loc, "can't be read: it is no regular file");
    else if (status->st_size != bytes)
        err_failed(err, loc, "altered: it has %" PRId64 " bytes, expected %" PRId64 "; run \"%s\"",
                   (int64_t)status->st_size, bytes, remedy);
    else
        return fd;
    if (fd >= 0) close(fd);
    return -1;
}

bool verify_size(const char *path, int64_t bytes, const char *remedy, Err *err)
{
    struct stat status;
    const int fd = open_sized(path, bytes, remedy, &status, err);
    if (fd >= 0) close(fd);
    return fd >= 0;
}

/* Into memory of large pages, where the system has them: images are read in any order, and finding the small pages of a
 * mapped file takes a training step longer than reading them. NULL: errno says why. */
static uint8_t *read_whole(int fd, size_t bytes)
{
    uint8_t *to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (to == MAP_FAILED) return NULL;
    (void)madvise(to, bytes, MADV_HUGEPAGE);
    for (size_t done = 0; done < bytes;) {
        const ssize_t n = pread(fd, to + done, bytes - done, (off_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            const int error = n < 0 ? errno : EIO;
            munmap(to, bytes);
            errno = error;
            return NULL;
        }
        done += (size_t)n;
    }
    return to;
}

uint8_t *verify_read(Arena *arena, const char *path, int64_t bytes, const char *sha256, const char *remedy, Err *err)
{
    struct stat status;
    const int fd = open_sized(path, bytes, remedy, &status, err);
    if (fd < 0) return NULL;
    uint8_t *content = read_whole(fd, (size_t)bytes);
    if (!content) err_failed(err, loc_file(path), "can't be read: %s", strerror(errno));
    close(fd);
    if (content && !check_hash(arena, path, &status, content, sha256, remedy, err)) {
        munmap(content, (size_t)bytes);
        content = NULL;
    }
    return content;
}
