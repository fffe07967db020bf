#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/run/state.h"

/* A configuration as (dotted path, value) pairs, in file order. */
typedef struct Flat {
    struct {
        const char *path, *value;
    } * items;
    size_t n, capacity;
} Flat;

static void flat_add(Flat *flat, const char *path, const char *value)
{
    if (flat->n == flat->capacity) {
        flat->capacity = flat->capacity ? flat->capacity * 2 : 64;
        flat->items = mem_grow(flat->items, flat->capacity, sizeof *flat->items);
    }
    flat->items[flat->n].path = path;
    flat->items[flat->n++].value = value;
}

/* Depth is bounded by the parser (CFG_DEPTH_MAX). */
static void flatten(Arena *arena, const Cfg *node, const char *path, Flat *flat)
{
    if (node->kind == CFG_SCALAR)
        flat_add(flat, path, node->text);
    else if (node->n == 0)
        flat_add(flat, path, node->kind == CFG_LIST ? "[]" : "{}");
    for (size_t i = 0; i < node->n; i++) {
        const Cfg *item = node->items[i];
        const char *key = item->key ? item->key : arena_printf(arena, "%zu", i);
        flatten(arena, item, path[0] ? arena_printf(arena, "%s.%s", path, key) : key, flat);
    }
}

static const char *flat_find(const Flat *flat, const char *path)
{
    for (size_t i = 0; i < flat->n; i++)
        if (strcmp(flat->items[i].path, path) == 0) return flat->items[i].value;
    return NULL;
}

enum { KEYS_MAX = 3 };

/* n: how many keys came before this one. */
static void describe(Text *text, bool values, size_t n, const char *path, const char *before, const char *after)
{
    if (values)
        text_add(text, "%s: %s -> %s\n", path, before ? before : "(absent)", after ? after : "(absent)");
    else if (n < KEYS_MAX)
        text_add(text, "%s%s", n ? ", " : "", path);
}

const char *run_differences(Arena *arena, const Run *run, bool values)
{
    Err ignored = {0};
    const char *path = arena_printf(arena, "%s/config.yaml", run->folder);
    Cfg *old = file_exists(path) ? cfg_parse_file(arena, path, &ignored) : NULL;
    Cfg *new = old ? cfg_parse_text(arena, "config.yaml", run->config, &ignored) : NULL;
    if (!new) return "";
    Flat before = {0}, after = {0};
    Text text = {0};
    size_t n = 0;
    flatten(arena, old, "", &before);
    flatten(arena, new, "", &after);
    for (size_t i = 0; i < after.n; i++) {
        const char *was = flat_find(&before, after.items[i].path);
        if (!was || strcmp(was, after.items[i].value) != 0)
            describe(&text, values, n++, after.items[i].path, was, after.items[i].value);
    }
    for (size_t i = 0; i < before.n; i++)
        if (!flat_find(&after, before.items[i].path))
            describe(&text, values, n++, before.items[i].path, before.items[i].value, NULL);
    if (!values && n > KEYS_MAX) text_add(&text, " and %zu more", n - KEYS_MAX);
    for (size_t i = 0; values && run->needs && i < run->experiment.need_count; i++) {
        const Run *need = run->needs[i];
        const char *then = run_needed(arena, run, need->path);
        if (then && strcmp(then, need->weights_identity) != 0)
            text_add(&text, "%s, which it needs: other weights (configuration %.8s -> %.8s)\n", need->path, then,
                     need->weights_identity);
    }
    const char *result = arena_text(arena, text.bytes ? text.bytes : "");
    text_release(&text);
    free(before.items);
    free(after.items);
    return result;
}
