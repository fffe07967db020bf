#include "runner/config/cfg.h"

#include <stdlib.h>
#include <string.h>

/* The functions that walk a tree call themselves: trees are at most CFG_DEPTH_MAX deep when parsed, and an override
 * adds at most as much again. */

Cfg *cfg_get(const Cfg *map, const char *key)
{
    if (!map || map->kind != CFG_MAP) return NULL;
    for (size_t i = 0; i < map->n; i++)
        if (!strcmp(map->items[i]->key, key)) return map->items[i];
    return NULL;
}

const char *cfg_text(const Cfg *map, const char *key)
{
    const Cfg *value = cfg_get(map, key);
    return value && value->kind == CFG_SCALAR ? value->text : NULL;
}

Cfg *cfg_copy(Arena *arena, const Cfg *node)
{
    Cfg *copy = arena_alloc(arena, 1, sizeof *copy);
    *copy = *node;
    copy->capacity = node->n;
    copy->items = node->n ? arena_alloc(arena, node->n, sizeof(Cfg *)) : NULL;
    for (size_t i = 0; i < node->n; i++) copy->items[i] = cfg_copy(arena, node->items[i]);
    return copy;
}

void cfg_put(Arena *arena, Cfg *map, const char *key, Loc key_loc, Cfg *value)
{
    value->key = key;
    value->key_loc = key_loc;
    for (size_t i = 0; i < map->n; i++)
        if (!strcmp(map->items[i]->key, key)) {
            map->items[i] = value;
            return;
        }
    if (map->n == map->capacity) {
        size_t capacity = map->capacity ? mem_mul(map->capacity, 2) : 8;
        Cfg **items = arena_alloc(arena, capacity, sizeof(Cfg *));
        if (map->n) memcpy(items, map->items, map->n * sizeof(Cfg *));
        map->items = items;
        map->capacity = capacity;
    }
    map->items[map->n++] = value;
}

Cfg *cfg_take(Cfg *map, const char *key)
{
    Cfg *value = cfg_get(map, key);
    if (!value) return NULL;
    size_t i = 0;
    while (map->items[i] != value) i++;
    memmove(map->items + i, map->items + i + 1, (map->n - i - 1) * sizeof(Cfg *));
    map->n--;
    return value;
}

static void set_gone(Arena *arena, Cfg *map, const char *key, Loc loc)
{
    Cfg *gone = arena_alloc(arena, 1, sizeof *gone);
    *gone = (Cfg){.key = key, .key_loc = loc, .next = map->gone};
    map->gone = gone;
}

const Loc *cfg_gone(const Cfg *map, const char *key)
{
    for (const Cfg *gone = map ? map->gone : NULL; gone; gone = gone->next)
        if (!strcmp(gone->key, key)) return &gone->key_loc;
    return NULL;
}

/* Where a key stands among a map's items; sorted, so that laying large maps over each other stays quick. */
typedef struct KeyIndex {
    const char *key;
    size_t index;
} KeyIndex;

static int compare_keys(const void *a, const void *b)
{
    return strcmp(((const KeyIndex *)a)->key, ((const KeyIndex *)b)->key);
}

static Cfg *merge_maps(Arena *arena, const Cfg *base, const Cfg *over)
{
    Cfg *merged = arena_alloc(arena, 1, sizeof *merged);
    KeyIndex *keys = mem_grow(NULL, base->n, sizeof *keys);
    *merged = *base;
    merged->capacity = mem_add(base->n, over->n);
    merged->items = arena_alloc(arena, merged->capacity, sizeof(Cfg *));
    for (size_t i = 0; i < base->n; i++) keys[i] = (KeyIndex){base->items[i]->key, i};
    if (base->n) qsort(keys, base->n, sizeof *keys, compare_keys);

    size_t n = base->n;
    for (size_t i = 0; i < over->n; i++) {
        const Cfg *value = over->items[i];
        if (value->null && cfg_gone(base, value->key) && !cfg_get(base, value->key)) continue;
        const KeyIndex wanted = {.key = value->key};
        const KeyIndex *found = base->n ? bsearch(&wanted, keys, base->n, sizeof *keys, compare_keys) : NULL;
        Cfg *result = cfg_merge(arena, found ? base->items[found->index] : value, value);
        if (found && value->null) {
            result->dropped = true;
            set_gone(arena, merged, value->key, value->key_loc);
        }
        merged->items[found ? found->index : n++] = result;
    }
    merged->n = 0;
    for (size_t i = 0; i < n; i++) {
        Cfg *item = merged->items[i] ? merged->items[i] : cfg_copy(arena, base->items[i]);
        if (!item->dropped) merged->items[merged->n++] = item;
    }
    free(keys);
    return merged;
}

Cfg *cfg_merge(Arena *arena, const Cfg *base, const Cfg *over)
{
    bool maps = base->kind == CFG_MAP && over->kind == CFG_MAP && base != over;
    return maps ? merge_maps(arena, base, over) : cfg_copy(arena, over);
}

static void set_place(Cfg *node, Loc loc)
{
    node->loc = node->key_loc = loc;
    for (size_t i = 0; i < node->n; i++) set_place(node->items[i], loc);
}

/* The value of an override: YAML; nothing behind the = is null. */
static Cfg *override_value(Arena *arena, const char *text, Loc loc, Err *err)
{
    Cfg *value;
    if (text[strspn(text, " \t\n")] == '\0') {
        value = arena_alloc(arena, 1, sizeof *value);
        value->null = true;
        value->text = "";
    } else {
        Err inner = {0};
        value = cfg_parse_text(arena, loc.file, text, &inner);
        if (!value) {
            err_config(err, loc, "%s", inner.text);
            return NULL;
        }
    }
    set_place(value, loc);
    return value;
}

/* The item of a list that a segment of the path names. */
static Cfg **list_slot(Arena *arena, Cfg *list, const char *segment, Loc loc, Err *err)
{
    char *end;
    unsigned long index = strtoul(segment, &end, 10);
    if (segment[0] < '0' || segment[0] > '9' || *end || index >= list->n) {
        err_config(err, loc, "%s is no item of this list: it has %zu, counted from 0", cfg_quote(arena, segment),
                   list->n);
        return NULL;
    }
    return &list->items[index];
}

/* Goes one step down the path; a missing map, or nothing where one should be, is made. */
static Cfg *step_into(Arena *arena, Cfg *node, const char *segment, Loc loc, Err *err)
{
    Cfg *below;
    if (node->kind == CFG_LIST) {
        Cfg **slot = list_slot(arena, node, segment, loc, err);
        if (!slot) return NULL;
        below = *slot;
    } else {
        below = cfg_get(node, segment);
        if (!below || below->null) {
            Cfg *map = arena_alloc(arena, 1, sizeof *map);
            map->kind = CFG_MAP;
            map->loc = loc;
            cfg_put(arena, node, segment, loc, map);
            below = map;
        }
    }
    if (below->kind == CFG_SCALAR) {
        err_config(err, loc, "%s is a single value (%s), so nothing can be set below it", cfg_quote(arena, segment),
                   cfg_quote(arena, below->text));
        return NULL;
    }
    return below;
}

bool cfg_override(Arena *arena, Cfg *root, const char *assignment, Err *err)
{
    Loc loc = loc_file(arena_printf(arena, "-o %.200s", assignment));
    const char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment) return err_config(err, loc, "wants KEY=VALUE, for example train.epochs=2");
    Cfg *value = override_value(arena, equals + 1, loc, err);
    if (!value) return false;

    char *segment = arena_text_n(arena, assignment, (size_t)(equals - assignment));
    Cfg *node = root;
    for (int depth = 0;; depth++) {
        char *dot = strchr(segment, '.');
        if (dot) *dot = '\0';
        if (!*segment) return err_config(err, loc, "an empty name in the path; write it like train.epochs");
        if (depth == CFG_DEPTH_MAX) return err_config(err, loc, "the path has more than %d names", CFG_DEPTH_MAX);
        if (!dot) break;
        node = step_into(arena, node, segment, loc, err);
        if (!node) return false;
        segment = dot + 1;
    }
    if (node->kind == CFG_LIST) {
        Cfg **slot = list_slot(arena, node, segment, loc, err);
        if (!slot) return false;
        *slot = value;
        return true;
    }
    if (value->null && (cfg_take(node, segment) || cfg_gone(node, segment)))
        set_gone(arena, node, segment, loc);
    else
        cfg_put(arena, node, segment, loc, value);
    return true;
}
