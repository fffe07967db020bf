#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "nn/params/safetensors.h"
#include "tests/support/folder.h"

static char path[512], other[512];

static int name_files(void **state)
{
    (void)state;
    test_path(path, "a.safetensors");
    test_path(other, "b.safetensors");
    return 0;
}

static const float floats[6] = {1, -2.5f, 0, 3e30f, -0.0f, 7};
static const double doubles[2] = {1.0 / 3, -1e300};
static const int64_t longs[1] = {INT64_MIN / 2};
static const unsigned char bytes[3] = {0, 128, 255};

static void add_all(TensorList *list, bool backwards)
{
    const size_t two_three[] = {2, 3}, two[] = {2}, three[] = {3};
    for (int k = 0; k < 5; k++) {
        switch (backwards ? 4 - k : k) {
        case 0:
            tensors_add(list, "b.weight", "F32", 2, two_three, floats);
            break;
        case 1:
            tensors_add(list, "mean", "F64", 1, two, doubles);
            break;
        case 2:
            tensors_add(list, "a.step", "I64", 0, NULL, longs);
            break;
        case 3:
            tensors_add(list, "zz \"quoted\" \xc3\xa9", "U8", 1, three, bytes);
            break;
        default:
            tensors_metadata(list, backwards ? "z" : "epoch", backwards ? "1\n2" : "12");
            break;
        }
    }
    tensors_metadata(list, backwards ? "epoch" : "z", backwards ? "12" : "1\n2");
}

static void write_all(const char *to, bool backwards)
{
    Err err = {0};
    TensorList list = {0};
    add_all(&list, backwards);
    assert_true(safetensors_write(to, &list, &err));
    tensors_release(&list);
}

static void check_entry(const SafeTensors *file, const char *name, const char *dtype, size_t rank, const void *data,
                        size_t size, size_t align)
{
    const TensorEntry *entry = safetensors_find(file, name);
    assert_non_null(entry);
    assert_string_equal(entry->dtype, dtype);
    assert_int_equal(entry->rank, rank);
    assert_int_equal(entry->bytes, size);
    assert_int_equal((uintptr_t)entry->data % align, 0);
    assert_memory_equal(entry->data, data, size);
}

static void test_round_trip(void **state)
{
    (void)state;
    Err err = {0};
    SafeTensors file;
    write_all(path, false);
    assert_true(safetensors_read(&file, path, &err));
    assert_int_equal(file.list.n, 4);
    check_entry(&file, "b.weight", "F32", 2, floats, sizeof floats, 4);
    check_entry(&file, "mean", "F64", 1, doubles, sizeof doubles, 8);
    check_entry(&file, "a.step", "I64", 0, longs, sizeof longs, 8);
    check_entry(&file, "zz \"quoted\" \xc3\xa9", "U8", 1, bytes, sizeof bytes, 1);
    assert_int_equal(safetensors_find(&file, "b.weight")->dim[1], 3);
    assert_string_equal(safetensors_metadata(&file, "epoch"), "12");
    assert_string_equal(safetensors_metadata(&file, "z"), "1\n2");
    assert_null(safetensors_metadata(&file, "y"));
    assert_null(safetensors_find(&file, "b"));
    safetensors_release(&file);
    safetensors_release(&file);
}

static void read_bytes(const char *from, char **content, size_t *n)
{
    Err err = {0};
    assert_true(file_read(from, 1 << 20, content, n, &err));
}

static void test_the_same_bytes_in_any_order_of_adding(void **state)
{
    (void)state;
    char *a, *b;
    size_t length_a, length_b;
    write_all(path, false);
    write_all(other, true);
    read_bytes(path, &a, &length_a);
    read_bytes(other, &b, &length_b);
    assert_int_equal(length_a, length_b);
    assert_memory_equal(a, b, length_a);
    const char *wanted =
        "{\"__metadata__\":{\"epoch\":\"12\",\"z\":\"1\\n2\"},\"a.step\":{\"dtype\":\"I64\",\"shape\":[],"
        "\"data_offsets\":[0,8]},\"mean\":{";
    assert_memory_equal(a + 8, wanted, strlen(wanted));
    assert_int_equal((unsigned char)a[0] % 8, 0);
    free(a);
    free(b);
}

static void test_an_empty_list(void **state)
{
    (void)state;
    Err err = {0};
    TensorList list = {0};
    SafeTensors file;
    assert_true(safetensors_write(path, &list, &err));
    assert_true(safetensors_read(&file, path, &err));
    assert_int_equal(file.list.n, 0);
    safetensors_release(&file);
}

static void test_a_name_that_is_no_utf8(void **state)
{
    (void)state;
    Err err = {0};
    TensorList list = {0};
    tensors_add(&list, "\xff", "U8", 1, (const size_t[]){3}, bytes);
    assert_false(safetensors_write(path, &list, &err));
    assert_non_null(strstr(err.text, "UTF-8"));
    tensors_release(&list);
}

/* The length N, a header, and so many bytes of data; length < 0: that of the header. */
static void write_raw(int64_t length, const char *header, size_t data)
{
    Err err = {0};
    AtomicFile file;
    const uint64_t prefix = length < 0 ? strlen(header) : (uint64_t)length;
    assert_true(file_begin(&file, path, &err));
    for (size_t i = 0; i < 8; i++) fputc((int)(prefix >> (8 * i) & 255), file.stream);
    fputs(header, file.stream);
    for (size_t i = 0; i < data; i++) fputc((int)i, file.stream);
    assert_true(file_commit(&file, &err));
}

#define ENTRY(name, dtype, shape, offsets)                                                                             \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    int64_t length;
    const char *header;
    size_t data;
    const char *message;
} corrupt[] = {
    {1000, "{}", 0, "truncated: the header says 1000 bytes, there are 2"},
    {200000000, "{}", 0, "over 100 MB"},
    {INT64_MAX, "{}", 0, "over 100 MB"},
    {-1, "", 0, "doesn't start with \"{\""},
    {-1, " {}", 0, "doesn't start with \"{\""},
    {-1, "[]", 0, "doesn't start with \"{\""},
    {-1, "{", 0, "its header: "},
    {-1, "{} x", 0, "its header: "},
    {-1, "{\"a\":1}", 0, "is not an object"},
    {-1, "{\"a\\u0000b\":1}", 0, "its header: "},
    {-1, "{\"\xff\":1}", 0, "its header: "},
    {-1, "{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("a", "F32", "[1]", "[4,8]") "}", 8, "duplicate"},
    {-1, "{" ENTRY("a", "F32", "[2]", "[0,8]") "}", 4, "truncated: the header says tensor \"a\" ends at byte 8"},
    {-1, "{" ENTRY("a", "F32", "[1]", "[0,4]") "}", 5, "1 bytes behind the last tensor"},
    {-1, "{}", 3, "3 bytes behind the last tensor"},
    {-1, "{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[8,12]") "}", 12, "hole before it"},
    {-1, "{" ENTRY("a", "F32", "[1]", "[4,8]") "}", 8, "hole before it"},
    {-1, "{" ENTRY("a", "F32", "[2]", "[0,8]") "," ENTRY("b", "F32", "[1]", "[4,8]") "}", 8, "overlaps"},
    {-1, "{" ENTRY("a", "F32", "[1]", "[0,4]") "," ENTRY("b", "F32", "[1]", "[0,4]") "}", 4, "overlaps"},
    {-1, "{" ENTRY("a", "F32", "[1]", "[4,0]") "}", 4, "ends before it begins"},
    {-1, "{" ENTRY("a", "F32", "[2]", "[0,4]") "}", 4, "different sizes"},
    {-1, "{" ENTRY("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0, "too large"},
    {-1, "{" ENTRY("a", "F64", "[2305843009213693952]", "[0,0]") "}", 0, "too large"},
    {-1, "{" ENTRY("a", "F32", "[-1]", "[0,4]") "}", 4, "a size is no whole number"},
    {-1, "{" ENTRY("a", "F32", "[1.0]", "[0,4]") "}", 4, "a size is no whole number"},
    {-1, "{" ENTRY("a", "F32", "[99999999999999999999]", "[0,4]") "}", 4, "its header: "},
    {-1, "{" ENTRY("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "more than 8 dimensions"},
    {-1, "{" ENTRY("a", "F32", "1", "[0,4]") "}", 4, "no list \"shape\""},
    {-1, "{" ENTRY("a", "F32", "[1]", "[0]") "}", 4, "are not two whole numbers"},
    {-1, "{" ENTRY("a", "F32", "[1]", "[-4,0]") "}", 4, "are not two whole numbers"},
    {-1, "{" ENTRY("a", "F32", "[1]", "{}") "}", 4, "are not two whole numbers"},
    {-1, "{" ENTRY("a", "F33", "[1]", "[0,4]") "}", 4, "its type is none of"},
    {-1, "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "no text \"dtype\""},
    {-1, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "other keys than the three"},
    {-1, "{" ENTRY("a", "U8", "[1]", "[0,1]") "," ENTRY("b", "F32", "[1]", "[1,5]") "}", 5, "not aligned"},
    {-1, "{\"__metadata__\":[]}", 0, "__metadata__ is not an object"},
    {-1, "{\"__metadata__\":{\"a\":1}}", 0, "metadata \"a\" is not a text"},
};

static void test_corrupt_files_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof corrupt / sizeof corrupt[0]; i++) {
        Err err = {0};
        SafeTensors file;
        write_raw(corrupt[i].length, corrupt[i].header, corrupt[i].data);
        if (safetensors_read(&file, path, &err)) fail_msg("case %zu was taken: %s", i, corrupt[i].header);
        assert_int_equal(err.kind, ERR_FAILED);
        assert_string_equal(err.loc.file, path);
        if (!strstr(err.text, corrupt[i].message)) fail_msg("case %zu: %s", i, err.text);
        assert_null(file.bytes);
    }
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    char *content;
    size_t n;
    write_all(path, false);
    read_bytes(path, &content, &n);
    for (size_t length = 0; length < n; length++) {
        Err err = {0};
        SafeTensors file;
        assert_true(file_write(other, content, length, &err));
        assert_false(safetensors_read(&file, other, &err));
    }
    free(content);
}

/* Other programs need not pad the header to 8. */
static void test_an_unaligned_header_is_taken(void **state)
{
    (void)state;
    for (int spaces = 0; spaces < 8; spaces++) {
        Err err = {0};
        SafeTensors file;
        char header[128];
        snprintf(header, sizeof header, "{%s}%.*s", ENTRY("a", "F64", "[2]", "[0,16]"), spaces, "        ");
        write_raw(-1, header, 16);
        assert_true(safetensors_read(&file, path, &err));
        const TensorEntry *entry = safetensors_find(&file, "a");
        assert_int_equal((uintptr_t)entry->data % 8, 0);
        for (int i = 0; i < 16; i++) assert_int_equal(((const char *)entry->data)[i], i);
        safetensors_release(&file);
    }
}

static void test_a_file_that_is_not_there(void **state)
{
    (void)state;
    Err err = {0};
    SafeTensors file;
    assert_false(safetensors_read(&file, "/nonexistent/a.safetensors", &err));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_non_null(strstr(err.text, "/nonexistent/a.safetensors"));
    assert_false(safetensors_write("/nonexistent/a.safetensors", &(TensorList){0}, &(Err){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_the_same_bytes_in_any_order_of_adding),
        cmocka_unit_test(test_an_empty_list),
        cmocka_unit_test(test_a_name_that_is_no_utf8),
        cmocka_unit_test(test_corrupt_files_are_refused),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_an_unaligned_header_is_taken),
        cmocka_unit_test(test_a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, name_files, NULL);
}
