/* From files to variants: extends, profiles, overrides, seeds, the matrix, ${} and `when`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/config/report.h"
#include "runner/config/resolve.h"
#include "tests/support/folder.h"

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

static void put(const char *name, const char *text)
{
    char path[512];
    FILE *file = fopen(test_path(path, name), "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Resolves NAME.yaml of the test's folder. false: err is what resolve_file, or else the pending report, says. */
static bool resolve(Arena *arena, const char *name, ResolveOptions options, VariantList *list, Err *err)
{
    char path[512];
    options.folder = test_folder();
    *err = (Err){0};
    if (!resolve_file(arena, test_path(path, name), &options, list, err)) return false;
    assert_true(list->n > 0);
    return report_flush(list->items[0].pending, err);
}

static VariantList resolved(Arena *arena, const char *name, ResolveOptions options)
{
    VariantList list;
    Err err;
    if (!resolve(arena, name, options, &list, &err))
        fail_msg("%s:%d:%d: %s", name, err.loc.line, err.loc.col, err.text);
    return list;
}

static void refused(Arena *arena, const char *name, ResolveOptions options, int line, int col, const char *phrase)
{
    VariantList list;
    Err err;
    assert_false(resolve(arena, name, options, &list, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    if (!strstr(err.text, phrase)) fail_msg("\"%s\" is not in \"%s\"", phrase, err.text);
    assert_int_equal(err.loc.line, line);
    assert_int_equal(err.loc.col, col);
}

static const Cfg *at(const Cfg *node, const char *path)
{
    char copy[200], *save = NULL;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *key = strtok_r(copy, ".", &save); key; key = strtok_r(NULL, ".", &save)) node = cfg_get(node, key);
    return node;
}

static void one_file_is_one_variant(void **state)
{
    put("one.yaml", "experiment: one\nk: v\n");
    VariantList list = resolved(*state, "one.yaml", (ResolveOptions){0});
    assert_int_equal(list.n, 1);
    assert_string_equal(list.items[0].experiment, "one");
    assert_string_equal(list.items[0].name, "");
    assert_int_equal(list.items[0].seed_count, 1);
    assert_int_equal(list.items[0].seeds[0], 1);
    assert_string_equal(at(list.items[0].root, "k")->text, "v");
}

static void the_matrix_is_expanded_in_file_order(void **state)
{
    put("grid.yaml",
        "experiment: grid\nmatrix:\n  dim: [2, 8]\n  beta: [0.50, 2.0]\n  who: [Ann]\n"
        "net: {dim: \"${dim}\", beta: \"${beta}\", text: \"${who} has ${dim}\", escaped: \"$${dim} ${dim}\"}\n");
    VariantList list = resolved(*state, "grid.yaml", (ResolveOptions){0});
    assert_int_equal(list.n, 4);
    const char *const names[] = {"dim2-beta0.5-whoann", "dim2-beta2-whoann", "dim8-beta0.5-whoann",
                                 "dim8-beta2-whoann"};
    for (size_t i = 0; i < 4; i++) assert_string_equal(list.items[i].name, names[i]);
    const Cfg *root = list.items[3].root;
    assert_int_equal(cfg_scalar_kind(at(root, "net.dim")), SCALAR_INT);
    assert_int_equal(cfg_scalar_kind(at(root, "net.beta")), SCALAR_REAL);
    assert_string_equal(at(root, "net.dim")->from, "${dim}");
    assert_string_equal(at(root, "net.text")->text, "Ann has 8");
    assert_int_equal(cfg_scalar_kind(at(root, "net.text")), SCALAR_TEXT);
    assert_string_equal(at(root, "net.escaped")->text, "${dim} 8");
    assert_null(cfg_get(root, "matrix"));
    assert_null(cfg_get(root, "seeds"));
    assert_string_equal(at(list.items[0].root, "net.dim")->text, "2");
}

/* A name tells values apart that differ past nine digits; those that need no more digits have no more. */
static void names_hold_every_digit(void **state)
{
    put("digits.yaml", "experiment: digits\nk: \"${l}\"\nmatrix: {l: [123456789012, 123456789013, 9007199254740992, "
                       "9007199254740993, -0, 1e10, 0.1, 2.50, 0.1234567891, 0.1234567892, 1e-5]}\n");
    VariantList list = resolved(*state, "digits.yaml", (ResolveOptions){0});
    const char *const names[] = {
        "l123456789012", "l123456789013", "l9007199254740992",    "l9007199254740993", "l0",    "l1e10",
        "l0.1",          "l2.5",          "l0.12345678910000001", "l0.1234567892",     "l1e-05"};
    assert_int_equal(list.n, sizeof names / sizeof *names);
    for (size_t i = 0; i < list.n; i++) assert_string_equal(list.items[i].name, names[i]);
}

static void when_marks_what_does_not_hold(void **state)
{
    put("when.yaml",
        "experiment: when\nmatrix: {dim: [2, 8], kind: [a, b]}\n"
        "figures:\n  - always\n  - x: {when: {dim: 2.0}, k: 1}\n  - {y: , when: {dim: [2, 8], kind: b}}\n");
    VariantList list = resolved(*state, "when.yaml", (ResolveOptions){0});
    const bool x[] = {false, false, true, true}, y[] = {true, false, true, false};
    for (size_t i = 0; i < 4; i++) {
        const Cfg *figures = at(list.items[i].root, "figures");
        assert_int_equal(figures->n, 3);
        assert_false(figures->items[0]->dropped);
        assert_int_equal(figures->items[1]->dropped, x[i]);
        assert_int_equal(figures->items[2]->dropped, y[i]);
        assert_null(cfg_get(figures->items[2], "when"));
        assert_null(at(figures->items[1], "x.when"));
        assert_string_equal(at(figures->items[1], "x.k")->text, "1");
    }
}

static void extends_lays_files_over_each_other(void **state)
{
    Err err = {0};
    char path[512];
    assert_true(file_make_folder(test_path(path, "sub"), &err));
    put("top.yaml", "experiment: top\na: {x: 1, y: 1}\nmatrix: {dim: [1]}\nl: [1, 2]\n");
    put("sub/middle.yaml", "extends: ../top.yaml\na: {y: 2}\n");
    put("low.yaml",
        "experiment: low\nextends: sub/middle.yaml\na: {z: 3}\nmatrix: {beta: [7]}\nl: [\"${dim}\", \"${beta}\"]\n");
    VariantList list = resolved(*state, "low.yaml", (ResolveOptions){0});
    assert_string_equal(list.items[0].experiment, "low");
    assert_string_equal(list.items[0].name, "dim1-beta7");
    const Cfg *root = list.items[0].root;
    assert_string_equal(at(root, "a.x")->text, "1");
    assert_string_equal(at(root, "a.y")->text, "2");
    assert_string_equal(at(root, "a.z")->text, "3");
    assert_string_equal(at(root, "l")->items[1]->text, "7");
    assert_null(cfg_get(root, "extends"));
    assert_non_null(strstr(at(root, "a.x")->loc.file, "top.yaml"));
    assert_non_null(strstr(root->loc.file, "low.yaml"));
}

static void bad_extends_are_refused(void **state)
{
    put("loop.yaml", "experiment: loop\nextends: loop2.yaml\n");
    put("loop2.yaml", "extends: ./loop.yaml\n");
    refused(*state, "loop.yaml", (ResolveOptions){0}, 1, 10, "a cycle");
    put("orphan.yaml", "experiment: orphan\nextends: loop3.yaml\n");
    refused(*state, "orphan.yaml", (ResolveOptions){0}, 2, 10, "there is no file");
    for (int i = 0; i < 20; i++) {
        char name[40], text[80];
        snprintf(name, sizeof name, "chain%d.yaml", i);
        snprintf(text, sizeof text, "extends: chain%d.yaml\n", i + 1);
        put(name, text);
    }
    refused(*state, "chain0.yaml", (ResolveOptions){0}, 1, 10, "more than 16 files");
}

static void seeds_are_read(void **state)
{
    put("seeds.yaml", "experiment: seeds\nseeds: [3, 0, 9223372036854775807]\n");
    VariantList list = resolved(*state, "seeds.yaml", (ResolveOptions){0});
    assert_int_equal(list.items[0].seed_count, 3);
    assert_true(list.items[0].seeds[2] == (uint64_t)INT64_MAX);
    list = resolved(*state, "seeds.yaml", (ResolveOptions){.has_seed = true, .seed = 42});
    assert_int_equal(list.items[0].seed_count, 1);
    assert_int_equal(list.items[0].seeds[0], 42);
    refused(*state, "seeds.yaml", (ResolveOptions){.has_seed = true, .seed = UINT64_MAX}, 0, 0, "2^63");

    static const char *const bad[] = {"[1, 1]", "[-1]", "[]", "[x]", "[1.5]", "{a: 1}", "[9223372036854775808]", "~"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        VariantList ignored;
        Err err;
        snprintf(text, sizeof text, "experiment: seeds\nseeds: %s\n", bad[i]);
        put("seeds.yaml", text);
        if (resolve(*state, "seeds.yaml", (ResolveOptions){0}, &ignored, &err)) fail_msg("%s passed", bad[i]);
        assert_int_equal(err.loc.line, 2);
    }
}

static void profiles_and_overrides_are_laid_over(void **state)
{
    char path[512];
    Err err = {0};
    assert_true(file_make_folder(test_path(path, "profiles"), &err));
    put("p.yaml", "experiment: p\nt: {a: 1, b: 1, c: 1, d: 1}\n");
    put("q.yaml", "experiment: q\n");
    put("profiles/small.yaml", "t: {b: 2, c: 2, d: 2}\nexperiments: {p: {t: {c: 3, d: 3}}, q: {t: {d: 9}}}\n");
    const char *const overrides[] = {"t.d=4", "more=5"};
    ResolveOptions options = {.profile = "small", .overrides = overrides, .override_count = 2};
    const Cfg *root = resolved(*state, "p.yaml", options).items[0].root;
    const char *const keys[] = {"t.a", "t.b", "t.c", "t.d", "more"}, *const values[] = {"1", "2", "3", "4", "5"};
    for (size_t i = 0; i < 5; i++) assert_string_equal(at(root, keys[i])->text, values[i]);
    assert_null(cfg_get(root, "experiments"));
    assert_non_null(strstr(at(root, "t")->loc.file, "p.yaml"));

    refused(*state, "p.yaml", (ResolveOptions){.profile = "smal"}, 0, 0, "did you mean \"small\"? (there are: small)");
    refused(*state, "p.yaml", (ResolveOptions){.profile = "../p"}, 0, 0, "there is no file");
    put("profiles/small.yaml", "experiments: {pp: {t: {a: 1}}}\n");
    refused(*state, "p.yaml", (ResolveOptions){.profile = "small"}, 1, 15, "unknown experiment \"pp\"");
    put("profiles/small.yaml", "[1]\n");
    refused(*state, "p.yaml", (ResolveOptions){.profile = "small"}, 1, 1, "wants a map");
    const char *const bad[] = {"t.a.x=1"};
    refused(*state, "p.yaml", (ResolveOptions){.overrides = bad, .override_count = 1}, 0, 0, "single value");
}

static void an_override_can_change_the_matrix(void **state)
{
    put("m.yaml", "experiment: m\nmatrix: {dim: [2, 8]}\nk: \"${dim}\"\n");
    const char *const overrides[] = {"matrix.dim=[5]"};
    VariantList list = resolved(*state, "m.yaml", (ResolveOptions){.overrides = overrides, .override_count = 1});
    assert_int_equal(list.n, 1);
    assert_string_equal(list.items[0].name, "dim5");
}

static void bad_matrices_are_refused(void **state)
{
    static const struct {
        const char *text;
        int line, col;
        const char *phrase;
    } cases[] = {
        {"matrix: {dim: 3}\n", 2, 15, "wants a list"},
        {"matrix: {dim: []}\n", 2, 15, "empty list"},
        {"matrix: {dim: [~]}\n", 2, 16, "numbers or texts"},
        {"matrix: {dim: [1]}\n", 2, 10, "unused key \"dim\""},
        {"matrix: {\"a.b\": [1]}\n", 2, 10, "letters, digits"},
        {"matrix: {dim: [1, 1.0]}\nk: \"${dim}\"\n", 2, 19, "named dim1"},
        {"matrix: {dim: [a b]}\nk: \"${dim}\"\n", 2, 16, "folder's name"},
        {"matrix: {dim: [1]}\nk: \"${dmi}\"\nl: \"${dim}\"\n", 3, 4, "did you mean \"dim\"?"},
        {"k: \"x ${dim} y\"\n", 2, 4, "there is no matrix"},
        {"matrix: {dim: [1]}\nk: \"${dim\"\n", 3, 4, "without a \"}\""},
        {"matrix: {dim: [1]}\nk: [x: {when: {dmi: 1}}, \"${dim}\"]\n", 3, 16, "did you mean \"dim\"?"},
        {"matrix: {dim: [1]}\nk: [x: {when: {dim: {a: 1}}}]\n", 3, 21, "a value or a list"},
        {"matrix: 3\nk: \"${dim}\"\n", 2, 9, "a map of lists"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        snprintf(text, sizeof text, "experiment: bad\n%s", cases[i].text);
        put("bad.yaml", text);
        refused(*state, "bad.yaml", (ResolveOptions){0}, cases[i].line, cases[i].col, cases[i].phrase);
    }
}

/* 9 lists of 10 values would be a billion variants; a large file may have fewer. */
static void variants_are_limited(void **state)
{
    char *text = malloc(200000), *end = text;
    end += sprintf(end, "experiment: many\nmatrix:\n");
    for (char key = 'a'; key < 'j'; key++) end += sprintf(end, "  %c: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n", key);
    put("many.yaml", text);
    refused(*state, "many.yaml", (ResolveOptions){0}, 2, 1, "too many variants");
    end = text + sprintf(text, "experiment: many\nmatrix: {a: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "
                               "b: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}\nk: [\"${a}${b}\"");
    for (int i = 0; i < 45000; i++) end += sprintf(end, ",1");
    strcpy(end, "]\n");
    put("many.yaml", text);
    refused(*state, "many.yaml", (ResolveOptions){0}, 2, 1, "too many variants");
    free(text);
}

static void runs_are_limited(void **state)
{
    char text[200000],
        *end = text + sprintf(text, "experiment: runs\nmatrix: {dim: [1, 2, 3]}\nk: \"${dim}\"\nseeds: [0");
    for (int i = 1; i < 3333; i++) end += sprintf(end, ", %d", i);
    strcpy(end, "]\n");
    put("runs.yaml", text);
    VariantList list = resolved(*state, "runs.yaml", (ResolveOptions){0});
    assert_int_equal(list.n * list.items[2].seed_count, 9999);
    strcpy(end, ", 9000]\n");
    put("runs.yaml", text);
    refused(*state, "runs.yaml", (ResolveOptions){0}, 4, 8,
            "3 variants with 3334 seeds each are 10002 runs, at most 10000");
    resolved(*state, "runs.yaml", (ResolveOptions){.has_seed = true, .seed = 1});
}

/* A file of `variants` variants with n items in a list, each of which repeats a matrix value of 150 bytes. */
static void put_repeats(int variants, int n, int times)
{
    char *text = malloc((size_t)n * (size_t)times * 4 + 10000), *end = text;
    end += sprintf(end, "experiment: long\nmatrix:\n  a: [%0150d", 1);
    for (int i = 2; i <= variants; i++) end += sprintf(end, ", %0150d", i);
    end += sprintf(end, "]\nk:\n");
    for (int i = 0; i < n; i++) {
        end += sprintf(end, "  - \"");
        for (int k = 0; k < times; k++) end += sprintf(end, "${a}");
        end += sprintf(end, "\"\n");
    }
    put("long.yaml", text);
    free(text);
}

static void substitution_is_limited(void **state)
{
    put_repeats(1, 1, 400);
    VariantList list = resolved(*state, "long.yaml", (ResolveOptions){0});
    assert_int_equal(strlen(at(list.items[0].root, "k")->items[0]->text), 60000);
    put_repeats(1, 2, 16000);
    refused(*state, "long.yaml", (ResolveOptions){0}, 5, 5, "more than 65536 bytes with its \"${}\" replaced");
    put_repeats(20, 100, 400);
    refused(*state, "long.yaml", (ResolveOptions){0}, 23, 5, "all variants together take more than 67108864 bytes");
    put("long.yaml", arena_printf(*state, "experiment: long\nmatrix: {b: [1], a: [%0300d]}\nk: \"${a}${a}${b}\"\n", 1));
    refused(*state, "long.yaml", (ResolveOptions){0}, 2, 14, "name would have 304 bytes, at most 200");
}

static void the_name_is_the_files(void **state)
{
    put("name.yaml", "experiment: nam\n");
    refused(*state, "name.yaml", (ResolveOptions){0}, 1, 13, "the file's own name, name,");
    put("name.yaml", "experiment: Name\n");
    refused(*state, "name.yaml", (ResolveOptions){0}, 1, 13, "a-z, 0-9 and _");
    put("name.yaml", "k: 1\n");
    refused(*state, "name.yaml", (ResolveOptions){0}, 1, 1, "missing key \"experiment\"");
    put("name.yaml", "- 1\n");
    refused(*state, "name.yaml", (ResolveOptions){0}, 1, 1, "wants a map");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_file_is_one_variant),
        TEST(the_matrix_is_expanded_in_file_order),
        TEST(names_hold_every_digit),
        TEST(when_marks_what_does_not_hold),
        TEST(extends_lays_files_over_each_other),
        TEST(bad_extends_are_refused),
        TEST(seeds_are_read),
        TEST(profiles_and_overrides_are_laid_over),
        TEST(an_override_can_change_the_matrix),
        TEST(bad_matrices_are_refused),
        TEST(variants_are_limited),
        TEST(runs_are_limited),
        TEST(substitution_is_limited),
        TEST(the_name_is_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
