/* YAML files as trees: places, limits, what is refused; editing and overriding trees; what scalars mean. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/config/cfg.h"

static int setup(void **state)
{
    *state = calloc(1, sizeof(Arena));
    return 0;
}

static int teardown(void **state)
{
    arena_release(*state);
    free(*state);
    return 0;
}

static Cfg *parse(Arena *arena, const char *text)
{
    Err err = {0};
    Cfg *root = cfg_parse_text(arena, "t.yaml", text, &err);
    if (!root) fail_msg("%d:%d: %s", err.loc.line, err.loc.col, err.text);
    return root;
}

static void refuse(Arena *arena, const char *text, int line, int col, const char *phrase)
{
    Err err = {0};
    assert_null(cfg_parse_text(arena, "t.yaml", text, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "t.yaml");
    assert_int_equal(err.loc.line, line);
    assert_int_equal(err.loc.col, col);
    if (!strstr(err.text, phrase)) fail_msg("\"%s\" is not in \"%s\"", phrase, err.text);
}

static void places_count_from_one(void **state)
{
    Cfg *root = parse(*state, "# comment\na: 1\nbb:\n  - {c: x}\n  - \"y\"\n");
    assert_int_equal(root->kind, CFG_MAP);
    assert_int_equal(root->n, 2);
    const Cfg *list = cfg_get(root, "bb");
    assert_int_equal(list->key_loc.line, 3);
    assert_int_equal(list->key_loc.col, 1);
    const Cfg *c = cfg_get(list->items[0], "c");
    assert_int_equal(c->key_loc.line, 4);
    assert_int_equal(c->key_loc.col, 6);
    assert_int_equal(c->loc.col, 9);
    assert_string_equal(c->text, "x");
    assert_false(c->quoted);
    assert_true(list->items[1]->quoted);
    assert_null(cfg_get(list, "c"));
    assert_null(cfg_get(root, "b"));
}

static void columns_count_characters(void **state)
{
    Cfg *root = parse(*state, "{é: 1, x: 2}");
    assert_int_equal(cfg_get(root, "x")->key_loc.col, 8);
}

static void crlf_and_bom_are_read(void **state)
{
    Cfg *root = parse(*state, "\xef\xbb\xbf"
                              "a: 1\r\nb: two\r\n");
    assert_string_equal(cfg_get(root, "a")->text, "1");
    assert_string_equal(cfg_get(root, "b")->text, "two");
    assert_int_equal(cfg_get(root, "b")->loc.line, 2);
}

static void nulls_are_null(void **state)
{
    const bool null[] = {true, true, false, false, false};
    const Cfg *root = parse(*state, "[~, null, \"\", \"null\", '']");
    for (size_t i = 0; i < 5; i++) assert_int_equal(root->items[i]->null, null[i]);
    assert_string_equal(root->items[0]->text, "");
    assert_true(cfg_get(parse(*state, "a:\nb: 1\n"), "a")->null);
}

static void texts_are_those_of_scalars(void **state)
{
    const Cfg *root = parse(*state, "{a: 1, b: \"\", c: [x], d: {e: f}}");
    assert_string_equal(cfg_text(root, "a"), "1");
    assert_string_equal(cfg_text(root, "b"), "");
    assert_string_equal(cfg_text(cfg_get(root, "d"), "e"), "f");
    assert_null(cfg_text(root, "c"));
    assert_null(cfg_text(root, "d"));
    assert_null(cfg_text(root, "e"));
    assert_null(cfg_text(cfg_get(root, "c"), "x"));
    assert_null(cfg_text(NULL, "a"));
}

static void syntax_is_refused_at_its_place(void **state)
{
    refuse(*state, "a: [1, 2\n", 1, 4, "while parsing a flow sequence");
    refuse(*state, "a:\n\tb: 1\n", 2, 1, "tabs");
    refuse(*state, "a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key \"a\"");
    refuse(*state, "x: {a: 1, b: 2, b: 3, a: 4}\n", 1, 23, "duplicate key \"a\"");
    refuse(*state, "a: 1\n---\nb: 2\n", 2, 1, "second document");
    refuse(*state, "a: *b\n", 1, 4, "no anchor &b");
    refuse(*state, "a: &a [*a]\n", 1, 8, "never end");
    refuse(*state, "[a]: 1\n", 1, 1, "a key must be a name");
    refuse(*state, "a: \"x\\0y\"\n", 1, 4, "NUL");
    refuse(*state, "a: !!int 3\n", 1, 4, "tags");
    refuse(*state, "a: b\xff\n", 1, 5, "UTF-8");
    refuse(*state, "", 0, 0, "nothing in it");
    refuse(*state, "# only a comment\n", 0, 0, "nothing in it");
}

static void depth_is_limited(void **state)
{
    char text[256];
    for (int depth = CFG_DEPTH_MAX; depth <= CFG_DEPTH_MAX + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        if (depth == CFG_DEPTH_MAX)
            assert_non_null(parse(*state, text));
        else
            refuse(*state, text, 1, depth, "nested too deeply");
    }
}

static void aliases_are_copies_and_count(void **state)
{
    Cfg *root = parse(*state, "a: &x {k: 1}\nb: *x\n");
    Cfg *a = cfg_get(root, "a"), *b = cfg_get(root, "b");
    assert_ptr_not_equal(a, b);
    assert_string_equal(cfg_get(b, "k")->text, "1");
    cfg_put(*state, b, "k", b->loc, parse(*state, "2"));
    assert_string_equal(cfg_get(a, "k")->text, "1");

    refuse(*state,
           "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
           "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
           "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
           5, 29, "too large");
}

static void an_alias_counts_towards_the_depth(void **state)
{
    char text[300] = "- &a ";
    for (int i = 0; i < 40; i++) strcat(text, "[");
    for (int i = 0; i < 40; i++) strcat(text, "]");
    strcat(text, "\n- ");
    for (int i = 0; i < 30; i++) strcat(text, "[");
    strcat(text, "*a");
    for (int i = 0; i < 30; i++) strcat(text, "]");
    refuse(*state, text, 2, 33, "nested too deeply");
}

static void sizes_are_limited(void **state)
{
    char *text = malloc(CFG_BYTES_MAX + 2);
    memset(text, 'x', CFG_BYTES_MAX + 1);
    text[CFG_SCALAR_MAX] = '\0';
    assert_non_null(parse(*state, text));
    text[CFG_SCALAR_MAX] = 'x';
    text[CFG_SCALAR_MAX + 1] = '\0';
    refuse(*state, text, 1, 1, "a text of 65537 bytes");
    text[CFG_SCALAR_MAX + 1] = 'x';
    text[CFG_BYTES_MAX + 1] = '\0';
    refuse(*state, text, 0, 0, "too large");
    free(text);
}

static void events_are_limited(void **state)
{
    /* Stream, document and list take 3 events before the items and none after the last that fits. */
    char *text = malloc(2 * CFG_EVENTS_MAX + 100), *end = text;
    *end++ = '[';
    for (int i = 0; i < CFG_EVENTS_MAX; i++) end += sprintf(end, "1,");
    strcpy(end, "]");
    refuse(*state, text, 1, 2 * (CFG_EVENTS_MAX - 3) + 2, "too large: more than 100000");
    free(text);
}

static void merging_lays_over(void **state)
{
    Arena *arena = *state;
    Cfg *base = parse(arena, "{a: {x: 1, y: 2}, list: [1, 2], s: old, gone: {z: 1}}");
    Cfg *over = parse(arena, "{a: {y: 3, w: 4}, list: [9], s: {m: 1}, gone: ~, n: ~}");
    Cfg *merged = cfg_merge(arena, base, over);
    const Cfg *a = cfg_get(merged, "a");
    assert_int_equal(a->n, 3);
    assert_string_equal(cfg_get(a, "x")->text, "1");
    assert_string_equal(cfg_get(a, "y")->text, "3");
    assert_string_equal(cfg_get(a, "w")->text, "4");
    assert_int_equal(cfg_get(merged, "list")->n, 1);
    assert_int_equal(cfg_get(merged, "s")->kind, CFG_MAP);
    assert_null(cfg_get(merged, "gone"));
    assert_true(cfg_get(merged, "n")->null);
    assert_string_equal(merged->items[0]->key, "a");
    assert_int_equal(cfg_get(base, "a")->n, 2);
    assert_int_equal(cfg_get(over, "a")->n, 2);
}

static void overrides_set_values(void **state)
{
    Arena *arena = *state;
    Err err = {0};
    Cfg *root = parse(arena, "{train: {epochs: 3}, list: [a, {b: {c: 1}}], nothing: }");
    assert_true(cfg_override(arena, root, "train.epochs=5", &err));
    assert_true(cfg_override(arena, root, "new.deep.key=[1, 2]", &err));
    assert_true(cfg_override(arena, root, "list.1.b.c=x=y", &err));
    assert_true(cfg_override(arena, root, "list.0={k: v}", &err));
    assert_true(cfg_override(arena, root, "nothing.k=1", &err));
    assert_true(cfg_override(arena, root, "empty=", &err));
    assert_string_equal(cfg_get(cfg_get(root, "train"), "epochs")->text, "5");
    assert_string_equal(cfg_get(cfg_get(root, "train"), "epochs")->loc.file, "-o train.epochs=5");
    assert_int_equal(cfg_get(cfg_get(cfg_get(root, "new"), "deep"), "key")->n, 2);
    const Cfg *list = cfg_get(root, "list");
    assert_string_equal(cfg_get(cfg_get(list->items[1], "b"), "c")->text, "x=y");
    assert_string_equal(cfg_get(list->items[0], "k")->text, "v");
    assert_string_equal(cfg_get(cfg_get(root, "nothing"), "k")->text, "1");
    assert_true(cfg_get(root, "empty")->null);
    assert_true(cfg_override(arena, root, "train.epochs=~", &err));
    assert_null(cfg_get(cfg_get(root, "train"), "epochs"));
}

static void bad_overrides_are_refused(void **state)
{
    static const struct {
        const char *text, *phrase;
    } cases[] = {
        {"train", "KEY=VALUE"},   {"=3", "KEY=VALUE"},        {"a..b=3", "empty name"},    {"s.k=3", "single value"},
        {"list.2=x", "it has 2"}, {"list.-1=x", "it has 2"},  {"list.x.y=1", "no item"},   {"a=[1", "flow sequence"},
        {"a=*b", "no anchor"},    {"list.0x1=1", "it has 2"}, {"a=1\n---\n2", "document"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Err err = {0};
        Cfg *root = parse(*state, "{s: text, list: [a, b]}");
        assert_false(cfg_override(*state, root, cases[i].text, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_true(strstr(err.loc.file, "-o ") == err.loc.file);
        if (!strstr(err.text, cases[i].phrase)) fail_msg("%s: %s", cases[i].text, err.text);
    }
}

static void scalars_mean_what_yaml_1_2_says(void **state)
{
    static const struct {
        const char *text;
        ScalarKind kind;
    } cases[] = {
        {"~", SCALAR_NULL},     {"null", SCALAR_NULL},  {"true", SCALAR_BOOL},   {"False", SCALAR_BOOL},
        {"no", SCALAR_TEXT},    {"on", SCALAR_TEXT},    {"y", SCALAR_TEXT},      {"0", SCALAR_INT},
        {"-12", SCALAR_INT},    {"+1", SCALAR_INT},     {"08", SCALAR_ODD},      {"010", SCALAR_ODD},
        {"0x10", SCALAR_ODD},   {"0o7", SCALAR_ODD},    {"0b1", SCALAR_ODD},     {"1_000", SCALAR_ODD},
        {"1e-3", SCALAR_REAL},  {"1E+3", SCALAR_REAL},  {".5", SCALAR_REAL},     {"5.", SCALAR_REAL},
        {"-.inf", SCALAR_REAL}, {".nan", SCALAR_REAL},  {"nan", SCALAR_TEXT},    {"inf", SCALAR_TEXT},
        {".", SCALAR_TEXT},     {"-", SCALAR_TEXT},     {"1e", SCALAR_TEXT},     {"1.2.3", SCALAR_ODD},
        {"3x3", SCALAR_TEXT},   {"\"8\"", SCALAR_TEXT}, {"'true'", SCALAR_TEXT}, {"e5", SCALAR_TEXT},
        {"00.5", SCALAR_ODD},   {"0.5", SCALAR_REAL},   {"-0", SCALAR_INT},      {"2024-01-01", SCALAR_TEXT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[40];
        snprintf(text, sizeof text, "[%s]", cases[i].text);
        if (!strcmp(cases[i].text, "-")) strcpy(text, "['-']");
        ScalarKind kind = cfg_scalar_kind(parse(*state, text)->items[0]);
        if (kind != cases[i].kind) fail_msg("%s is %d", cases[i].text, kind);
    }
}

static void numbers_are_read(void **state)
{
    int64_t whole;
    double number;
    bool truth;
    assert_true(cfg_int(parse(*state, "-9223372036854775808"), &whole));
    assert_true(whole == INT64_MIN);
    assert_false(cfg_int(parse(*state, "9223372036854775808"), &whole));
    assert_false(cfg_int(parse(*state, "1.0"), &whole));
    assert_true(cfg_int(parse(*state, "+7"), &whole));
    assert_int_equal(whole, 7);
    assert_true(cfg_real(parse(*state, "1e-3"), &number));
    assert_true(number == 1e-3);
    assert_true(cfg_real(parse(*state, "-.INF"), &number));
    assert_true(isinf(number) && number < 0);
    assert_true(cfg_real(parse(*state, ".NaN"), &number));
    assert_true(isnan(number));
    assert_false(cfg_real(parse(*state, "0x10"), &number));
    assert_false(cfg_real(parse(*state, "[1]"), &number));
    assert_true(cfg_bool(parse(*state, "True"), &truth));
    assert_true(truth);
    assert_false(cfg_bool(parse(*state, "\"true\""), &truth));
    assert_false(cfg_bool(parse(*state, "yes"), &truth));
}

static void quoting_is_safe_to_print(void **state)
{
    assert_string_equal(cfg_quote(*state, "a\nb\x1b[31m"), "\"a?b?[31m\"");
    char text[200];
    memset(text, 'x', sizeof text);
    text[199] = '\0';
    assert_int_equal(strlen(cfg_quote(*state, text)), 60 + 3 + 2);
}

static void files_must_be_regular(void **state)
{
    Err err = {0};
    assert_null(cfg_parse_file(*state, "/dev/zero", &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.text, "no regular file"));
    err = (Err){0};
    assert_null(cfg_parse_file(*state, "/", &err));
    assert_non_null(strstr(err.text, "folder"));
    err = (Err){0};
    assert_null(cfg_parse_file(*state, "/nowhere/at/all.yaml", &err));
    assert_string_equal(err.loc.file, "/nowhere/at/all.yaml");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(places_count_from_one), TEST(columns_count_characters),     TEST(crlf_and_bom_are_read),
        TEST(nulls_are_null),        TEST(texts_are_those_of_scalars),   TEST(syntax_is_refused_at_its_place),
        TEST(depth_is_limited),      TEST(aliases_are_copies_and_count), TEST(an_alias_counts_towards_the_depth),
        TEST(sizes_are_limited),     TEST(events_are_limited),           TEST(merging_lays_over),
        TEST(overrides_set_values),  TEST(bad_overrides_are_refused),    TEST(scalars_mean_what_yaml_1_2_says),
        TEST(numbers_are_read),      TEST(quoting_is_safe_to_print),     TEST(files_must_be_regular),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
