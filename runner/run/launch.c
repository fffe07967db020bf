#include "runner/run/launch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nn/base/file.h"

static const char prefix[] = "launch-";

const char *launch_freeze(Arena *arena, const Run *run, Err *err)
{
    if (!file_make_folder(arena_printf(arena, "%s/log", run->folder), err)) return NULL;
    const char *path = arena_printf(arena, "%s/log/%s%ld.yaml", run->folder, prefix, (long)getpid());
    Text text = {.places = true};
    experiment_print(&text, &run->experiment, false);
    bool ok = file_write(path, text.bytes, text.n, err);
    text_release(&text);
    return ok ? path : NULL;
}

/* The file, line and column of a line that ends with "  # FILE:LINE:COL"; line becomes the file's name. */
static bool read_place(char *line, Loc *place)
{
    char *hash = NULL;
    for (char *next = line; (next = strstr(next, "  # ")); next++) hash = next;
    char *col = hash ? strrchr(hash, ':') : NULL;
    if (!col || col[1 + strspn(col + 1, "0123456789")] != '\0') return false;
    *col = '\0';
    char *row = strrchr(hash, ':');
    if (!row) return false;
    *row = '\0';
    *place = (Loc){hash + strlen("  # "), (int)strtol(row + 1, NULL, 10), (int)strtol(col + 1, NULL, 10)};
    return true;
}

void launch_origin(Err *err)
{
    Arena arena = {0};
    Err ignored = {0};
    char *bytes;
    size_t length;
    if (err->kind != ERR_NONE && err->loc.file && err->loc.line > 0 &&
        file_read(arena_text(&arena, err->loc.file), CFG_BYTES_MAX, &bytes, &length, &ignored)) {
        char *line = bytes;
        for (int i = 1; line && i < err->loc.line; i++) line = (line = strchr(line, '\n')) ? line + 1 : NULL;
        if (line) line[strcspn(line, "\n")] = '\0';
        Loc place;
        if (line && read_place(line, &place)) err_move(err, place);
        free(bytes);
    }
    arena_release(&arena);
}

/* What stands behind the number of "launch-N.yaml", or NULL where the name doesn't begin so. */
static const char *behind_number(const char *name)
{
    if (strncmp(name, prefix, sizeof prefix - 1) != 0) return NULL;
    const char *number = name + sizeof prefix - 1;
    size_t digits = strspn(number, "0123456789");
    return digits ? number + digits : NULL;
}

const char *launch_folder(Arena *arena, const char *frozen, Err *err)
{
    static const char log[] = "/log/";
    const size_t length = sizeof log - 1;
    const char *slash = strrchr(frozen, '/'), *name = slash ? slash + 1 : frozen;
    const char *end = behind_number(name);
    const size_t before = (size_t)(name - frozen);
    const bool is_launch = end && strcmp(end, ".yaml") == 0 && before > length &&
                           memcmp(name - length, log, length) == 0 && file_exists(frozen);
    if (is_launch) return arena_text_n(arena, frozen, before - length);
    err_config(err, loc_file(frozen), "--frozen wants a file RUN/log/launch-N.yaml that `mayvae run` wrote itself");
    return NULL;
}

static bool is_alive(long long process)
{
    return process > 0 && process <= INT_MAX && (kill((pid_t)process, 0) == 0 || errno != ESRCH);
}

/* Of a launch file, and of what it is written to first, only the starter can tell; all else here is the lock's. */
static bool is_left(const char *name)
{
    const char *end = behind_number(name);
    const size_t length = strlen(name);
    const bool temporary = length > 4 && strcmp(name + length - 4, ".tmp") == 0;
    if (end && (strcmp(end, ".yaml") == 0 || (temporary && strncmp(end, ".yaml.", 6) == 0)))
        return !is_alive(strtoll(name + sizeof prefix - 1, NULL, 10));
    return temporary;
}

static void sweep(Arena *arena, const char *folder)
{
    DIR *stream = opendir(folder);
    if (!stream) return;
    for (struct dirent *entry; (entry = readdir(stream));)
        if (is_left(entry->d_name)) unlink(arena_printf(arena, "%s/%s", folder, entry->d_name));
    closedir(stream);
}

void launch_sweep(const char *folder)
{
    Arena arena = {0};
    sweep(&arena, folder);
    sweep(&arena, arena_printf(&arena, "%s/figures", folder));
    sweep(&arena, arena_printf(&arena, "%s/log", folder));
    arena_release(&arena);
}
