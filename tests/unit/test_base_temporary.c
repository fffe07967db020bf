/* Folders for a while: where they are made, and that nothing stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "nn/base/temporary.h"
#include "tests/support/folder.h"

static Arena arena;

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    unsetenv("TMPDIR");
    return 0;
}

static void below_tmpdir_and_each_its_own(void **state)
{
    (void)state;
    Err err = {0};
    setenv("TMPDIR", test_folder(), 1);
    const char *first = temporary_folder(&arena, "what", &err), *second = temporary_folder(&arena, "what", &err);
    const char *begin = arena_printf(&arena, "%s/mayvae-what-", test_folder());
    assert_int_equal(strncmp(first, begin, strlen(begin)), 0);
    assert_string_not_equal(first, second);
    const char *below = arena_printf(&arena, "%s/a/b", first);
    assert_true(file_make_folder(below, &err));
    assert_true(file_write(arena_printf(&arena, "%s/c", below), "x", 1, &err));
    assert_true(temporary_remove(first, &err));
    assert_false(file_exists(first));
    assert_true(file_exists(second));
    assert_true(temporary_remove(second, &err));
}

static void an_empty_tmpdir_is_none(void **state)
{
    (void)state;
    Err err = {0};
    setenv("TMPDIR", "", 1);
    const char *folder = temporary_folder(&arena, "what", &err);
    assert_int_equal(strncmp(folder, "/tmp/mayvae-what-", 17), 0);
    assert_true(temporary_remove(folder, &err));
}

static void what_fails_has_a_place(void **state)
{
    (void)state;
    Err err = {0}, again = {0};
    setenv("TMPDIR", arena_printf(&arena, "%s/none", test_folder()), 1);
    assert_null(temporary_folder(&arena, "what", &err));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_non_null(strstr(err.loc.file, "/none/mayvae-what-"));
    assert_non_null(strstr(err.text, "can't make a temporary folder: No such file"));
    assert_false(temporary_remove(arena_printf(&arena, "%s/none", test_folder()), &again));
    assert_non_null(strstr(again.text, "can't be removed"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(below_tmpdir_and_each_its_own, teardown),
        cmocka_unit_test_teardown(an_empty_tmpdir_is_none, teardown),
        cmocka_unit_test_teardown(what_fails_has_a_place, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
