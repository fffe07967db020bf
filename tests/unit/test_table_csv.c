#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runner/table/csv.h"
#include "tests/support/folder.h"

static char path[512];
static Arena arena;

static int setup(void **state)
{
    (void)state;
    test_path(path, "a.csv");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void expect_file(const char *expected)
{
    Err err = {0};
    char *text;
    size_t length;
    assert_true(file_read(path, 10000, &text, &length, &err));
    assert_string_equal(text, expected);
    free(text);
}

static void put(const char *text)
{
    Err err = {0};
    assert_true(file_write(path, text, strlen(text), &err));
}

static const char *const texts[] = {
    "plain", "two words", " round ", "a,b", "\"", "say \"no\", then", "one\ntwo",  "carriage\rreturn", "\r\n", "",
    "\"\"",  "0.5",       "-",       ",",   "\n", "trailing\n",       "tab\there", "β×10⁻⁵",           "x",
};
enum { TEXTS = sizeof texts / sizeof *texts };

static void test_texts_come_back(void **state)
{
    (void)state;
    Err err = {0};
    CsvWriter csv;
    CsvTable table;
    /* each text alone, at the front, in the middle and at the end of a row */
    for (size_t columns = 1; columns <= 3; columns++) {
        assert_true(csv_begin(&csv, path, &err));
        for (size_t i = 0; i < TEXTS; i++) {
            for (size_t c = 0; c < columns; c++) csv_text(&csv, texts[(i + c) % TEXTS]);
            csv_end_row(&csv);
        }
        assert_true(csv_commit(&csv, &err));
        if (!csv_read(&table, path, &err)) fail_msg("line %d: %s", err.loc.line, err.text);
        assert_int_equal(table.columns, columns);
        assert_int_equal(table.rows, TEXTS - 1);
        for (size_t c = 0; c < columns; c++) assert_string_equal(table.cells[c], texts[c]);
        for (size_t i = 1; i < TEXTS; i++)
            for (size_t c = 0; c < columns; c++)
                assert_string_equal(csv_cell(&table, i - 1, (int)c), texts[(i + c) % TEXTS]);
        csv_release(&table);
    }
}

static void test_the_bytes(void **state)
{
    (void)state;
    Err err = {0};
    CsvWriter csv;
    assert_true(csv_begin(&csv, path, &err));
    csv_text(&csv, "name");
    csv_text(&csv, "a \"b\"");
    csv_end_row(&csv);
    csv_number(&csv, 0.1);
    csv_number(&csv, 1.0 / 3);
    csv_number(&csv, 1e-20);
    csv_number(&csv, 123456789012.0);
    csv_number(&csv, NAN);
    csv_number(&csv, -NAN);
    csv_number(&csv, INFINITY);
    csv_number(&csv, -INFINITY);
    csv_integer(&csv, -9007199254740993);
    csv_text(&csv, "");
    csv_end_row(&csv);
    csv_text(&csv, "");
    csv_end_row(&csv);
    assert_true(csv_commit(&csv, &err));
    expect_file("name,\"a \"\"b\"\"\"\n"
                "0.1,0.333333333,1e-20,1.23456789e+11,nan,nan,inf,-inf,-9007199254740993,\n"
                "\"\"\n");
}

static void test_a_stream(void **state)
{
    (void)state;
    Err err = {0};
    CsvWriter csv;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    csv_begin_stream(&csv, stream);
    csv_text(&csv, "a");
    csv_integer(&csv, 1);
    csv_end_row(&csv);
    assert_true(csv_commit(&csv, &err));
    assert_string_equal(text, "a,1\n");
    fclose(stream);
    free(text);

    stream = fopen("/dev/full", "w");
    csv_begin_stream(&csv, stream);
    csv_text(&csv, "a");
    assert_false(csv_commit(&csv, &err));
    assert_int_equal(err.kind, ERR_FAILED);
    fclose(stream);
}

static void test_columns_and_values(void **state)
{
    (void)state;
    Err err = {0};
    CsvTable table;
    put("metric,value,detail\r\nelbo,99.25,\r\nscore,nine,9 or so\r\nlast,-inf,4");
    assert_true(csv_read(&table, path, &err));
    assert_string_equal(table.path, path);
    assert_int_equal(table.rows, 3);
    assert_int_equal(csv_column(&table, "metric"), 0);
    assert_int_equal(csv_column(&table, "detail"), 2);
    assert_int_equal(csv_column(&table, "elbo"), -1);
    assert_true(csv_value(&table, 0, 1) == 99.25);
    assert_true(isnan(csv_value(&table, 0, 2)));
    assert_true(isnan(csv_value(&table, 1, 1)));
    assert_true(isnan(csv_value(&table, 1, 2)));
    assert_true(isinf(csv_value(&table, 2, 1)));
    assert_true(csv_value(&table, 2, 2) == 4);
    csv_release(&table);
    csv_release(&table);
}

typedef struct Refused {
    const char *text;
    int line;
    const char *message;
} Refused;

static const Refused refused[] = {
    {"", 0, "no header"},
    {"\n\n", 0, "no header"},
    {"a,b\n1,2\n3\n", 3, "1 cells, but the header has 2"},
    {"a,b\n1,2\n\n3,4,5\n", 4, "3 cells, but the header has 2"},
    {"a,b\n\"x\ny\",2\n\"1\n2\n3\"\n", 4, "1 cells, but the header has 2"},
    {"a,b\n1,\"2\n3,4\n", 3, "ends inside a quoted cell"},
    {"a,b\n1,2\"x\n", 2, "pars"},
    {"a,b\n1,\"2\"x\n", 2, "pars"},
};

static void test_what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        Err err = {0};
        CsvTable table;
        put(refused[i].text);
        if (csv_read(&table, path, &err)) fail_msg("row %zu passed", i);
        assert_string_equal(err.loc.file, path);
        if (!strstr(err.text, refused[i].message)) fail_msg("row %zu: %s", i, err.text);
        if (err.loc.line != refused[i].line) fail_msg("row %zu: line %d: %s", i, err.loc.line, err.text);
    }
    Err err = {0};
    CsvTable table;
    assert_true(file_write(path, "a\nx\0y\n", 6, &err));
    assert_false(csv_read(&table, path, &err));
    assert_non_null(strstr(err.text, "zero byte"));
    unlink(path);
    err = (Err){0};
    assert_false(csv_read(&table, path, &err));
    assert_int_equal(err.kind, ERR_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_texts_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stream, setup, teardown),
        cmocka_unit_test_setup_teardown(test_columns_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("table/csv", tests, NULL, NULL);
}
