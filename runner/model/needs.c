#include "runner/model/needs.h"

#include <string.h>

#include "nn/base/file.h"
#include "runner/model/codes.h"
#include "runner/model/weights.h"

static NeededModel *find(const Needs *needs, Ref run)
{
    for (size_t i = 0; needs && run.name && i < needs->n; i++)
        if (strcmp(needs->items[i].path, run.name) == 0) return &needs->items[i];
    BUG("the run %s is named, but not needed", run.name ? run.name : "(none)");
}

void needs_release(Needs *needs)
{
    for (size_t i = 0; i < needs->n; i++) model_release(&needs->items[i].model);
    *needs = (Needs){0};
}

const Experiment *needs_experiment(const Needs *needs, Ref run)
{
    return find(needs, run)->experiment;
}

static bool wire(Needs *needs, NeededModel *needed, Err *err)
{
    if (!needed->wired) needed->wired = codes_model_init(&needed->model, needed->experiment, needed->info, needs, err);
    if (!needed->wired) model_release(&needed->model);
    return needed->wired;
}

bool needs_network(Needs *needs, Ref run, const Model **model, Err *err)
{
    NeededModel *needed = find(needs, run);
    *model = &needed->model;
    return wire(needs, needed, err);
}

static bool load(NeededModel *needed, Ref run, Err *err)
{
    Arena arena = {0};
    const char *path = arena_printf(&arena, "%s/weights.safetensors", needed->folder);
    bool ok = file_exists(path) ||
              err_failed(err, run.loc, "the needed run %s has no weights in %s; `mayvae run %s` makes them",
                         needed->path, needed->folder, needed->path);
    if (ok) {
        model_allocate_values(&needed->model);
        ok = weights_read(needed->folder, needed->path, &needed->model.params, err);
    }
    arena_release(&arena);
    return ok;
}

bool needs_model(Needs *needs, Ref run, Model **model, Err *err)
{
    NeededModel *needed = find(needs, run);
    *model = &needed->model;
    if (!needed->loaded) needed->loaded = wire(needs, needed, err) && load(needed, run, err);
    return needed->loaded;
}
