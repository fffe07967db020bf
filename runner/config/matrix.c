#include "runner/config/matrix.h"

#include <inttypes.h>
#include <string.h>

#include "runner/config/bind.h"

/* 4 million nodes are about half a gigabyte. */
enum { NODES_MAX = 4000000, NAME_LENGTH_MAX = 200, TEXTS_MAX = 64 * 1024 * 1024 };

size_t cfg_count(const Cfg *node)
{
    size_t count = 1;
    for (size_t i = 0; i < node->n; i++) count += cfg_count(node->items[i]);
    return count;
}

/* A value as part of a folder's name: 2.0 is 2, text in lower case. NULL: it can't be one. */
static const char *value_name(Arena *arena, const Cfg *value)
{
    int64_t whole;
    double number;
    Text text = {0};
    if (cfg_int(value, &whole))
        text_add(&text, "%" PRId64, whole);
    else if (cfg_real(value, &number))
        print_real(&text, number == 0 ? 0 : number);
    else
        text_add(&text, "%s", value->text);
    char *name = arena_text(arena, text.bytes);
    text_release(&text);
    size_t n = 0;
    for (const char *c = name; *c; c++) {
        char lower = *c;
        if (lower >= 'A' && lower <= 'Z') lower = (char)(lower - 'A' + 'a');
        if (lower == '+') continue;
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_.-", lower)) return NULL;
        name[n++] = lower;
    }
    name[n] = '\0';
    return n ? name : NULL;
}

static bool read_key(Arena *arena, Cfg *list, MatrixKey *key, Report *report)
{
    *key = (MatrixKey){.name = list->key, .loc = list->key_loc, .values = list->items, .n = list->n};
    if (!is_name(list->key)) {
        report_add(report, RANK_VALUE, list->key_loc, "%s in matrix: a key is made of letters, digits, _ and -",
                   cfg_quote(arena, list->key));
        return false;
    }
    if (list->kind != CFG_LIST) {
        report_add(report, RANK_VALUE, list->loc, "%s in matrix: wants a list of values, %s", list->key,
                   binder_got(arena, list));
        return false;
    }
    if (!list->n) {
        report_add(report, RANK_VALUE, list->loc, "%s in matrix: an empty list leaves no variant; give a value or more",
                   list->key);
        return false;
    }
    for (size_t i = 0; i < list->n; i++) {
        const Cfg *value = list->items[i];
        const bool scalar = value->kind == CFG_SCALAR && !value->null;
        if (scalar && value_name(arena, value)) continue;
        if (!scalar)
            report_add(report, RANK_VALUE, value->loc, "%s in matrix: wants numbers or texts, %s", list->key,
                       binder_got(arena, value));
        else
            report_add(report, RANK_VALUE, value->loc,
                       "%s in matrix: %s can't be part of a folder's name; use letters, digits, _ . and -", list->key,
                       cfg_quote(arena, value->text));
        return false;
    }
    return true;
}

void matrix_read(Arena *arena, const Cfg *node, size_t nodes, Matrix *matrix, Report *report)
{
    *matrix = (Matrix){.variants = 1};
    if (!node) return;
    if (node->kind != CFG_MAP) {
        report_add(report, RANK_VALUE, node->loc, "matrix: wants a map of lists, such as {dim: [2, 8]}, %s",
                   binder_got(arena, node));
        matrix->broken = true;
        return;
    }
    matrix->keys = arena_alloc(arena, node->n, sizeof(MatrixKey));
    for (size_t i = 0; i < node->n; i++) {
        MatrixKey *key = &matrix->keys[i];
        matrix->n++;
        if (!read_key(arena, node->items[i], key, report)) {
            matrix->broken = true;
            continue;
        }
        matrix->variants = mem_mul(matrix->variants, key->n);
        if (matrix->variants > VARIANTS_MAX || mem_mul(matrix->variants, nodes) > NODES_MAX) {
            report_add(report, RANK_VALUE, node->key_loc,
                       "matrix: too many variants (%zu or more): at most %d, fewer for a large file", matrix->variants,
                       VARIANTS_MAX);
            matrix->broken = true;
            break;
        }
    }
    if (matrix->broken) matrix->variants = 1;
}

const Cfg **matrix_values(Arena *arena, const Matrix *matrix, size_t variant)
{
    const Cfg **values = arena_alloc(arena, matrix->n + 1, sizeof(Cfg *));
    for (size_t i = matrix->n; i-- > 0 && !matrix->broken;) {
        values[i] = matrix->keys[i].values[variant % matrix->keys[i].n];
        variant /= matrix->keys[i].n;
    }
    return values;
}

const char *matrix_name(Arena *arena, Matrix *matrix, const Cfg *const *values, Report *report)
{
    if (matrix->broken || !matrix->n) return "";
    Text text = {0};
    for (size_t i = 0; i < matrix->n; i++)
        text_add(&text, "%s%s%s", i ? "-" : "", matrix->keys[i].name, value_name(arena, values[i]));
    matrix->broken = text.n > NAME_LENGTH_MAX;
    if (matrix->broken)
        report_add(report, RANK_VALUE, values[0]->loc, "matrix: the variant's name would have %zu bytes, at most %d",
                   text.n, NAME_LENGTH_MAX);
    const char *name = arena_text(arena, text.bytes);
    text_release(&text);
    return name;
}

static MatrixKey *find_key(Matrix *matrix, const char *name, size_t *index)
{
    for (size_t i = 0; i < matrix->n; i++)
        if (!strcmp(matrix->keys[i].name, name)) {
            *index = i;
            return &matrix->keys[i];
        }
    return NULL;
}

/* What stands behind `unknown ...`: the nearest key and those that there are. */
static const char *known_keys(Arena *arena, const Matrix *matrix, const char *name)
{
    if (!matrix->n) return "; there is no matrix";
    const char **names = arena_alloc(arena, matrix->n, sizeof(char *));
    const char *listed = "";
    for (size_t i = 0; i < matrix->n; i++) {
        names[i] = matrix->keys[i].name;
        if (i < 20) listed = arena_printf(arena, "%s%s%s", listed, i ? ", " : "", names[i]);
    }
    return arena_printf(arena, "%s (the matrix has: %s)", binder_suggest(arena, name, names, matrix->n), listed);
}

static bool same_value(const Cfg *a, const Cfg *b)
{
    int64_t one, other;
    double x, y;
    if (cfg_int(a, &one) && cfg_int(b, &other)) return one == other;
    if (cfg_real(a, &x) && cfg_real(b, &y)) return x == y;
    return !strcmp(a->text, b->text);
}

/* One condition of a `when`: a key with a value or a list of values. */
static bool condition_holds(Arena *arena, Matrix *matrix, const Cfg *const *values, const Cfg *condition,
                            Report *report)
{
    size_t k;
    MatrixKey *key = find_key(matrix, condition->key, &k);
    if (!key) {
        report_add(report, RANK_NAME, condition->key_loc, "when: unknown key %s%s", cfg_quote(arena, condition->key),
                   known_keys(arena, matrix, condition->key));
        return true;
    }
    key->used = true;
    bool list = condition->kind == CFG_LIST;
    bool holds = false;
    for (size_t i = 0; i < (list ? condition->n : 1); i++) {
        const Cfg *value = list ? condition->items[i] : condition;
        if (value->kind != CFG_SCALAR || value->null) {
            report_add(report, RANK_VALUE, value->loc, "%s in when: wants a value or a list of values, %s",
                       condition->key, binder_got(arena, value));
            return true;
        }
        holds = holds || same_value(value, values[k]);
    }
    return holds;
}

/* Takes `when` out of an item: beside the row's name or among its options. */
static Cfg *take_when(Cfg *item)
{
    if (item->kind != CFG_MAP) return NULL;
    Cfg *when = cfg_take(item, "when");
    for (size_t i = 0; i < item->n && !when; i++)
        if (item->items[i]->kind == CFG_MAP) when = cfg_take(item->items[i], "when");
    return when;
}

static void apply_when(Arena *arena, Matrix *matrix, const Cfg *const *values, Cfg *item, Report *report)
{
    const Cfg *when = take_when(item);
    if (!when || matrix->broken) return;
    if (when->kind != CFG_MAP) {
        report_add(report, RANK_VALUE, when->loc, "when: wants a map, such as {dim: 2}, %s", binder_got(arena, when));
        return;
    }
    for (size_t i = 0; i < when->n; i++)
        if (!condition_holds(arena, matrix, values, when->items[i], report)) item->dropped = true;
}

/* The value for the name of length n at text, or NULL after a report. */
static const Cfg *look_up(Arena *arena, Matrix *matrix, const Cfg *const *values, const char *text, size_t n,
                          const Cfg *node, Report *report)
{
    const char *name = arena_text_n(arena, text, n);
    size_t k;
    MatrixKey *key = matrix->broken ? NULL : find_key(matrix, name, &k);
    if (!key) {
        if (!matrix->broken)
            report_add(report, RANK_NAME, node->loc, "unknown name %s in \"${}\"%s", cfg_quote(arena, name),
                       known_keys(arena, matrix, name));
        return NULL;
    }
    key->used = true;
    return values[k];
}

/* Whether a scalar's text, and those of all variants together, stay short; a few bytes of a file could make much of
 * them. */
static bool is_short(Matrix *matrix, const Text *text, const Cfg *node, Report *report)
{
    if (text->n > CFG_SCALAR_MAX) {
        report_add(report, RANK_VALUE, node->loc, "a text of more than %d bytes with its \"${}\" replaced; shorten it",
                   CFG_SCALAR_MAX);
        return false;
    }
    matrix->broken = mem_add(matrix->texts, text->n) > TEXTS_MAX;
    if (matrix->broken)
        report_add(report, RANK_VALUE, node->loc,
                   "the texts of all variants together take more than %d bytes with their \"${}\" replaced; shorten "
                   "them or the matrix",
                   TEXTS_MAX);
    return !matrix->broken;
}

/* Puts values in for each ${key} of a scalar; $${ stands for ${ itself. A scalar that is nothing but one ${key} becomes
 * the value, type and all. */
static void substitute(Arena *arena, Matrix *matrix, const Cfg *const *values, Cfg *node, Report *report)
{
    const char *rest = node->text, *open;
    if (!strstr(rest, "${")) return;
    node->from = node->text;
    node->from_loc = (Loc){0};
    Text text = {0};
    while (!node->unresolved && (open = strstr(rest, "${"))) {
        if (open > rest && open[-1] == '$') {
            text_add(&text, "%.*s${", (int)(open - 1 - rest), rest);
            rest = open + 2;
            continue;
        }
        const char *close = strchr(open, '}');
        if (!close)
            report_add(report, RANK_VALUE, node->loc,
                       "\"${\" without a \"}\"; a \"${\" that stands for itself is \"$${\"");
        const Cfg *value =
            close ? look_up(arena, matrix, values, open + 2, (size_t)(close - open - 2), node, report) : NULL;
        if (!value) {
            node->unresolved = true;
        } else if (open == node->text && !close[1]) {
            node->text = value->text;
            node->quoted = value->quoted;
            node->from_loc = value->loc;
            text_release(&text);
            return;
        } else {
            text_add(&text, "%.*s%s", (int)(open - rest), rest, value->text);
            rest = close + 1;
            node->unresolved = !is_short(matrix, &text, node, report);
        }
    }
    if (!node->unresolved) {
        text_add(&text, "%s", rest);
        node->text = arena_text(arena, text.bytes);
        matrix->texts += text.n;
    }
    text_release(&text);
}

/* The recursion is as deep as the tree, which is bounded. */
static void apply(Arena *arena, Matrix *matrix, const Cfg *const *values, Cfg *node, Report *report)
{
    if (node->kind == CFG_SCALAR) substitute(arena, matrix, values, node, report);
    for (size_t i = 0; i < node->n; i++) {
        if (node->kind == CFG_LIST) apply_when(arena, matrix, values, node->items[i], report);
        apply(arena, matrix, values, node->items[i], report);
    }
}

void matrix_apply(Arena *arena, Matrix *matrix, const Cfg *const *values, Cfg *root, Report *report)
{
    apply(arena, matrix, values, root, report);
}

void matrix_check_used(Arena *arena, const Matrix *matrix, Report *report)
{
    for (size_t i = 0; i < matrix->n && !matrix->broken; i++)
        if (!matrix->keys[i].used)
            report_add(report, RANK_UNUSED, matrix->keys[i].loc,
                       "unused key %s in matrix: put \"${%s}\" where its values belong, or take it out",
                       cfg_quote(arena, matrix->keys[i].name), matrix->keys[i].name);
}
