#include "runner/config/bind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner/config/report.h"

enum { LIST_MAX = 64, NAME_MAX_FOR_NEAREST = 100, PADDING_MAX = 1000000 };

void binder_release(Binder *binder)
{
    free(binder->refs);
    binder->refs = NULL;
    binder->ref_count = binder->ref_capacity = 0;
    free(binder->runs);
    binder->runs = NULL;
    binder->run_count = binder->run_capacity = 0;
}

bool is_name(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!(*c >= 'a' && *c <= 'z') && !(*c >= 'A' && *c <= 'Z') && !(*c >= '0' && *c <= '9') && *c != '_' &&
            *c != '-')
            return false;
    return *text != '\0' && strlen(text) <= NAME_MAX_FOR_NEAREST;
}

const char *binder_suggest(Arena *arena, const char *name, const char *const *candidates, size_t n)
{
    const char *near = strlen(name) <= NAME_MAX_FOR_NEAREST ? nearest_name(name, candidates, n) : NULL;
    return near ? arena_printf(arena, "; did you mean \"%s\"?", near) : "";
}

/* What stood there before a value of the matrix, and where that value is. */
static const char *from_text(Arena *arena, const Cfg *node)
{
    const Loc *at = &node->from_loc;
    if (!node->from) return "";
    const char *quoted = cfg_quote(arena, node->from);
    if (at->line)
        return arena_printf(arena, " (from %s; the value is at %s:%d:%d)", quoted, at->file, at->line, at->col);
    if (at->file) return arena_printf(arena, " (from %s; the value is in %s)", quoted, at->file);
    return arena_printf(arena, " (from %s)", quoted);
}

const char *binder_got(Arena *arena, const Cfg *node)
{
    if (node->kind != CFG_SCALAR) return arena_printf(arena, "got %s", cfg_kind_text(node));
    const char *from = from_text(arena, node);
    switch (cfg_scalar_kind(node)) {
    case SCALAR_NULL:
        return "got nothing";
    case SCALAR_TEXT:
        return arena_printf(arena, "got the text %s%s", cfg_quote(arena, node->text), from);
    default:
        return arena_printf(arena, "got %.60s%s", node->text, from);
    }
}

/* What a field is bound with. */
typedef struct Slot {
    Binder *binder;
    const Field *field;
    const char *what; /* whose field it is */
    const Cfg *node;
    void *target;
} Slot;

static const char *bounds_text(Arena *arena, const Field *field)
{
    double low, high;
    const bool has_low = field_lower(field, &low), has_high = field_upper(field, &high);
    if (has_low && has_high)
        return field->above_min ? arena_printf(arena, " above %.15g and up to %.15g", low, high)
                                : arena_printf(arena, " from %.15g to %.15g", low, high);
    if (has_low) return arena_printf(arena, " %s %.15g", field->above_min ? "above" : "of at least", low);
    if (has_high) return arena_printf(arena, " of at most %.15g", high);
    return "";
}

/* NaN is inside of no bounds, and neither infinity is a number to compute with. */
static bool in_bounds(const Field *field, double value)
{
    double low, high;
    if (!isfinite(value)) return false;
    if (field_lower(field, &low) && (field->above_min ? value <= low : value < low)) return false;
    return !field_upper(field, &high) || value <= high;
}

static void complain(const Slot *slot, const Cfg *node, const char *wanted, const char *hint)
{
    Arena *arena = slot->binder->arena;
    report_add(slot->binder->report, RANK_VALUE, node->loc, "%s in %s: wants %s, %s%s", slot->field->key, slot->what,
               wanted, binder_got(arena, node), hint);
}

/* What would be right in place of a value that only looks like a number. */
static const char *number_hint(Arena *arena, const Cfg *node, bool whole)
{
    if (node->kind != CFG_SCALAR || node->from) return "";
    ScalarKind kind = cfg_scalar_kind(node);
    Cfg plain = *node;
    plain.quoted = false;
    double value;
    if (kind == SCALAR_TEXT && node->quoted && cfg_real(&plain, &value) && isfinite(value))
        return "; a quoted number is text: take the quotes off";
    if (whole && kind == SCALAR_REAL && cfg_real(node, &value) && value == floor(value) && fabs(value) < 1e15)
        return arena_printf(arena, "; write %.0f", value);
    if (kind == SCALAR_ODD) return "; write it in plain decimal digits, without leading zeros, prefix or underscores";
    return "";
}

static bool read_int(const Slot *slot, const Cfg *node, int64_t *value)
{
    if (node->unresolved) return false;
    if (cfg_int(node, value) && in_bounds(slot->field, (double)*value)) return true;
    Arena *arena = slot->binder->arena;
    complain(slot, node, arena_printf(arena, "a whole number%s", bounds_text(arena, slot->field)),
             number_hint(arena, node, true));
    return false;
}

static void bind_real(const Slot *slot)
{
    double value;
    if (cfg_real(slot->node, &value) && in_bounds(slot->field, value)) {
        *(double *)slot->target = value;
        return;
    }
    Arena *arena = slot->binder->arena;
    complain(slot, slot->node, arena_printf(arena, "a number%s", bounds_text(arena, slot->field)),
             number_hint(arena, slot->node, false));
}

static void bind_bool(const Slot *slot)
{
    if (!cfg_bool(slot->node, slot->target)) complain(slot, slot->node, "true or false", "");
}

static bool read_text(const Slot *slot, const char *wanted, const char **text)
{
    const Cfg *node = slot->node;
    bool replaced = node->from && !node->null; /* "${dim}" may well stand for a number here */
    if (node->kind == CFG_SCALAR && (cfg_scalar_kind(node) == SCALAR_TEXT || replaced)) {
        *text = node->text;
        return true;
    }
    bool looks_else = node->kind == CFG_SCALAR && !node->null;
    complain(slot, node, wanted, looks_else ? "; text that looks like a number or a truth value goes in quotes" : "");
    return false;
}

static void bind_choice(const Slot *slot)
{
    Arena *arena = slot->binder->arena;
    const char *names[LIST_MAX];
    size_t n = 0;
    const char *listed = "";
    for (char *name = arena_text(arena, slot->field->choices), *bar; name && n < LIST_MAX; name = bar) {
        bar = strchr(name, '|');
        if (bar) *bar++ = '\0';
        listed = arena_printf(arena, "%s%s%s", listed, n ? ", " : "", name);
        names[n++] = name;
    }
    const char *text = slot->node->kind == CFG_SCALAR ? slot->node->text : "";
    for (size_t i = 0; i < n && slot->node->kind == CFG_SCALAR; i++)
        if (!strcmp(text, names[i])) {
            *(const char **)slot->target = names[i];
            return;
        }
    complain(slot, slot->node, arena_printf(arena, "one of %s", listed), binder_suggest(arena, text, names, n));
}

static void add_ref(Ref **refs, size_t *n, size_t *capacity, Ref ref)
{
    if (*n == *capacity) {
        *capacity = *capacity ? mem_mul(*capacity, 2) : 16;
        *refs = mem_grow(*refs, *capacity, sizeof(Ref));
    }
    (*refs)[(*n)++] = ref;
}

static void bind_ref(const Slot *slot)
{
    Binder *binder = slot->binder;
    Ref ref = {.loc = slot->node->loc};
    if (!read_text(slot, "a name", &ref.name)) return;
    *(Ref *)slot->target = ref;
    add_ref(&binder->refs, &binder->ref_count, &binder->ref_capacity, ref);
}

static void bind_run(const Slot *slot)
{
    Binder *binder = slot->binder;
    Ref ref = {.loc = slot->node->loc};
    if (!read_text(slot, "the name of a run", &ref.name)) return;
    if (binder->names) {
        NamedRun run;
        Err err = {0};
        if (!run_names_find(binder->names, ref.name, ref.loc, &run, &err)) {
            report_take(binder->report, RANK_NAME, binder->arena, &err);
            return;
        }
        ref.name = run.path;
    }
    *(Ref *)slot->target = ref;
    add_ref(&binder->runs, &binder->run_count, &binder->run_capacity, ref);
}

/* Ints from a list, or from a single one. Returns how many, 0 after an error. */
static size_t read_ints(const Slot *slot, int64_t *values, size_t max)
{
    const Cfg *node = slot->node;
    if (node->kind != CFG_LIST) return read_int(slot, node, values) ? 1 : 0;
    if (!node->n || node->n > max) {
        complain(slot, node, arena_printf(slot->binder->arena, "1 to %zu numbers", max),
                 arena_printf(slot->binder->arena, " of %zu", node->n));
        return 0;
    }
    bool ok = true;
    for (size_t i = 0; i < node->n; i++) ok = read_int(slot, node->items[i], &values[i]) && ok;
    return ok ? node->n : 0;
}

static void bind_ints(const Slot *slot)
{
    int64_t values[LIST_MAX];
    size_t n = read_ints(slot, values, LIST_MAX);
    if (!n) return;
    int64_t *items = arena_alloc(slot->binder->arena, n, sizeof(int64_t));
    memcpy(items, values, n * sizeof(int64_t));
    *(IntList *)slot->target = (IntList){.items = items, .n = n};
}

static void bind_pair(const Slot *slot)
{
    int64_t values[2];
    int64_t *pair = slot->target;
    size_t n = read_ints(slot, values, 2);
    if (!n) return;
    pair[0] = values[0];
    pair[1] = values[n - 1];
}

static void bind_padding(const Slot *slot)
{
    const Cfg *node = slot->node;
    Padding *padding = slot->target;
    if (node->kind == CFG_SCALAR && (!strcmp(node->text, "same") || !strcmp(node->text, "valid"))) {
        *padding = (Padding){.mode = node->text[0] == 's' ? "same" : "valid"};
        return;
    }
    const char *wanted = "same, valid, a whole number, [height, width] or [top, bottom, left, right]";
    bool list = node->kind == CFG_LIST && (node->n == 2 || node->n == 4);
    int64_t single;
    if (!list && !cfg_int(node, &single)) {
        const char *names[] = {"same", "valid"};
        complain(slot, node, wanted, node->text ? binder_suggest(slot->binder->arena, node->text, names, 2) : "");
        return;
    }
    Field bounded = *slot->field;
    if (bounded.min == 0 && bounded.max == 0) bounded.max = PADDING_MAX;
    Slot ints = *slot;
    ints.field = &bounded;
    int64_t v[4];
    size_t n = read_ints(&ints, v, 4);
    if (n == 1) *padding = (Padding){NULL, v[0], v[0], v[0], v[0]};
    if (n == 2) *padding = (Padding){NULL, v[0], v[0], v[1], v[1]};
    if (n == 4) *padding = (Padding){NULL, v[0], v[1], v[2], v[3]};
}

static void bind_value(const Slot *slot)
{
    if (slot->node->unresolved) return;
    switch (slot->field->kind) {
    case FIELD_BOOL:
        bind_bool(slot);
        break;
    case FIELD_INT:
        read_int(slot, slot->node, slot->target);
        break;
    case FIELD_REAL:
        bind_real(slot);
        break;
    case FIELD_TEXT:
        read_text(slot, "text", slot->target);
        break;
    case FIELD_CHOICE:
        bind_choice(slot);
        break;
    case FIELD_INTS:
        bind_ints(slot);
        break;
    case FIELD_PAIR:
        bind_pair(slot);
        break;
    case FIELD_PADDING:
        bind_padding(slot);
        break;
    case FIELD_REF:
        bind_ref(slot);
        break;
    case FIELD_RUN:
        bind_run(slot);
        break;
    case FIELD_SPEC:
        binder_spec(slot->binder, slot->field->table, slot->node, NULL, slot->target);
        break;
    case FIELD_SPECS:
        binder_specs(slot->binder, slot->field->table, slot->node, slot->target);
        break;
    }
}

/* Defaults are written in the rows as YAML text; one that doesn't bind is the row's fault. */
static void bind_fallback(const Slot *slot)
{
    Err err = {0};
    Report report = {0};
    Binder quiet = {.arena = slot->binder->arena, .report = &report};
    if (slot->field->kind == FIELD_RUN) BUG("%s in %s: a run has no default", slot->field->key, slot->what);
    Slot inner = *slot;
    inner.binder = &quiet;
    inner.node = cfg_parse_text(quiet.arena, "default", slot->field->fallback, &err);
    if (inner.node) bind_value(&inner);
    binder_release(&quiet);
    if (!inner.node || !report_flush(&report, &err))
        BUG("the default of %s in %s, %s: %s", slot->field->key, slot->what, slot->field->fallback, err.text);
}

void binder_missing(Binder *binder, const char *key, const char *what, const char *help, Loc where, const Cfg *map)
{
    const Loc *gone = cfg_gone(map, key);
    const char *in = what ? " in " : "", *owner = what ? what : "", *colon = help ? ": " : "", *hint = help ? help : "";
    if (gone)
        report_add(binder->report, RANK_MISSING, *gone, "%s%s%s can't be taken out%s%s", key, in, owner, colon, hint);
    else
        report_add(binder->report, RANK_MISSING, where, "missing key \"%s\"%s%s%s%s", key, in, owner, colon, hint);
}

void binder_fields(Binder *binder, const Field *fields, const char *const *extra, const char *what, Loc where,
                   const Cfg *map, void *options)
{
    if (map && map->kind != CFG_MAP) {
        if (!map->unresolved)
            report_add(binder->report, RANK_VALUE, map->loc, "%s: wants a map of options, %s", what,
                       binder_got(binder->arena, map));
        return;
    }
    if (map) binder_check_keys(binder, map, fields, extra, NULL, what);
    for (const Field *field = fields; field && field->key; field++) {
        Slot slot = {.binder = binder,
                     .field = field,
                     .what = what,
                     .node = cfg_get(map, field->key),
                     .target = (char *)options + field->offset};
        if (slot.node)
            bind_value(&slot);
        else if (!field->fallback)
            binder_missing(binder, field->key, what, field->help, where, map);
        else if (*field->fallback)
            bind_fallback(&slot);
    }
}

void binder_check_keys(Binder *binder, const Cfg *map, const Field *fields, const char *const *extra,
                       const char *hidden, const char *what)
{
    Arena *arena = binder->arena;
    const char *names[LIST_MAX];
    size_t n = 0;
    for (const Field *field = fields; field && field->key && n < LIST_MAX; field++) names[n++] = field->key;
    for (const char *const *name = extra; name && *name && n < LIST_MAX; name++) names[n++] = *name;
    size_t listed = n;
    if (hidden && n < LIST_MAX) names[n++] = hidden;

    for (size_t i = 0; i < map->n; i++) {
        const Cfg *item = map->items[i];
        bool known = false;
        for (size_t k = 0; k < n && !known; k++) known = !strcmp(item->key, names[k]);
        if (known) continue;
        const char *valid = "";
        for (size_t k = 0; k < listed; k++) valid = arena_printf(arena, "%s%s%s", valid, k ? ", " : "", names[k]);
        valid = listed ? arena_printf(arena, " (valid: %s)", valid) : " (it has no options)";
        report_add(binder->report, RANK_KEY, item->key_loc, "unknown key %s in %s%s%s", cfg_quote(arena, item->key),
                   what, binder_suggest(arena, item->key, names, n), valid);
        return;
    }
}

bool bind_fields(Arena *arena, const Field *fields, const char *what, Loc where, Cfg *map, void *options, Err *err)
{
    Report report = {0};
    Binder binder = {.arena = arena, .report = &report};
    binder_fields(&binder, fields, NULL, what, where, map, options);
    binder_release(&binder);
    return report_flush(&report, err);
}
