#include <string.h>

#include "nn/base/file.h"
#include "runner/run/state.h"

enum { KEYS_MAX = 3 };

typedef struct Report {
    Arena *arena;
    Text text;
    size_t keys; /* named, or only counted */
    bool values;
} Report;

/* In flow style, on one line. The depth of all recursions here is bounded by the parser (CFG_DEPTH_MAX). */
static void print_flow(Text *text, const Cfg *node)
{
    if (node->kind == CFG_SCALAR) {
        text_add(text, "%s", node->text);
        return;
    }
    text_add(text, node->kind == CFG_LIST ? "[" : "{");
    for (size_t i = 0; i < node->n; i++) {
        const char *key = node->items[i]->key;
        text_add(text, "%s%s%s", i ? ", " : "", key ? key : "", key ? ": " : "");
        print_flow(text, node->items[i]);
    }
    text_add(text, node->kind == CFG_LIST ? "]" : "}");
}

static void print_side(Text *text, const Cfg *node)
{
    if (node)
        print_flow(text, node);
    else
        text_add(text, "(absent)");
}

/* before, after: NULL where it isn't there. */
static void add(Report *report, const char *path, const Cfg *before, const Cfg *after)
{
    Text *text = &report->text;
    if (report->values) {
        text_add(text, "%s: ", path);
        print_side(text, before);
        text_add(text, " -> ");
        print_side(text, after);
        text_add(text, "\n");
    } else if (report->keys < KEYS_MAX)
        text_add(text, "%s%s", report->keys ? ", " : "", path);
    report->keys++;
}

static bool same(const Cfg *a, const Cfg *b)
{
    if (a->kind != b->kind || a->n != b->n) return false;
    if (a->kind == CFG_SCALAR) return strcmp(a->text, b->text) == 0;
    for (size_t i = 0; i < a->n; i++) {
        if (a->kind == CFG_MAP && strcmp(a->items[i]->key, b->items[i]->key) != 0) return false;
        if (!same(a->items[i], b->items[i])) return false;
    }
    return true;
}

static const char *below(Arena *arena, const char *path, const char *key)
{
    return path[0] ? arena_printf(arena, "%s.%s", path, key) : key;
}

static const char *item_path(Arena *arena, const char *path, size_t i)
{
    return arena_printf(arena, "%s.%zu", path, i);
}

static void compare(Report *report, const char *path, const Cfg *before, const Cfg *after);

static void compare_maps(Report *report, const char *path, const Cfg *before, const Cfg *after)
{
    for (size_t i = 0; i < after->n; i++) {
        const Cfg *item = after->items[i], *was = cfg_get(before, item->key);
        const char *at = below(report->arena, path, item->key);
        if (was)
            compare(report, at, was, item);
        else
            add(report, at, NULL, item);
    }
    for (size_t i = 0; i < before->n; i++)
        if (!cfg_get(after, before->items[i]->key))
            add(report, below(report->arena, path, before->items[i]->key), before->items[i], NULL);
}

/* What both lists begin and end with is left out. The rest is compared item by item where it is as long in both; else
 * it is what was taken out, by the old numbers, and what was put in, by the new ones. */
static void compare_lists(Report *report, const char *path, const Cfg *before, const Cfg *after)
{
    size_t first = 0, old_end = before->n, new_end = after->n;
    while (first < old_end && first < new_end && same(before->items[first], after->items[first])) first++;
    while (old_end > first && new_end > first && same(before->items[old_end - 1], after->items[new_end - 1]))
        old_end--, new_end--;
    if (old_end == new_end) {
        for (size_t i = first; i < new_end; i++)
            compare(report, item_path(report->arena, path, i), before->items[i], after->items[i]);
        return;
    }
    for (size_t i = first; i < old_end; i++) add(report, item_path(report->arena, path, i), before->items[i], NULL);
    for (size_t i = first; i < new_end; i++) add(report, item_path(report->arena, path, i), NULL, after->items[i]);
}

static void compare(Report *report, const char *path, const Cfg *before, const Cfg *after)
{
    if (before->kind != after->kind || (before->kind == CFG_SCALAR && strcmp(before->text, after->text) != 0))
        add(report, path, before, after);
    else if (before->kind == CFG_MAP)
        compare_maps(report, path, before, after);
    else if (before->kind == CFG_LIST)
        compare_lists(report, path, before, after);
}

static const char *taken(Report *report)
{
    Text *text = &report->text;
    const char *result = arena_text(report->arena, text->bytes ? text->bytes : "");
    text_release(text);
    return result;
}

static void compare_trees(Report *report, const Cfg *before, const Cfg *after)
{
    compare(report, "", before, after);
    if (!report->values && report->keys > KEYS_MAX) text_add(&report->text, " and %zu more", report->keys - KEYS_MAX);
}

const char *config_differences(Arena *arena, const Cfg *before, const Cfg *after, bool values)
{
    Report report = {.arena = arena, .values = values};
    compare_trees(&report, before, after);
    return taken(&report);
}

const char *run_differences(Arena *arena, const Run *run, bool values)
{
    Err ignored = {0};
    const char *path = arena_printf(arena, "%s/config.yaml", run->folder);
    Cfg *old = file_exists(path) ? cfg_parse_file(arena, path, &ignored) : NULL;
    Cfg *new = old ? cfg_parse_text(arena, "config.yaml", run->config, &ignored) : NULL;
    if (!new) return "";
    Report report = {.arena = arena, .values = values};
    compare_trees(&report, old, new);
    for (size_t i = 0; values && run->needs && i < run->experiment.need_count; i++) {
        const Run *need = run->needs[i];
        const char *then = run_needed(arena, run, need->path);
        if (then && strcmp(then, need->weights_identity) != 0)
            text_add(&report.text, "%s, which it needs: other weights (configuration %.8s -> %.8s)\n", need->path, then,
                     need->weights_identity);
    }
    return taken(&report);
}
