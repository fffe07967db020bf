#include "runner/run/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "nn/base/alloc.h"
#include "nn/base/file.h"
#include "runner/run/signals.h"

typedef enum Answer { ANSWER_TAKEN, ANSWER_HELD, ANSWER_REFUSED } Answer;

/* Only a lock that somebody holds will be free one day. REFUSED: errno says why. */
static Answer try_lock(int lock)
{
    if (TEMP_FAILURE_RETRY(flock(lock, LOCK_EX | LOCK_NB)) == 0) return ANSWER_TAKEN;
    return errno == EWOULDBLOCK ? ANSWER_HELD : ANSWER_REFUSED;
}

static bool wait_for(int lock, const char *path, const char *label, Err *err)
{
    char holder[32] = "";
    Answer answer = try_lock(lock);
    if (answer == ANSWER_HELD) {
        ssize_t got = pread(lock, holder, sizeof holder - 1, 0);
        holder[got > 0 ? got : 0] = '\0';
        holder[strcspn(holder, "\n")] = '\0';
        fprintf(stderr, "%s: waiting for process %s, which is at work there\n", label, holder);
    }
    for (; answer == ANSWER_HELD; answer = try_lock(lock)) {
        if (signals_pending())
            return err_failed(err, (Loc){0}, "%s: stopped while it waited for process %s", label, holder);
        usleep(100000);
    }
    return answer == ANSWER_TAKEN || err_failed(err, (Loc){0}, "can't lock %s: %s", path, strerror(errno));
}

static int take(Arena *arena, const char *folder, const char *label, Err *err)
{
    char text[32];
    if (!file_make_folder(arena_printf(arena, "%s/log", folder), err)) return -1;
    const char *path = arena_printf(arena, "%s/log/lock", folder);
    int lock = TEMP_FAILURE_RETRY(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (lock < 0) {
        err_failed(err, (Loc){0}, "can't lock %s: %s", path, strerror(errno));
        return -1;
    }
    if (wait_for(lock, path, label, err)) {
        int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
        if (ftruncate(lock, 0) == 0 && pwrite(lock, text, (size_t)length, 0) == length) return lock;
        err_failed(err, (Loc){0}, "can't write %s: %s", path, strerror(errno));
    }
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
