#include "runner/config/yaml_file.h"

#include <string.h>

/* The last part of a path, where a name and then the ending stand; else NULL. */
static const char *name_before(const char *path, const char *ending)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t length = strlen(name), more = strlen(ending);
    return length > more && strcmp(name + length - more, ending) == 0 ? name : NULL;
}

bool is_yaml_file(const char *path)
{
    return name_before(path, ".yaml") != NULL;
}

bool yaml_file_check(const char *path, Err *err)
{
    const char *name = name_before(path, ".yml");
    return !name || err_config(err, loc_file(path), "an experiment's file is named .yaml: rename it to %.*s.yaml",
                               (int)(strlen(name) - strlen(".yml")), name);
}
