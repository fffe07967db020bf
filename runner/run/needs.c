#include "runner/run/needs.h"

#include <string.h>

#include "nn/base/file.h"
#include "runner/run/state.h"

/* ---- runs that are linked ---- */

typedef struct Closure {
    Arena *arena;
    const Run **items;
    size_t n, capacity;
} Closure;

static void add(Closure *closure, const Run *run)
{
    for (size_t i = 0; i < closure->n; i++)
        if (closure->items[i] == run) return;
    if (closure->n == closure->capacity) {
        size_t capacity = closure->capacity ? mem_mul(closure->capacity, 2) : 8;
        const Run **items = arena_alloc(closure->arena, capacity, sizeof *items);
        if (closure->n) memcpy(items, closure->items, closure->n * sizeof *items);
        closure->items = items;
        closure->capacity = capacity;
    }
    closure->items[closure->n++] = run;
}

size_t needs_closure(Arena *arena, const Run *run, const Run ***needed)
{
    Closure closure = {.arena = arena};
    for (size_t k = 0; run->needs && k < run->experiment.need_count; k++)
        if (run->needs[k]) add(&closure, run->needs[k]);
    for (size_t i = 0; i < closure.n; i++) {
        const Run *other = closure.items[i];
        for (size_t k = 0; other->needs && k < other->experiment.need_count; k++)
            if (other->needs[k] && other->experiment.needs[k].weights) add(&closure, other->needs[k]);
    }
    *needed = closure.items;
    return closure.n;
}

void needs_models(Arena *arena, const Run *run, Needs *needs)
{
    const Run **runs;
    *needs = (Needs){.n = needs_closure(arena, run, &runs)};
    needs->items = arena_alloc(arena, needs->n + 1, sizeof *needs->items);
    for (size_t i = 0; i < needs->n; i++)
        needs->items[i] = (NeededModel){.path = runs[i]->path,
                                        .folder = runs[i]->folder,
                                        .experiment = &runs[i]->experiment,
                                        .info = &runs[i]->info};
}

const char *needs_folders(Arena *arena, const Run *run)
{
    const Run **runs;
    size_t n = needs_closure(arena, run, &runs);
    const char *text = "";
    for (size_t i = 0; i < n; i++) text = arena_printf(arena, "%s%s=%s\n", text, runs[i]->path, runs[i]->folder);
    return text;
}

/* ---- runs that are read back ---- */

typedef struct Source {
    const char *path, *folder;
    Run run;
    enum { UNREAD, READING, READ } state;
} Source;

typedef struct Reader {
    Arena *arena;
    const char *experiments;
    Source *sources;
    size_t n;
} Reader;

static void read_sources(Reader *reader, const char *folders)
{
    size_t lines = 0;
    for (const char *c = folders; *c; c++) lines += *c == '\n';
    reader->sources = arena_alloc(reader->arena, lines + 1, sizeof *reader->sources);
    for (const char *line = folders; *line; line += strcspn(line, "\n") + 1) {
        size_t length = strcspn(line, "\n"), path = strcspn(line, "=");
        if (line[length] == '\0' || path >= length) break;
        reader->sources[reader->n++] =
            (Source){.path = arena_text_n(reader->arena, line, path),
                     .folder = arena_text_n(reader->arena, line + path + 1, length - path - 1)};
    }
}

static bool read_need(const Reader *reader, const NeededRun *need, const Run **run, Err *err);

/* The needs that decide its weights, which identify it; and all of them where it is the run itself. */
static bool read_needs(const Reader *reader, Run *run, bool all, Err *err)
{
    const Experiment *experiment = &run->experiment;
    run->needs = arena_alloc(reader->arena, experiment->need_count + 1, sizeof *run->needs);
    for (size_t i = 0; i < experiment->need_count; i++)
        if ((all || experiment->needs[i].weights) && !read_need(reader, &experiment->needs[i], &run->needs[i], err))
            return false;
    run_identify(reader->arena, run);
    return true;
}

/* The configuration beside the results is that of the weights, but where the run was trained and not evaluated, or is
 * being evaluated anew: then it is the one in log/. */
static bool read_source(const Reader *reader, Source *source, const NeededRun *need, Err *err)
{
    static const char *const files[] = {"config.yaml", "log/config.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        Err ignored = {0};
        if (!file_exists(arena_printf(reader->arena, "%s/%s", source->folder, files[i]))) continue;
        if (run_read(reader->arena, &source->run, reader->experiments, source->folder, files[i], &ignored) &&
            read_needs(reader, &source->run, false, &ignored) && run_has_weights(&source->run))
            return true;
    }
    return err_failed(err, need->run.loc,
                      "%s, which is needed, has no weights of its configuration in %s; `mayvae run "
                      "%s` makes them",
                      source->path, source->folder, source->path);
}

/* The recursion is as deep as there are sources: each is read once. */
static bool read_need(const Reader *reader, const NeededRun *need, const Run **run, Err *err)
{
    Source *source = NULL;
    for (size_t i = 0; i < reader->n; i++)
        if (strcmp(reader->sources[i].path, need->run.name) == 0) source = &reader->sources[i];
    if (!source || source->state == READING)
        return err_failed(err, need->run.loc, "%s is needed, and nothing says where it lies", need->run.name);
    *run = &source->run;
    if (source->state == READ) return true;
    source->state = READING;
    if (!read_source(reader, source, need, err)) return false;
    source->state = READ;
    return true;
}

bool needs_read(Arena *arena, Run *run, const char *experiments, const char *folders, Err *err)
{
    Reader reader = {.arena = arena, .experiments = experiments};
    read_sources(&reader, folders);
    return read_needs(&reader, run, true, err);
}
