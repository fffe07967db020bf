#include "runner/run/launch.h"

#include <string.h>
#include <unistd.h>

#include "nn/base/file.h"

static const char prefix[] = "launch-";

const char *launch_freeze(Arena *arena, const Run *run, Err *err)
{
    if (!file_make_folder(arena_printf(arena, "%s/log", run->folder), err)) return NULL;
    const char *path = arena_printf(arena, "%s/log/%s%ld.yaml", run->folder, prefix, (long)getpid());
    return file_write(path, run->config, strlen(run->config), err) ? path : NULL;
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
