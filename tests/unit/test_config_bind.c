/* Binding: every kind of field, what is refused with which words, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/config/bind.h"
#include "tests/support/toy_rows.h"

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

static ToyOptions bind(Arena *arena, const char *text)
{
    ToyOptions options = {0};
    Err err = {0};
    Cfg *map = parse(arena, text);
    if (!bind_fields(arena, toy_fields, "all", map->loc, map, &options, &err)) fail_msg("%s: %s", text, err.text);
    return options;
}

static Spec spec_bound(Arena *arena, const Table *table, const char *text)
{
    Spec spec = {0};
    Err err = {0};
    if (!bind_spec(arena, table, parse(arena, text), NULL, &spec, &err)) fail_msg("%s: %s", text, err.text);
    return spec;
}

static void expect(const Err *err, const char *text, int col, const char *whole)
{
    assert_int_equal(err->kind, ERR_CONFIG);
    if (strcmp(err->text, whole) != 0) fail_msg("%s:\n%s\nis not\n%s", text, err->text, whole);
    if (err->loc.col != col) fail_msg("%s: column %d, not %d", text, err->loc.col, col);
}

static void refuse(Arena *arena, const char *text, int col, const char *whole)
{
    ToyOptions options = {0};
    Err err = {0};
    Cfg *map = parse(arena, text);
    assert_false(bind_fields(arena, toy_fields, "all", map->loc, map, &options, &err));
    expect(&err, text, col, whole);
}

static void refuse_spec(Arena *arena, const Table *table, const char *text, int col, const char *whole)
{
    static const char *const extra[] = {"weight", NULL};
    Spec spec;
    Err err = {0};
    assert_false(bind_spec(arena, table, parse(arena, text), table->named ? NULL : extra, &spec, &err));
    expect(&err, text, col, whole);
}

static void defaults_are_filled_in(void **state)
{
    ToyOptions o = bind(*state, "{count: 3}");
    assert_true(o.flag);
    assert_int_equal(o.count, 3);
    assert_true(o.ratio == 0.5 && o.free == 0);
    assert_null(o.text);
    assert_string_equal(o.choice, "red");
    assert_int_equal(o.ints.n, 0);
    assert_true(o.pair[0] == 1 && o.pair[1] == 1);
    assert_string_equal(o.padding.mode, "valid");
    assert_null(o.ref.name);
    assert_string_equal(o.spec.row->name, "nothing");
    assert_int_equal(o.body.n, 0);
}

static void every_kind_is_bound(void **state)
{
    ToyOptions o =
        bind(*state, "{flag: false, count: 10, ratio: 1, free: -1e-3, text: no, choice: green, ints: [3, 4],\n"
                     " pair: [2, 5], padding: [1, 2, 3, 4], ref: decoder, spec: 7, body: [plain, short: 2]}");
    assert_false(o.flag);
    assert_int_equal(o.count, 10);
    assert_true(o.ratio == 1 && o.free == -1e-3);
    assert_string_equal(o.text, "no");
    assert_string_equal(o.choice, "green");
    assert_int_equal(o.ints.n, 2);
    assert_int_equal(o.ints.items[1], 4);
    assert_true(o.pair[0] == 2 && o.pair[1] == 5);
    assert_null(o.padding.mode);
    assert_true(o.padding.top == 1 && o.padding.bottom == 2 && o.padding.left == 3 && o.padding.right == 4);
    assert_string_equal(o.ref.name, "decoder");
    assert_int_equal(o.ref.loc.line, 2);
    assert_string_equal(o.spec.row->name, "number");
    assert_true(*(const double *)o.spec.options == 7);
    assert_int_equal(o.body.n, 2);
    assert_string_equal(o.body.items[1].row->name, "short");
    assert_int_equal(((const IntList *)o.body.items[1].options)->items[0], 2);
}

static void short_forms_stand_for_long_ones(void **state)
{
    ToyOptions o = bind(*state, "{count: +2, pair: 4, padding: 2, ints: 7}");
    assert_int_equal(o.count, 2);
    assert_true(o.pair[0] == 4 && o.pair[1] == 4);
    assert_true(o.padding.top == 2 && o.padding.bottom == 2 && o.padding.left == 2 && o.padding.right == 2);
    assert_int_equal(o.ints.n, 1);
    o = bind(*state, "{count: 1, padding: [1, 2]}");
    assert_true(o.padding.top == 1 && o.padding.bottom == 1 && o.padding.left == 2 && o.padding.right == 2);
    assert_string_equal(bind(*state, "{count: 1, padding: same}").padding.mode, "same");
}

static void types_and_bounds_are_checked(void **state)
{
    Arena *a = *state;
    refuse(a, "{count: x}", 9, "count in all: wants a whole number from 1 to 10, got the text \"x\"");
    refuse(a, "{count: 0}", 9, "count in all: wants a whole number from 1 to 10, got 0");
    refuse(a, "{count: 11}", 9, "count in all: wants a whole number from 1 to 10, got 11");
    refuse(a, "{count: 2.0}", 9, "count in all: wants a whole number from 1 to 10, got 2.0; write 2");
    refuse(a, "{count: \"2\"}", 9,
           "count in all: wants a whole number from 1 to 10, got the text \"2\"; a quoted number is text: take the "
           "quotes off");
    refuse(a, "{count: 1, ratio: 0}", 19, "ratio in all: wants a number above 0 and up to 1, got 0");
    refuse(a, "{count: 1, ratio: .nan}", 19, "ratio in all: wants a number above 0 and up to 1, got .nan");
    refuse(a, "{count: 1, free: .nan}", 18, "free in all: wants a number, got .nan");
    refuse(a, "{count: 1, free: -.inf}", 18, "free in all: wants a number, got -.inf");
    refuse(a, "{count: 1, free: 1e999}", 18, "free in all: wants a number, got 1e999");
    refuse(a, "{count: 1, free: 0x10}", 18,
           "free in all: wants a number, got 0x10; write it in plain decimal digits, without leading zeros, prefix or "
           "underscores");
    refuse(a, "{count: 1, flag: yes}", 18, "flag in all: wants true or false, got the text \"yes\"");
    refuse(a, "{count: 1, text: 5}", 18,
           "text in all: wants text, got 5; text that looks like a number or a truth value goes in quotes");
    refuse(a, "{count: 1, choice: gren}", 20,
           "choice in all: wants one of red, green, got the text \"gren\"; did you mean \"green\"?");
    refuse(a, "{count: 1, ints: [3, 0]}", 22, "ints in all: wants a whole number from 1 to 99, got 0");
    refuse(a, "{count: 1, ints: []}", 18, "ints in all: wants 1 to 64 numbers, got a list of 0");
    refuse(a, "{count: 1, pair: [1, 2, 3]}", 18, "pair in all: wants 1 to 2 numbers, got a list of 3");
    refuse(a, "{count: 1, padding: -1}", 21, "padding in all: wants a whole number from 0 to 1000000, got -1");
    refuse(a, "{count: 1, padding: [1, 2, 3]}", 21,
           "padding in all: wants same, valid, a whole number, [height, width] or [top, bottom, left, right], got a "
           "list");
    refuse(a, "{count: 1, ref: ~}", 17, "ref in all: wants a name, got nothing");
    refuse(a, "{count: [1]}", 9, "count in all: wants a whole number from 1 to 10, got a list");
}

static void keys_are_checked(void **state)
{
    refuse(
        *state, "{count: 1, chioce: red}", 12,
        "unknown key \"chioce\" in all; did you mean \"choice\"? (valid: flag, count, ratio, free, text, choice, ints, "
        "pair, padding, ref, spec, body)");
    refuse(*state, "{flag: true}", 1, "missing key \"count\" in all: how many");
}

static void errors_come_in_the_order_of_the_design(void **state)
{
    const char *valid = " (valid: value)";
    char whole[100];
    snprintf(whole, sizeof whole, "unknown key \"vlue\" in number; did you mean \"value\"?%s", valid);
    refuse(*state, "{flag: 3, count: 0, spec: {number: {vlue: 1}}}", 37, whole);
    refuse(*state, "{flag: 3, spec: {number: {value: x}}}", 8, "flag in all: wants true or false, got 3");
    refuse(*state, "{spec: {number: {value: x}}}", 25, "value in number: wants a number, got the text \"x\"");
}

static void specs_are_bound(void **state)
{
    assert_string_equal(spec_bound(*state, &toy_table, "plain").row->name, "plain");
    assert_string_equal(spec_bound(*state, &toy_table, "plain: ").row->name, "plain");
    assert_string_equal(spec_bound(*state, &toy_table, "plain: {}").row->name, "plain");
    Spec named = spec_bound(*state, &toy_table, "short: {name: fc1, sizes: [1, 2]}");
    assert_string_equal(named.name, "fc1");
    assert_int_equal(((const IntList *)named.options)->n, 2);
    assert_int_equal(named.loc.col, 1);
    assert_string_equal(spec_bound(*state, &toy_table, "plain: {name: p}").name, "p");
    Spec number = spec_bound(*state, &toy_numbers, "0.25");
    assert_true(*(const double *)number.options == 0.25);
    number = spec_bound(*state, &toy_numbers, "number");
    assert_true(*(const double *)number.options == 1);
}

static void specs_are_checked(void **state)
{
    Arena *a = *state;
    refuse_spec(a, &toy_table, "plian", 1,
                "unknown toy \"plian\"; did you mean \"plain\"? (valid: all, plain, short, nest)");
    refuse_spec(a, &toy_table, "plian: {x: 1}", 1,
                "unknown toy \"plian\"; did you mean \"plain\"? (valid: all, plain, short, nest)");
    refuse_spec(a, &toy_table, "{plain: {}, short: 1}", 13, "wants one toy, got \"plain\" and \"short\"");
    refuse_spec(a, &toy_table, "[plain]", 1, "wants a toy, got a list");
    refuse_spec(a, &toy_table, "3", 1, "wants a toy, such as \"all\", got 3");
    refuse_spec(a, &toy_table, "{}", 1, "missing: a toy, such as \"all\"");
    refuse_spec(a, &toy_table, "plain: 3", 8, "plain: wants a map of options, got 3");
    refuse_spec(a, &toy_table, "plain: {x: 3}", 9, "unknown key \"x\" in plain (it has no options)");
    refuse_spec(a, &toy_table, "short", 1, "missing key \"sizes\" in short: sizes");
    refuse_spec(a, &toy_table, "short: x", 8, "sizes in short: wants a whole number, got the text \"x\"");
    refuse_spec(a, &toy_table, "plain: {name: a.b}", 15,
                "name in plain: wants letters, digits, _ and -, got the text \"a.b\"");
    refuse_spec(a, &toy_table, "nest: {body: [plain, {nest: {body: [plan]}}]}", 37,
                "unknown toy \"plan\"; did you mean \"plain\"? (valid: all, plain, short, nest)");
    refuse_spec(a, &toy_numbers, "{number: 1, wieght: 2}", 13,
                "unknown number or key \"wieght\"; did you mean \"weight\"? (valid: number, nothing, weight)");
    refuse_spec(a, &toy_numbers, "{weight: 2}", 1, "missing: a number, such as \"number\"");
}

static void extra_keys_are_left_to_the_caller(void **state)
{
    static const char *const extra[] = {"weight", NULL};
    Spec spec;
    Err err = {0};
    assert_true(bind_spec(*state, &toy_numbers, parse(*state, "{weight: 2, number: {value: 3}}"), extra, &spec, &err));
    assert_true(*(const double *)spec.options == 3);
}

static void lists_are_bound_without_what_was_dropped(void **state)
{
    Spec spec;
    Err err = {0};
    Cfg *nest = parse(*state, "{nest: {body: [plain, short: 1, short: 0x1]}}");
    cfg_get(cfg_get(nest, "nest"), "body")->items[2]->dropped = true;
    assert_true(bind_spec(*state, &toy_table, nest, NULL, &spec, &err));
    assert_int_equal(((const SpecList *)spec.options)->n, 2);
    nest = parse(*state, "{nest: {body: [plain, short: {siezs: 1}]}}");
    cfg_get(cfg_get(nest, "nest"), "body")->items[1]->dropped = true;
    assert_false(bind_spec(*state, &toy_table, nest, NULL, &spec, &err));
    assert_non_null(strstr(err.text, "did you mean \"sizes\"?"));
    err = (Err){0};
    assert_false(bind_spec(*state, &toy_table, parse(*state, "{nest: {body: {plain: {}}}}"), NULL, &spec, &err));
    assert_string_equal(err.text, "body: wants a list, got a map");
}

/* A tree of the greatest depth binds; recursion goes no deeper than the tree. */
static void nesting_is_bounded_by_the_tree(void **state)
{
    char text[1024] = "";
    int levels = (CFG_DEPTH_MAX - 1) / 3;
    for (int i = 0; i < levels; i++) strcat(text, "{nest: {body: [");
    strcat(text, "plain");
    for (int i = 0; i < levels; i++) strcat(text, "]}}");
    Spec spec = spec_bound(*state, &toy_table, text);
    int depth = 0;
    for (; !strcmp(spec.row->name, "nest"); depth++) spec = ((const SpecList *)spec.options)->items[0];
    assert_int_equal(depth, levels);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(defaults_are_filled_in),
        TEST(every_kind_is_bound),
        TEST(short_forms_stand_for_long_ones),
        TEST(types_and_bounds_are_checked),
        TEST(keys_are_checked),
        TEST(errors_come_in_the_order_of_the_design),
        TEST(specs_are_bound),
        TEST(specs_are_checked),
        TEST(extra_keys_are_left_to_the_caller),
        TEST(lists_are_bound_without_what_was_dropped),
        TEST(nesting_is_bounded_by_the_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
