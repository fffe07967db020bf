#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runner/data/idx.h"

static const uint8_t good[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 11, 12, 13, 14, 15};

static void test_a_good_file(void **state)
{
    (void)state;
    Err err = {0};
    Idx idx;
    assert_true(idx_parse("f", good, sizeof good, 3, &idx, &err));
    assert_int_equal(idx.dimensions, 3);
    assert_int_equal(idx.dimension[0], 2);
    assert_int_equal(idx.dimension[1], 1);
    assert_int_equal(idx.dimension[2], 3);
    assert_ptr_equal(idx.bytes, good + 16);
}

typedef struct Refused {
    const char *what;
    size_t length, at; /* of the file; where a byte is changed */
    uint8_t byte;
    const char *message;
} Refused;

static const Refused refused[] = {
    {"empty", 0, 0, 0, "truncated: 0 bytes don't hold an IDX header of 16"},
    {"half a header", 15, 0, 0, "truncated: 15 bytes don't hold"},
    {"one byte short", sizeof good - 1, 0, 0, "truncated: its IDX header promises 6 bytes, 5 follow"},
    {"one byte more", sizeof good + 1, 0, 0, "1 bytes too many behind the 6"},
    {"magic", sizeof good, 0, 1, "starts with 01000803, not 00000803"},
    {"type", sizeof good, 2, 13, "starts with 00000d03, not 00000803"},
    {"dimensions", sizeof good, 3, 1, "starts with 00000801, not 00000803"},
    {"count", sizeof good, 7, 3, "truncated: its IDX header promises 9 bytes, 6 follow"},
    {"none", sizeof good, 11, 0, "dimension 2 of its IDX header is 0"},
};

static void test_what_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        uint8_t bytes[sizeof good + 1] = {0};
        memcpy(bytes, good, sizeof good);
        const Refused *row = &refused[i];
        if (row->length == sizeof good) bytes[row->at] = row->byte;
        Err err = {0};
        Idx idx;
        assert_false(idx_parse("the-file", bytes, row->length, 3, &idx, &err));
        assert_int_equal(err.kind, ERR_FAILED);
        assert_string_equal(err.loc.file, "the-file");
        if (!strstr(err.text, row->message)) fail_msg("%s: got \"%s\"", row->what, err.text);
    }
}

/* 2^32 - 1 in each of three dimensions is more than a size_t holds. */
static void test_a_product_that_overflows(void **state)
{
    (void)state;
    uint8_t bytes[sizeof good];
    memcpy(bytes, good, sizeof good);
    memset(bytes + 4, 0xff, 12);
    Err err = {0};
    Idx idx;
    assert_false(idx_parse("f", bytes, sizeof bytes, 3, &idx, &err));
    assert_non_null(strstr(err.text, "promises more than fits"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_file),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_product_that_overflows),
    };
    return cmocka_run_group_tests_name("data/idx", tests, NULL, NULL);
}
