#include "runner/run/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "nn/base/alloc.h"
#include "nn/base/file.h"
#include "runner/run/signals.h"

static bool wait_for(int lock, const char *label, Err *err)
{
    char holder[32] = "";
    ssize_t got = pread(lock, holder, sizeof holder - 1, 0);
    holder[got > 0 ? got : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    fprintf(stderr, "%s: waiting for process %s, which is at work there\n", label, holder);
    while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        if (signals_pending())
            return err_failed(err, (Loc){0}, "%s: stopped while it waited for process %s", label, holder);
        usleep(100000);
    }
    return true;
}

static int take(Arena *arena, const char *folder, const char *label, Err *err)
{
    char text[32];
    if (!file_make_folder(arena_printf(arena, "%s/log", folder), err)) return -1;
    const char *path = arena_printf(arena, "%s/log/lock", folder);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock < 0) {
        err_failed(err, (Loc){0}, "can't lock %s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0 && !wait_for(lock, label, err)) {
        close(lock);
        return -1;
    }
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)length, 0) != length)
        err_failed(err, (Loc){0}, "can't write %s: %s", path, strerror(errno));
    if (err->kind == ERR_NONE) return lock;
    close(lock);
    return -1;
}

int lock_take(const char *folder, const char *label, Err *err)
{
    Arena arena = {0};
    int lock = take(&arena, folder, label, err);
    arena_release(&arena);
    return lock;
}

void lock_release(int lock)
{
    if (lock >= 0) close(lock);
}
