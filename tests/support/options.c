#include "tests/support/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static char *trimmed(Arena *arena, const char *text, size_t n)
{
    while (n > 0 && isspace((unsigned char)*text)) text++, n--;
    while (n > 0 && isspace((unsigned char)text[n - 1])) n--;
    return arena_text_n(arena, text, n);
}

static char *unwrapped(Arena *arena, const char *text, char open)
{
    size_t n = strlen(text);
    return n >= 2 && text[0] == open ? trimmed(arena, text + 1, n - 2) : NULL;
}

/* Cuts the next item off at a comma outside of all brackets; NULL when there is none left. */
static char *next_item(Arena *arena, const char **at)
{
    if (!**at) return NULL;
    const char *start = *at, *end = start;
    for (int depth = 0; *end && (depth > 0 || *end != ','); end++)
        depth += strchr("{[", *end) ? 1 : strchr("}]", *end) ? -1 : 0;
    *at = *end ? end + 1 : end;
    return trimmed(arena, start, (size_t)(end - start));
}

static void split_key(Arena *arena, const char *item, char **key, char **value)
{
    const char *colon = strchr(item, ':');
    *key = trimmed(arena, item, colon ? (size_t)(colon - item) : strlen(item));
    *value = colon ? trimmed(arena, colon + 1, strlen(colon + 1)) : NULL;
}

static double number(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end) BUG("\"%s\" is no number", text);
    return value;
}

static IntList ints(Arena *arena, const char *text)
{
    const char *at = unwrapped(arena, text, '[');
    if (!at) at = text;
    int64_t *items = arena_alloc(arena, strlen(at) + 1, sizeof *items);
    size_t n = 0;
    for (char *item; (item = next_item(arena, &at));) items[n++] = (int64_t)number(item);
    return (IntList){items, n};
}

static Padding padding(Arena *arena, const char *text)
{
    if (isalpha((unsigned char)*text)) return (Padding){.mode = arena_text(arena, text)};
    IntList list = ints(arena, text);
    const int64_t *p = list.items;
    if (list.n == 1) return (Padding){NULL, p[0], p[0], p[0], p[0]};
    if (list.n == 2) return (Padding){NULL, p[0], p[0], p[1], p[1]};
    if (list.n == 4) return (Padding){NULL, p[0], p[1], p[2], p[3]};
    BUG("\"%s\" is no padding", text);
}

static void set(Arena *arena, const Field *field, const char *text, void *to)
{
    IntList list;
    switch (field->kind) {
    case FIELD_BOOL:
        *(bool *)to = strcmp(text, "true") == 0;
        break;
    case FIELD_INT:
        *(int64_t *)to = (int64_t)number(text);
        break;
    case FIELD_REAL:
        *(double *)to = number(text);
        break;
    case FIELD_TEXT:
    case FIELD_CHOICE:
        *(const char **)to = arena_text(arena, text);
        break;
    case FIELD_INTS:
        *(IntList *)to = ints(arena, text);
        break;
    case FIELD_PAIR:
        list = ints(arena, text);
        ((int64_t *)to)[0] = list.items[0];
        ((int64_t *)to)[1] = list.items[list.n - 1];
        break;
    case FIELD_PADDING:
        *(Padding *)to = padding(arena, text);
        break;
    case FIELD_REF:
    case FIELD_RUN:
        *(Ref *)to = (Ref){arena_text(arena, text), {"test.yaml", 1, 1}};
        break;
    case FIELD_SPEC:
        *(Spec *)to = spec_of(arena, field->table, text);
        break;
    case FIELD_SPECS: {
        const char *at = unwrapped(arena, text, '[');
        const char **texts = arena_alloc(arena, strlen(text) + 1, sizeof *texts);
        for (size_t n = 0; at && (texts[n] = next_item(arena, &at)); n++) continue;
        *(SpecList *)to = specs_of(arena, field->table, texts);
        break;
    }
    }
}

static const Field *field_of(const Row *row, const char *key)
{
    for (const Field *field = row->fields; field && field->key; field++) {
        if (strcmp(field->key, key) == 0) return field;
    }
    BUG("%s has no option \"%s\"", row->name, key);
}

const void *options_of(Arena *arena, const Row *row, const char *text)
{
    char *options = arena_alloc(arena, row->size + 1, 1);
    for (const Field *field = row->fields; field && field->key; field++) {
        if (field->fallback && *field->fallback) set(arena, field, field->fallback, options + field->offset);
    }
    const char *at = text ? unwrapped(arena, text, '{') : NULL;
    if (!text) return options;
    if (!at) {
        const Field *field = field_of(row, row->shorthand ? row->shorthand : "a shorthand");
        set(arena, field, text, options + field->offset);
        return options;
    }
    for (char *item; (item = next_item(arena, &at));) {
        char *key, *value;
        split_key(arena, item, &key, &value);
        const Field *field = field_of(row, key);
        if (!value) BUG("%s: \"%s\" has no value", row->name, key);
        set(arena, field, value, options + field->offset);
    }
    return options;
}

Spec spec_of(Arena *arena, const Table *table, const char *text)
{
    char *key, *value;
    const char *inner = unwrapped(arena, text, '{');
    split_key(arena, inner ? inner : text, &key, &value);
    const Row *row = table_find(table, key);
    if (!row) BUG("no %s \"%s\"", table->noun, key);
    return (Spec){.row = row, .options = options_of(arena, row, value), .loc = {"test.yaml", 2, 3}};
}

SpecList specs_of(Arena *arena, const Table *table, const char *const *texts)
{
    size_t n = 0;
    while (texts[n]) n++;
    Spec *items = arena_alloc(arena, n, sizeof *items);
    for (size_t i = 0; i < n; i++) items[i] = spec_of(arena, table, texts[i]);
    return (SpecList){items, n};
}
