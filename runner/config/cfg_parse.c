#include "runner/config/cfg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "nn/base/file.h"

enum { ANCHORS_MAX = 1000 };

/* A list or map that is still open. In a map, key is set between a key and its value. */
typedef struct Frame {
    Cfg *node;
    const char *key;
    Loc key_loc;
} Frame;

typedef struct Anchor {
    struct Anchor *next;
    const char *name;
    const Cfg *node;
} Anchor;

typedef struct Parse {
    Arena *arena;
    Err *err;
    const char *file;
    const char *bytes;
    size_t length;
    yaml_parser_t yaml;
    Frame stack[CFG_DEPTH_MAX];
    size_t depth, events, anchor_count;
    Anchor *anchors;
    Cfg *root;
} Parse;

/* libyaml's marks count from zero, in characters. */
static Loc place(const Parse *parse, yaml_mark_t mark)
{
    return (Loc){.file = parse->file, .line = (int)mark.line + 1, .col = (int)mark.column + 1};
}

/* The place of a byte, for reader errors, which come without a mark. */
static Loc place_of_byte(const Parse *parse, size_t offset)
{
    Loc loc = {.file = parse->file, .line = 1, .col = 1};
    for (size_t i = 0; i < offset && i < parse->length; i++) {
        unsigned char c = (unsigned char)parse->bytes[i];
        if (c == '\n') {
            loc.line++;
            loc.col = 1;
        } else if ((c & 0xc0) != 0x80) {
            loc.col++;
        }
    }
    return loc;
}

/* Whether a tab stands in the indentation of the mark's line. */
static bool is_indented_by_tab(const Parse *parse, yaml_mark_t mark)
{
    size_t i = 0;
    for (size_t line = 0; line < mark.line && i < parse->length; i++)
        if (parse->bytes[i] == '\n') line++;
    while (i < parse->length && parse->bytes[i] == ' ') i++;
    return i < parse->length && parse->bytes[i] == '\t';
}

static bool syntax_error(Parse *parse)
{
    const yaml_parser_t *yaml = &parse->yaml;
    const char *problem = yaml->problem ? yaml->problem : "unreadable";
    if (yaml->error == YAML_MEMORY_ERROR) return err_failed(parse->err, loc_file(parse->file), "out of memory");
    if (yaml->error == YAML_READER_ERROR)
        return err_config(parse->err, place_of_byte(parse, yaml->problem_offset),
                          "not a text file that YAML allows: %s; save it as UTF-8", problem);
    const char *hint =
        is_indented_by_tab(parse, yaml->problem_mark) ? "; YAML indents with spaces, never with tabs" : "";
    if (!yaml->context) return err_config(parse->err, place(parse, yaml->problem_mark), "syntax: %s%s", problem, hint);
    return err_config(parse->err, place(parse, yaml->context_mark), "syntax: %s, %s (line %zu, column %zu)%s",
                      yaml->context, problem, yaml->problem_mark.line + 1, yaml->problem_mark.column + 1, hint);
}

static bool count_events(Parse *parse, size_t n, Loc loc)
{
    parse->events += n;
    if (parse->events <= CFG_EVENTS_MAX) return true;
    return err_config(parse->err, loc, "too large: more than %d keys, values and brackets, aliases included",
                      CFG_EVENTS_MAX);
}

static bool too_deep(Parse *parse, Loc loc)
{
    return err_config(parse->err, loc, "nested too deeply: at most %d levels", CFG_DEPTH_MAX);
}

static void append(Arena *arena, Cfg *node, Cfg *item)
{
    if (node->n == node->capacity) {
        size_t capacity = node->capacity ? mem_mul(node->capacity, 2) : 8;
        Cfg **items = arena_alloc(arena, capacity, sizeof(Cfg *));
        if (node->n) memcpy(items, node->items, node->n * sizeof(Cfg *));
        node->items = items;
        node->capacity = capacity;
    }
    node->items[node->n++] = item;
}

/* Puts a finished scalar, or a list or map that has just been opened, where it belongs. */
static void attach(Parse *parse, Cfg *node)
{
    if (!parse->depth) {
        parse->root = node;
        return;
    }
    Frame *frame = &parse->stack[parse->depth - 1];
    node->key = frame->key;
    node->key_loc = frame->key_loc;
    frame->key = NULL;
    append(parse->arena, frame->node, node);
}

static bool wants_key(const Parse *parse)
{
    return parse->depth && parse->stack[parse->depth - 1].node->kind == CFG_MAP && !parse->stack[parse->depth - 1].key;
}

static bool add_anchor(Parse *parse, const yaml_char_t *name, const Cfg *node)
{
    if (!name) return true;
    if (++parse->anchor_count > ANCHORS_MAX)
        return err_config(parse->err, node->loc, "too many anchors: at most %d", ANCHORS_MAX);
    Anchor *anchor = arena_alloc(parse->arena, 1, sizeof *anchor);
    *anchor = (Anchor){.next = parse->anchors, .name = arena_text(parse->arena, (const char *)name), .node = node};
    parse->anchors = anchor;
    return true;
}

static Cfg *new_node(Parse *parse, CfgKind kind, Loc loc)
{
    Cfg *node = arena_alloc(parse->arena, 1, sizeof *node);
    node->kind = kind;
    node->loc = loc;
    return node;
}

static bool refuse_tag(Parse *parse, const yaml_char_t *tag, Loc loc)
{
    if (!tag) return true;
    return err_config(parse->err, loc, "tags such as %s are not read here; write the plain value",
                      cfg_quote(parse->arena, (const char *)tag));
}

static bool is_null_text(const char *text)
{
    return !*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") || !strcmp(text, "NULL");
}

static bool on_scalar(Parse *parse, const yaml_event_t *event)
{
    Loc loc = place(parse, event->start_mark);
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (length > CFG_SCALAR_MAX)
        return err_config(parse->err, loc, "a text of %zu bytes: at most %d", length, CFG_SCALAR_MAX);
    if (memchr(value, 0, length)) return err_config(parse->err, loc, "a text may not hold the NUL character");
    if (!refuse_tag(parse, event->data.scalar.tag, loc)) return false;

    if (wants_key(parse)) {
        if (!length) return err_config(parse->err, loc, "an empty key; a key is a name");
        if (event->data.scalar.anchor) return err_config(parse->err, loc, "a key can't carry an anchor");
        parse->stack[parse->depth - 1].key = arena_text_n(parse->arena, value, length);
        parse->stack[parse->depth - 1].key_loc = loc;
        return true;
    }
    Cfg *node = new_node(parse, CFG_SCALAR, loc);
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->null = !node->quoted && is_null_text(value);
    node->text = node->null ? "" : arena_text_n(parse->arena, value, length);
    attach(parse, node);
    return add_anchor(parse, event->data.scalar.anchor, node);
}

static bool on_open(Parse *parse, CfgKind kind, const yaml_char_t *tag, const yaml_char_t *anchor, Loc loc)
{
    if (wants_key(parse)) return err_config(parse->err, loc, "a key must be a name, not a list or a map");
    if (!refuse_tag(parse, tag, loc)) return false;
    if (parse->depth == CFG_DEPTH_MAX) return too_deep(parse, loc);
    Cfg *node = new_node(parse, kind, loc);
    attach(parse, node);
    parse->stack[parse->depth++] = (Frame){.node = node};
    return add_anchor(parse, anchor, node);
}

static int compare_keys(const void *a, const void *b)
{
    const Cfg *x = *(Cfg *const *)a, *y = *(Cfg *const *)b;
    int order = strcmp(x->key, y->key);
    if (order) return order;
    if (x->key_loc.line != y->key_loc.line) return x->key_loc.line < y->key_loc.line ? -1 : 1;
    return (x->key_loc.col > y->key_loc.col) - (x->key_loc.col < y->key_loc.col);
}

/* Sorting finds duplicate keys in n log n; the list itself stays in file order. */
static bool check_duplicates(Parse *parse, const Cfg *map)
{
    if (map->n < 2) return true;
    bool ok = true;
    Cfg **sorted = mem_grow(NULL, map->n, sizeof(Cfg *));
    memcpy(sorted, map->items, map->n * sizeof(Cfg *));
    qsort(sorted, map->n, sizeof(Cfg *), compare_keys);
    for (size_t i = 1; i < map->n && ok; i++) {
        const Cfg *first = sorted[i - 1], *second = sorted[i];
        if (!strcmp(first->key, second->key))
            ok = err_config(parse->err, second->key_loc, "duplicate key %s: it stands at line %d, column %d already",
                            cfg_quote(parse->arena, second->key), first->key_loc.line, first->key_loc.col);
    }
    free(sorted);
    return ok;
}

static bool on_close(Parse *parse)
{
    const Cfg *node = parse->stack[--parse->depth].node;
    return node->kind != CFG_MAP || check_duplicates(parse, node);
}

/* Copies what an alias names, counting every node against the limits, so that nested aliases ("a billion laughs") stop
 * early. The recursion is at most CFG_DEPTH_MAX deep. */
static Cfg *expand(Parse *parse, const Cfg *from, size_t depth, Loc alias)
{
    if (!count_events(parse, (from->kind == CFG_SCALAR ? 1 : 2) + (from->kind == CFG_MAP ? from->n : 0), alias))
        return NULL;
    if (from->kind != CFG_SCALAR && depth >= CFG_DEPTH_MAX) {
        too_deep(parse, alias);
        return NULL;
    }
    Cfg *copy = arena_alloc(parse->arena, 1, sizeof *copy);
    *copy = *from;
    copy->items = NULL;
    copy->n = copy->capacity = 0;
    for (size_t i = 0; i < from->n; i++) {
        Cfg *item = expand(parse, from->items[i], depth + 1, alias);
        if (!item) return NULL;
        append(parse->arena, copy, item);
    }
    return copy;
}

static bool on_alias(Parse *parse, const yaml_event_t *event)
{
    Loc loc = place(parse, event->start_mark);
    const char *name = arena_text(parse->arena, (const char *)event->data.alias.anchor);
    if (strlen(name) > 100) return err_config(parse->err, loc, "the name of an alias is too long: at most 100 bytes");
    if (wants_key(parse)) return err_config(parse->err, loc, "a key must be a name, not an alias");
    const Anchor *anchor = parse->anchors;
    while (anchor && strcmp(anchor->name, name)) anchor = anchor->next;
    if (!anchor) return err_config(parse->err, loc, "alias *%s: no anchor &%s stands before it", name, name);
    for (size_t i = 0; i < parse->depth; i++)
        if (parse->stack[i].node == anchor->node)
            return err_config(parse->err, loc, "alias *%s stands inside of what it names, so it would never end", name);
    Cfg *copy = expand(parse, anchor->node, parse->depth, loc);
    if (!copy) return false;
    copy->loc = loc;
    attach(parse, copy);
    return true;
}

/* Handles one event; *done at the end of the stream. */
static bool on_event(Parse *parse, const yaml_event_t *event, bool *done)
{
    Loc loc = place(parse, event->start_mark);
    if (!count_events(parse, 1, loc)) return false;
    switch (event->type) {
    case YAML_STREAM_END_EVENT:
        *done = true;
        return true;
    case YAML_DOCUMENT_START_EVENT:
        if (parse->root) return err_config(parse->err, loc, "a second document starts here; a file holds one");
        return true;
    case YAML_SCALAR_EVENT:
        return on_scalar(parse, event);
    case YAML_ALIAS_EVENT:
        return on_alias(parse, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(parse, CFG_LIST, event->data.sequence_start.tag, event->data.sequence_start.anchor, loc);
    case YAML_MAPPING_START_EVENT:
        return on_open(parse, CFG_MAP, event->data.mapping_start.tag, event->data.mapping_start.anchor, loc);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(parse);
    default:
        return true;
    }
}

static Cfg *parse_bytes(Arena *arena, const char *name, const char *bytes, size_t length, Err *err)
{
    Parse parse = {.arena = arena, .err = err, .file = arena_text(arena, name), .bytes = bytes, .length = length};
    bool ok = true, done = false;

    if (length > CFG_BYTES_MAX) {
        err_config(err, loc_file(parse.file), "too large: at most %d bytes", CFG_BYTES_MAX);
        return NULL;
    }
    if (!yaml_parser_initialize(&parse.yaml)) {
        err_failed(err, loc_file(parse.file), "out of memory");
        return NULL;
    }
    yaml_parser_set_input_string(&parse.yaml, (const unsigned char *)bytes, length);
    while (ok && !done) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parse.yaml, &event)) {
            ok = syntax_error(&parse);
            break;
        }
        ok = on_event(&parse, &event, &done);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parse.yaml);
    if (ok && !parse.root) ok = err_config(err, loc_file(parse.file), "nothing in it but blanks and comments");
    return ok ? parse.root : NULL;
}

Cfg *cfg_parse_text(Arena *arena, const char *name, const char *text, Err *err)
{
    return parse_bytes(arena, name, text, strlen(text), err);
}

Cfg *cfg_parse_file(Arena *arena, const char *path, Err *err)
{
    Loc loc = loc_file(arena_text(arena, path));
    struct stat status;
    if (stat(path, &status) != 0 || (S_ISREG(status.st_mode) && access(path, R_OK) != 0)) {
        err_config(err, loc, "can't be read: %s", strerror(errno));
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        err_config(err, loc, "is %s; a YAML file is wanted", S_ISDIR(status.st_mode) ? "a folder" : "no regular file");
        return NULL;
    }
    char *bytes = NULL;
    size_t length = 0;
    Err reading = {0};
    if (!file_read(path, CFG_BYTES_MAX, &bytes, &length, &reading)) {
        if (status.st_size > CFG_BYTES_MAX)
            err_config(err, loc, "too large: %lld bytes, at most %d", (long long)status.st_size, CFG_BYTES_MAX);
        else
            err_config(err, loc, "%s", reading.text);
        return NULL;
    }
    Cfg *root = parse_bytes(arena, path, bytes, length, err);
    free(bytes);
    return root;
}
