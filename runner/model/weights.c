#include "runner/model/weights.h"

#include <string.h>

#include "nn/base/file.h"
#include "runner/config/cfg.h"

static bool is(const Cfg *map, const char *key, const char *wanted)
{
    const char *text = cfg_text(map, key);
    return text && strcmp(text, wanted) == 0;
}

static bool check_hash(Arena *arena, const SafeTensors *file, const char *folder, const char *path, Err *err)
{
    Err ignored = {0};
    const char *provenance = arena_printf(arena, "%s/run.yaml", folder);
    const char *identity = safetensors_metadata(file, "identity");
    const Cfg *root = file_exists(provenance) ? cfg_parse_file(arena, provenance, &ignored) : NULL;
    if (!identity || !is(root, "weights_identity", identity)) return true;
    char hex[65];
    if (!sha256_file(file->path, hex, err)) return false;
    return is(root, "weights_sha256", hex) ||
           err_failed(err, loc_file(file->path),
                      "altered: its SHA-256 is %s, not the one in run.yaml; `mayvae run %s --force` trains it anew",
                      hex, path);
}

bool weights_read(const char *folder, const char *path, Params *params, Err *err)
{
    Arena arena = {0};
    SafeTensors file = {0};
    bool ok = safetensors_read(&file, arena_printf(&arena, "%s/weights.safetensors", folder), err) &&
              check_hash(&arena, &file, folder, path, err) && params_take(params, "", params->value, &file, err);
    safetensors_release(&file);
    arena_release(&arena);
    return ok;
}
