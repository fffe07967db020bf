/* Canonical printing: what is printed binds to the same options, for toy rows and for every row of the engine's tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/init/init.h"
#include "nn/layer/layer.h"
#include "nn/loss/loss.h"
#include "nn/optim/optim.h"
#include "nn/schedule/schedule.h"
#include "runner/config/bind.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "runner/sampler/sampler.h"
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

static Spec bind(Arena *arena, const Table *table, const char *text)
{
    Spec spec = {0};
    Err err = {0};
    Cfg *node = cfg_parse_text(arena, "t.yaml", text, &err);
    if (!node || !bind_spec(arena, table, node, NULL, &spec, &err)) fail_msg("%s\n%s", text, err.text);
    return spec;
}

/* print(bind(text)), and the same of its own output. */
static char *canonical(Arena *arena, const Table *table, const char *text)
{
    Spec spec = bind(arena, table, text);
    Text once = {0}, twice = {0};
    print_spec(&once, 0, &spec);
    Spec again = bind(arena, table, once.bytes);
    print_spec(&twice, 0, &again);
    assert_string_equal(once.bytes, twice.bytes);
    char *result = arena_text(arena, once.bytes);
    text_release(&once);
    text_release(&twice);
    return result;
}

static void options_are_printed_with_defaults(void **state)
{
    assert_string_equal(canonical(*state, &toy_table, "plain"), "plain\n");
    assert_string_equal(canonical(*state, &toy_table, "plain: {name: p}"), "plain: {name: p}\n");
    assert_string_equal(canonical(*state, &toy_table, "short: 3"), "short: {sizes: [3]}\n");
    assert_string_equal(canonical(*state, &toy_numbers, "2.50"), "number: {value: 2.5}\n");
    assert_string_equal(canonical(*state, &toy_table, "all: {count: 3}"), "all:\n"
                                                                          "    flag: true\n"
                                                                          "    count: 3\n"
                                                                          "    ratio: 0.5\n"
                                                                          "    choice: red\n"
                                                                          "    pair: [1, 1]\n"
                                                                          "    padding: valid\n"
                                                                          "    spec: nothing\n"
                                                                          "    body: []\n");
}

static void nested_rows_are_printed(void **state)
{
    assert_string_equal(
        canonical(
            *state, &toy_table,
            "nest: {name: outer, body: [plain, {nest: {body: [{short: 2}, {all: {count: 1, free: 3, text: 'a: b', "
            "ref: x, ints: [1, 2], padding: [1, 2], spec: 7, body: [plain]}}]}}, plain]}"),
        "nest:\n"
        "    name: outer\n"
        "    body:\n"
        "      - plain\n"
        "      - nest:\n"
        "          body:\n"
        "            - short: {sizes: [2]}\n"
        "            - all:\n"
        "                flag: true\n"
        "                count: 1\n"
        "                ratio: 0.5\n"
        "                free: 3\n"
        "                text: \"a: b\"\n"
        "                choice: red\n"
        "                ints: [1, 2]\n"
        "                pair: [1, 1]\n"
        "                padding: [1, 1, 2, 2]\n"
        "                ref: x\n"
        "                spec: {number: {value: 7}}\n"
        "                body:\n"
        "                  - plain\n"
        "      - plain\n");
}

/* Places stand behind the line that begins a row, and only where a comment can hold them. */
static void places_are_comments(void **state)
{
    static const struct {
        const char *file, *printed;
    } cases[] = {
        {"a b.yaml", "nest:  # a b.yaml:1:1\n    body:\n      - plain  # a b.yaml:1:15\n"},
        {"a\nb.yaml", "nest:\n    body:\n      - plain\n"},
        {"a\xff.yaml", "nest:\n    body:\n      - plain\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Text text = {.places = true};
        Spec spec = {0};
        Err err = {0};
        Cfg *node = cfg_parse_text(*state, cases[i].file, "nest: {body: [plain]}", &err);
        assert_true(node && bind_spec(*state, &toy_table, node, NULL, &spec, &err));
        print_spec(&text, 0, &spec);
        assert_string_equal(text.bytes, cases[i].printed);
        text_release(&text);
    }
}

static void numbers_read_back_the_same(void **state)
{
    static const char *const numbers[] = {"0.1",  "1e-8",  "0.30000000000000004", "123456789012345", "1e300",
                                          "-0.0", "5e-324"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        Spec spec = bind(*state, &toy_numbers, numbers[i]);
        Text text = {0};
        print_spec(&text, 0, &spec);
        Spec again = bind(*state, &toy_numbers, text.bytes);
        if (memcmp(spec.options, again.options, sizeof(double)) != 0) fail_msg("%s: %s", numbers[i], text.bytes);
        text_release(&text);
    }
    Text text = {0};
    print_real(&text, 0.1);
    print_real(&text, 2.0);
    print_real(&text, 0.30000000000000004);
    assert_string_equal(text.bytes, "0.120.30000000000000004");
    text_release(&text);
}

static void texts_read_back_the_same(void **state)
{
    static const char *const texts[] = {
        "",
        "plain",
        "two words",
        "no",
        "Yes",
        "null",
        "~",
        "12",
        "1e3",
        "0x1",
        ".5",
        "-",
        "a: b",
        "a #b",
        "[x]",
        "\"quoted\"",
        "back\\",
        "a\nb",
        "\t",
        " lead",
        "trail ",
        "${x}",
        "caf\xc3\xa9",
        "a \xe2\x80\xa8 b",
        "\x01",
        "\xc2\x85",
        "y",
        "1.2.3",
        "\xf0\x9f\x98\x80",
        "-o x=1",
        "a,b",
        "%x",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        Err err = {0};
        Text text = {0};
        text_add(&text, "{k: ");
        print_scalar(&text, texts[i]);
        text_add(&text, "}");
        Cfg *root = cfg_parse_text(*state, "t.yaml", text.bytes, &err);
        if (!root) fail_msg("%s: %s", text.bytes, err.text);
        const Cfg *value = cfg_get(root, "k");
        assert_int_equal(cfg_scalar_kind(value), SCALAR_TEXT);
        assert_string_equal(value->text, texts[i]);
        text_release(&text);
    }
}

static void plain_words_stay_plain(void **state)
{
    (void)state;
    Text text = {0};
    print_scalar(&text, "mnist");
    print_scalar(&text, "no");
    assert_string_equal(text.bytes, "mnist\"no\"");
    text_release(&text);
}

static void every_row_prints_and_binds_again(void **state)
{
    static const Table *const tables[] = {&layers_table,    &losses_table,       &optimizers_table,
                                          &schedules_table, &initialisers_table, &metrics_table,
                                          &figures_table,   &samplers_table,     &codebook_initialisers_table};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        assert_true(tables[t]->n > 0);
        for (size_t i = 0; i < tables[t]->n; i++) {
            const Row *row = tables[t]->rows[i];
            const char *text = row->example ? arena_printf(*state, "%s: %s", row->name, row->example) : row->name;
            const char *printed = canonical(*state, tables[t], text);
            if (strncmp(printed, row->name, strlen(row->name)) != 0) fail_msg("%s: %s", row->name, printed);
        }
    }
}

static void empty_lists_are_printed(void **state)
{
    (void)state;
    Text text = {0};
    const SpecList none = {0};
    print_specs(&text, 2, &none);
    assert_string_equal(text.bytes, "  []\n");
    text_release(&text);
}

static void columns_are_characters(void **state)
{
    (void)state;
    assert_int_equal(text_columns("", 0), 0);
    assert_int_equal(text_columns("vae/dim8", 8), 8);
    assert_int_equal(text_columns("vae/dim8", 3), 3);
    assert_int_equal(text_columns("\xce\xb2-VAE \xe2\x80\xa6", 10), 7);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(options_are_printed_with_defaults), TEST(nested_rows_are_printed),  TEST(places_are_comments),
        TEST(numbers_read_back_the_same),        TEST(texts_read_back_the_same), TEST(plain_words_stay_plain),
        TEST(every_row_prints_and_binds_again),  TEST(empty_lists_are_printed),  TEST(columns_are_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
