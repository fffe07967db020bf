#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nn/base/err.h"

static void first_error_wins(void **state)
{
    (void)state;
    Err err = {0};
    assert_false(err_config(&err, (Loc){"a.yaml", 3, 7}, "bad %s", "thing"));
    assert_false(err_failed(&err, loc_file("b"), "later"));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.text, "bad thing");
    assert_string_equal(err.loc.file, "a.yaml");
    assert_int_equal(err.loc.line, 3);
    assert_int_equal(err.loc.col, 7);

    Err other = {0};
    assert_false(err_failed(&other, loc_file("b"), "outside"));
    assert_int_equal(other.kind, ERR_FAILED);
    assert_int_equal(other.loc.line, 0);
}

static void the_place_outlives_what_it_came_from(void **state)
{
    (void)state;
    char name[] = "a.yaml";
    Err err = {0};
    err_config(&err, (Loc){name, 1, 1}, "bad");
    memset(name, 'x', sizeof name - 1);
    assert_string_equal(err.loc.file, "a.yaml");
}

static void long_text_is_cut(void **state)
{
    (void)state;
    char text[2048];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    Err err = {0};
    err_failed(&err, (Loc){0}, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

/* The reason stands behind a path of any length, and no character is cut in two. */
static void what_is_cut_is_the_middle(void **state)
{
    (void)state;
    char path[4096];
    for (size_t i = 0; i + 2 < sizeof path; i += 2) memcpy(path + i, "\xc3\xa4", 2);
    path[sizeof path - 2] = '\0';
    for (size_t shift = 0; shift < 2; shift++) {
        Err err = {0};
        err_failed(&err, loc_file(path + 2000), "can't write %s%s: File name too long", shift ? "x" : "", path);
        const char *gap = strstr(err.text, " ... "), *end = err.text + strlen(err.text);
        assert_non_null(gap);
        assert_memory_equal(err.text, "can't write ", 12);
        assert_string_equal(end - 20, ": File name too long");
        assert_int_equal((gap - err.text - 12) % 2, shift);
        assert_int_equal((unsigned char)gap[5], 0xc3);
        assert_string_equal(err.loc.file + strlen(err.loc.file) - 2, "\xc3\xa4");
        assert_non_null(strstr(err.loc.file, " ... "));
    }
}

static void print_leaves_out_what_is_unknown(void **state)
{
    (void)state;
    static const struct {
        Loc loc;
        const char *expected;
    } cases[] = {
        {{"a.yaml", 3, 7}, "a.yaml:3:7: wrong\n"},
        {{"a.csv", 3, 0}, "a.csv:3: wrong\n"},
        {{"a.yaml", 0, 0}, "a.yaml: wrong\n"},
        {{NULL, 0, 0}, "wrong\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Err err = {0};
        err_config(&err, cases[i].loc, "wrong");
        char *text = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&text, &length);
        err_print(&err, out);
        fclose(out);
        assert_string_equal(text, cases[i].expected);
        free(text);
    }
}

static void bug_aborts_with_its_place(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        BUG("number %d", 5);
    }
    close(ends[1]);
    char text[512];
    size_t used = 0;
    ssize_t n;
    while ((n = read(ends[0], text + used, sizeof text - 1 - used)) > 0) used += (size_t)n;
    text[used] = '\0';
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "test_base_err.c:"));
    assert_non_null(strstr(text, "bug: number 5\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(the_place_outlives_what_it_came_from),
        cmocka_unit_test(long_text_is_cut),
        cmocka_unit_test(what_is_cut_is_the_middle),
        cmocka_unit_test(print_leaves_out_what_is_unknown),
        cmocka_unit_test(bug_aborts_with_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
