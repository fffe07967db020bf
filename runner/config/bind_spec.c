#include "runner/config/bind.h"

#include <string.h>

#include "runner/config/report.h"

/* Binding calls itself for nested specs (the body of a residual block): a tree is at most CFG_DEPTH_MAX deep, twice
 * that after an override, so the recursion is bounded. */

enum { NAMES_MAX = 128 };

static bool is_extra(const char *key, const char *const *extra)
{
    for (; extra && *extra; extra++)
        if (!strcmp(key, *extra)) return true;
    return false;
}

static void unknown_row(Binder *binder, const Table *table, const char *name, Loc loc, const char *const *extra)
{
    Arena *arena = binder->arena;
    const char *names[NAMES_MAX];
    size_t n = 0;
    const char *valid = "", *noun = extra ? arena_printf(arena, "%s or key", table->noun) : table->noun;
    for (size_t i = 0; i < table->n && n < NAMES_MAX; i++) names[n++] = table->rows[i]->name;
    for (; extra && *extra && n < NAMES_MAX; extra++) names[n++] = *extra;
    for (size_t i = 0; i < n; i++) valid = arena_printf(arena, "%s%s%s", valid, i ? ", " : "", names[i]);
    report_add(binder->report, RANK_KEY, loc, "unknown %s %s%s (valid: %s)", noun, cfg_quote(arena, name),
               binder_suggest(arena, name, names, n), valid);
}

/* A map with one key made of a bare value, for a row's shorthand. */
static const Cfg *wrap(Arena *arena, const char *key, const Cfg *value)
{
    Cfg *map = arena_alloc(arena, 1, sizeof *map);
    map->kind = CFG_MAP;
    map->loc = value->loc;
    cfg_put(arena, map, key, value->loc, cfg_copy(arena, value));
    return map;
}

/* Takes `name:` out of a copy of the options. */
static const Cfg *take_name(Binder *binder, const Row *row, const Cfg *map, Spec *spec)
{
    const Cfg *name = cfg_get(map, "name");
    if (!name) return map;
    if (name->kind == CFG_SCALAR && cfg_scalar_kind(name) == SCALAR_TEXT && is_name(name->text))
        spec->name = name->text;
    else if (!name->unresolved)
        report_add(binder->report, RANK_VALUE, name->loc, "name in %s: wants letters, digits, _ and -, %s", row->name,
                   binder_got(binder->arena, name));
    Cfg *rest = cfg_copy(binder->arena, map);
    cfg_take(rest, "name");
    return rest;
}

/* options: a map, a bare value for the shorthand, or NULL. Messages name the key that was written: the row's, but of
 * `weight: 2` that one. */
static void bind_options(Binder *binder, const Table *table, const Row *row, const Cfg *options, Loc where, Spec *spec)
{
    if (options && options->unresolved) return;
    const char *what = options && options->key ? options->key : row->name;
    if (options && options->null) options = NULL;
    if (options && options->kind != CFG_MAP && row->shorthand) options = wrap(binder->arena, row->shorthand, options);
    spec->row = row;
    if (options && table->named && options->kind == CFG_MAP) {
        binder_check_keys(binder, options, row->fields, NULL, "name", what);
        options = take_name(binder, row, options, spec);
    }
    void *bound = arena_alloc(binder->arena, row->size ? row->size : 1, 1);
    spec->options = bound;
    binder_fields(binder, row->fields, NULL, what, where, options, bound);
}

static void bind_bare(Binder *binder, const Table *table, const Cfg *node, Spec *spec)
{
    const Row *row = node->null ? NULL : table_find(table, node->text);
    ScalarKind kind = cfg_scalar_kind(node);
    if (row) {
        bind_options(binder, table, row, NULL, node->loc, spec);
    } else if (table->n && table->rows[0]->shorthand && (kind == SCALAR_INT || kind == SCALAR_REAL)) {
        bind_options(binder, table, table->rows[0], node, node->loc, spec);
    } else if (kind == SCALAR_TEXT) {
        unknown_row(binder, table, node->text, node->loc, NULL);
    } else {
        report_add(binder->report, RANK_VALUE, node->loc, "wants a %s, such as \"%s\", %s", table->noun,
                   table->n ? table->rows[0]->name : "", binder_got(binder->arena, node));
    }
}

static void two_rows(Binder *binder, const Table *table, const Cfg *first, const Cfg *second)
{
    bool inherited = strcmp(first->key_loc.file, second->key_loc.file) != 0;
    report_add(binder->report, RANK_VALUE, second->key_loc, "wants one %s, got \"%s\" and \"%s\"%s", table->noun,
               first->key, second->key,
               inherited
                   ? arena_printf(binder->arena, "; write \"%s: ~\" to take out what `extends` brings", first->key)
                   : "");
}

void binder_spec(Binder *binder, const Table *table, const Cfg *node, const char *const *extra, Spec *spec)
{
    *spec = (Spec){.loc = node->loc};
    if (node->unresolved) return;
    if (node->kind == CFG_SCALAR) {
        bind_bare(binder, table, node, spec);
        return;
    }
    if (node->kind == CFG_LIST) {
        report_add(binder->report, RANK_VALUE, node->loc, "wants a %s, got a list", table->noun);
        return;
    }
    const Cfg *chosen = NULL;
    for (size_t i = 0; i < node->n; i++) {
        const Cfg *item = node->items[i];
        if (is_extra(item->key, extra)) continue;
        const Row *row = table_find(table, item->key);
        if (!row) {
            unknown_row(binder, table, item->key, item->key_loc, extra);
        } else if (chosen) {
            two_rows(binder, table, chosen, item);
        } else {
            chosen = item;
            spec->loc = item->key_loc;
            bind_options(binder, table, row, item, item->key_loc, spec);
        }
    }
    if (!chosen && (!node->n || is_extra(node->items[0]->key, extra)))
        report_add(binder->report, RANK_MISSING, node->loc, "missing: %s %s, such as \"%s\"",
                   strchr("aeiou", table->noun[0]) ? "an" : "a", table->noun, table->n ? table->rows[0]->name : "");
}

/* Binds an item whose `when` doesn't hold: only its keys can be judged, since its values may be meant for other
 * variants; the sections that it refers to count as used, the runs as not needed. */
static void bind_dropped(Binder *binder, const Table *table, const Cfg *node)
{
    Spec spec;
    Report report = {0};
    Report *outer = binder->report;
    const size_t runs = binder->run_count;
    binder->report = &report;
    binder_spec(binder, table, node, NULL, &spec);
    binder->report = outer;
    binder->run_count = runs;
    if (report.rank == RANK_KEY) report_merge(outer, &report);
}

void binder_specs(Binder *binder, const Table *table, const Cfg *list, SpecList *specs)
{
    *specs = (SpecList){0};
    if (list->unresolved) return;
    if (list->kind != CFG_LIST) {
        report_add(binder->report, RANK_VALUE, list->loc, "%s: wants a list, %s", list->key ? list->key : table->name,
                   binder_got(binder->arena, list));
        return;
    }
    Spec *items = arena_alloc(binder->arena, list->n, sizeof(Spec));
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i]->dropped)
            bind_dropped(binder, table, list->items[i]);
        else
            binder_spec(binder, table, list->items[i], NULL, &items[specs->n++]);
    }
    specs->items = items;
}

bool bind_spec(Arena *arena, const Table *table, Cfg *node, const char *const *extra, Spec *spec, Err *err)
{
    Report report = {0};
    Binder binder = {.arena = arena, .report = &report};
    binder_spec(&binder, table, node, extra, spec);
    binder_release(&binder);
    return report_flush(&report, err);
}
