#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "tests/support/small_set.h"

static SmallSet set;
static Arena arena;
static Err err;

static int setup(void **state)
{
    (void)state;
    err = (Err){0};
    small_set_init(&set);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    small_set_release(&set);
    arena_release(&arena);
    return 0;
}

static const DataOptions plain = {.binarize = "none", .batch = 4, .loc = {"a.yaml", 7, 3}};

static bool describe(DatasetInfo *info)
{
    return dataset_describe(&arena, set.folder, small_ref("small"), info, &err);
}

/* Loads and gives it back at once: for what is refused. */
static bool loads(const DataOptions *options)
{
    DatasetInfo info;
    Dataset dataset;
    if (!describe(&info)) fail_msg("%s", err.text);
    const bool ok = dataset_load(&arena, &dataset, &info, options, &err);
    dataset_release(&dataset);
    return ok;
}

static void expect_message(const char *part)
{
    if (!strstr(err.text, part)) fail_msg("got \"%s\", not \"%s\"", err.text, part);
}

static void test_describes(void **state)
{
    (void)state;
    DatasetInfo info;
    small_set_publish(&set);
    assert_true(describe(&info));
    assert_string_equal(info.name, "small");
    assert_string_equal(info.title, "made up");
    assert_int_equal(info.height, SMALL_HEIGHT);
    assert_int_equal(info.width, SMALL_WIDTH);
    assert_int_equal(info.channels, 1);
    assert_int_equal(info.classes, SMALL_CLASSES);
    assert_int_equal(info.train_count, SMALL_TRAIN);
    assert_int_equal(info.test_count, SMALL_TEST);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(info.file[i].role, set.file[i].role);
        assert_string_equal(info.file[i].name, set.file[i].name);
        assert_int_equal(info.file[i].bytes, set.file[i].n);
    }
    char before[65];
    memcpy(before, info.sha256, 65);
    assert_int_equal(strlen(before), 64);
    set.file[3].bytes[SMALL_HEADER_LABELS] ^= 1;
    small_set_publish(&set);
    assert_true(describe(&info));
    assert_string_not_equal(info.sha256, before);
}

static void test_an_unknown_name(void **state)
{
    (void)state;
    DatasetInfo info;
    small_set_publish(&set);
    assert_false(dataset_describe(&arena, set.folder, small_ref("smal"), &info, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(err.loc.line, 3);
    assert_string_equal(err.text, "unknown data set \"smal\"; did you mean \"small\"? (valid: other, small)");
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "small:\n  title: t\n  shape: [2, 2, 1]\n  classes: 2\n  train: 1\n  test: 1\n"
#define FILES                                                                                                          \
    "  files:\n    - {role: train_images, name: a, bytes: 20, sha256: " HASH "}\n"                                     \
    "    - {role: train_labels, name: b, bytes: 9, sha256: " HASH "}\n"                                                \
    "    - {role: test_images, name: c, bytes: 20, sha256: " HASH "}\n"
#define LAST "    - {role: test_labels, name: d, bytes: 9, sha256: " HASH "}\n"
#define SOURCES "  sources:\n    - {from: url, at: \"file:///x/\", packing: gzip}\n"

typedef struct Described {
    const char *yaml;
    int line;
    const char *message; /* NULL: it is right */
} Described;

static const Described described[] = {
    {HEAD FILES LAST SOURCES, 0, NULL},
    {HEAD "  colour: red\n" FILES LAST SOURCES, 7, "unknown key \"colour\""},
    {"small: 3\n", 1, "wants a map"},
    {HEAD SOURCES, 1, "missing key \"files\""},
    {HEAD FILES LAST, 1, "missing key \"sources\""},
    {HEAD FILES SOURCES, 8, "none of the role test_labels"},
    {HEAD FILES LAST LAST SOURCES, 12, "a second file of the role test_labels"},
    {HEAD FILES "    - {role: test_labels, name: ../d, bytes: 9, sha256: " HASH "}\n" SOURCES, 11, "without a folder"},
    {HEAD FILES "    - {role: test_labels, name: d, bytes: 9, sha256: abc}\n" SOURCES, 11, "64 digits"},
    {HEAD FILES "    - {role: tests, name: d, bytes: 9, sha256: " HASH "}\n" SOURCES, 11, "role in a file"},
    {HEAD FILES LAST "  sources:\n    - {from: moon, at: x, packing: none}\n", 13, "from in a source"},
    {"small:\n  title: t\n  shape: [2, 2]\n  classes: 2\n  train: 1\n  test: 1\n" FILES LAST SOURCES, 3, "channels"},
};

static void test_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof described / sizeof *described; i++) {
        const Described *row = &described[i];
        DatasetInfo info;
        err = (Err){0};
        const char *path = arena_printf(&arena, "%s/datasets.yaml", set.folder);
        assert_true(file_write(path, row->yaml, strlen(row->yaml), &err));
        if (!row->message) {
            if (!describe(&info)) fail_msg("row %zu: %s", i, err.text);
            continue;
        }
        assert_false(describe(&info));
        assert_int_equal(err.kind, ERR_CONFIG);
        if (!strstr(err.text, row->message)) fail_msg("row %zu: got \"%s\"", i, err.text);
        if (err.loc.line != row->line) fail_msg("row %zu: line %d: %s", i, err.loc.line, err.text);
    }
}

static void test_loads_all(void **state)
{
    (void)state;
    DatasetInfo info;
    Dataset dataset;
    small_set_publish(&set);
    assert_true(describe(&info));
    assert_true(dataset_load(&arena, &dataset, &info, &plain, &err));
    assert_int_equal(dataset.train.n, SMALL_TRAIN);
    assert_int_equal(dataset.valid.n, 0);
    assert_int_equal(dataset.test.n, SMALL_TEST);
    assert_ptr_equal(dataset_split(&dataset, "train"), &dataset.train);
    assert_null(dataset_split(&dataset, "valid"));
    assert_ptr_equal(dataset_split(&dataset, "test"), &dataset.test);
    assert_null(dataset_split(&dataset, "trial"));
    for (size_t i = 0; i < SMALL_TEST; i++) {
        assert_int_equal(dataset.test.labels[i], small_label(3, i));
        for (size_t p = 0; p < SMALL_PIXELS; p++)
            assert_int_equal(dataset.test.images[i * SMALL_PIXELS + p], small_pixel(2, i, p));
    }
    dataset_release(&dataset);
    dataset_release(&dataset);
}

static void test_splits_and_limits(void **state)
{
    (void)state;
    DatasetInfo info;
    Dataset dataset;
    small_set_publish(&set);
    assert_true(describe(&info));
    DataOptions options = plain;
    options.split_train = 12, options.split_valid = 5;
    assert_true(dataset_load(&arena, &dataset, &info, &options, &err));
    assert_int_equal(dataset.train.n, 12);
    assert_int_equal(dataset.valid.n, 5);
    assert_int_equal(dataset.valid.first, 12);
    assert_int_equal(dataset.valid.labels[0], small_label(1, 12));
    assert_int_equal(dataset.valid.images[3], small_pixel(0, 12, 3));
    dataset_release(&dataset);

    options.limit = 6;
    assert_true(dataset_load(&arena, &dataset, &info, &options, &err));
    const char *const names[] = {"train", "valid", "test"};
    const size_t counts[] = {6, 5, 6};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(dataset_split(&dataset, names[i])->n, counts[i]);
        assert_int_equal(dataset_split_count(&info, &options, names[i]), counts[i]);
    }
    assert_int_equal(dataset_split_count(&info, &options, "trial"), 0);
    assert_int_equal(dataset.valid.labels[0], small_label(1, 12));
    dataset_release(&dataset);

    options.split_valid = 8;
    assert_true(dataset_load(&arena, &dataset, &info, &options, &err));
    dataset_release(&dataset);
    options.split_valid = 9;
    assert_false(loads(&options));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(err.loc.line, 7);
    expect_message("split: 12 training and 9 validation images, but \"small\" has 20 for both");
}

/* Tests run in the repository. */
static void test_the_command_that_fetches(void **state)
{
    (void)state;
    char here[PATH_MAX];
    assert_non_null(getcwd(here, sizeof here));
    const char *folder = arena_printf(&arena, "%s/experiments", here);
    assert_string_equal(dataset_fetch_command(&arena, "experiments", "mnist"), "make data");
    assert_string_equal(dataset_fetch_command(&arena, "experiments", "other"), "runner/data/fetch.sh other");
    assert_string_equal(dataset_fetch_command(&arena, folder, "mnist"),
                        arena_printf(&arena, "%s/runner/data/fetch.sh mnist", here));
    assert_string_equal(dataset_fetch_command(&arena, "mine", "mnist"),
                        "DATASETS=mine/datasets.yaml runner/data/fetch.sh mnist");
}

/* Changes a file behind the description's back. */
static void test_a_file_that_is_not_the_right_one(void **state)
{
    (void)state;
    small_set_publish(&set);
    assert_true(loads(&plain));
    SmallFile *file = &set.file[0];

    assert_int_equal(unlink(file->path), 0);
    assert_false(loads(&plain));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_string_equal(err.loc.file, file->path);
    expect_message(
        arena_printf(&arena, "missing; run \"DATASETS=%s/datasets.yaml runner/data/fetch.sh small\"", set.folder));

    err = (Err){0};
    file->n--;
    small_set_write(&set, 0);
    assert_false(loads(&plain));
    expect_message("altered: it has 415 bytes, expected 416; run");

    err = (Err){0};
    file->n++;
    file->bytes[50] ^= 1;
    small_set_write(&set, 0);
    assert_false(loads(&plain));
    assert_string_equal(err.loc.file, file->path);
    char hex[65];
    sha256_hex(file->bytes, file->n, hex);
    expect_message(arena_printf(&arena, "altered: its SHA-256 is %s, expected ", hex));

    err = (Err){0};
    assert_int_equal(unlink(file->path), 0);
    assert_int_equal(mkdir(file->path, 0777), 0);
    assert_false(loads(&plain));
    expect_message("can't be read");
}

typedef struct Content {
    size_t file, at;
    uint8_t byte;
    int more; /* bytes at the end */
    const char *message;
} Content;

/* Files that are as described, and still no such data. */
static const Content contents[] = {
    {0, 2, 9, 0, "starts with 00000903"},
    {1, 3, 3, 0, "starts with 00000803"},
    {0, 0, 0, -1, "truncated"},
    {2, 0, 0, 1, "1 bytes too many"},
    {1, 7, SMALL_TRAIN - 1, -1, "holds 19 labels, expected 20"},
    {2, 7, SMALL_TEST - 1, -SMALL_PIXELS, "holds 6 images, expected 7"},
    {3, SMALL_HEADER_LABELS + 2, SMALL_CLASSES, 0, "label 2 is 3, but there are 3 classes"},
};

static void test_what_a_file_holds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        const Content *row = &contents[i];
        SmallFile *file = &set.file[row->file], kept = *file;
        file->bytes[row->at] = row->byte;
        file->n = (size_t)((long long)file->n + row->more);
        err = (Err){0};
        small_set_publish(&set);
        assert_false(loads(&plain));
        assert_int_equal(err.kind, ERR_FAILED);
        assert_string_equal(err.loc.file, file->path);
        expect_message(row->message);
        *file = kept;
    }
    /* 5 x 4 images have as many bytes as 4 x 5 */
    err = (Err){0};
    set.file[0].bytes[11] = SMALL_WIDTH, set.file[0].bytes[15] = SMALL_HEIGHT;
    small_set_publish(&set);
    assert_false(loads(&plain));
    expect_message("dimension 1 of its images is 5, expected 4");
}

static void wait_past_the_clock_step(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 150 * 1000000}, NULL);
}

/* That a stamp is believed shows in that a wrong one lets an altered hash pass: the stamp is made for the expected
 * hash. */
static void test_a_verified_file_is_remembered(void **state)
{
    (void)state;
    small_set_publish(&set);
    const char *stamp = arena_printf(&arena, "%s.verified", set.file[0].path);
    assert_true(loads(&plain));
    assert_false(file_exists(stamp)); /* too fresh to tell a change by its time */
    wait_past_the_clock_step();
    assert_true(loads(&plain));
    assert_true(file_exists(stamp));

    /* a stamp that agrees keeps the file from being hashed: give one to a file that isn't the expected one */
    char *text;
    size_t length;
    assert_true(file_read(stamp, 1000, &text, &length, &err));
    struct stat old, now;
    assert_int_equal(stat(set.file[0].path, &old), 0);
    FILE *file = fopen(set.file[0].path, "r+b");
    assert_non_null(file);
    fseek(file, 60, SEEK_SET);
    fputc(set.file[0].bytes[60] ^ 1, file);
    fclose(file);
    assert_false(loads(&plain)); /* its time says that it is another one */
    expect_message("altered: its SHA-256");
    err = (Err){0};
    /* the old time of modification put back: the time of change gives it away */
    const struct timespec times[] = {old.st_atim, old.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, set.file[0].path, times, 0), 0);
    assert_int_equal(stat(set.file[0].path, &now), 0);
    assert_int_equal(now.st_mtim.tv_nsec, old.st_mtim.tv_nsec);
    assert_false(loads(&plain));
    err = (Err){0};
    const char *forged =
        arena_printf(&arena, "%.64s %lld bytes, modified %lld, changed %lld, inode %llu\n", text,
                     (long long)now.st_size, (long long)now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec,
                     (long long)now.st_ctim.tv_sec * 1000000000 + now.st_ctim.tv_nsec, (unsigned long long)now.st_ino);
    assert_true(file_write(stamp, forged, strlen(forged), &err));
    assert_true(loads(&plain));
    free(text);
}

static void test_the_folder(void **state)
{
    (void)state;
    small_set_publish(&set);
    char *kept = getenv("XDG_CACHE_HOME") ? strdup(getenv("XDG_CACHE_HOME")) : NULL;
    char *home = strdup(getenv("HOME"));
    err = (Err){0};
    setenv("XDG_CACHE_HOME", "/xdg", 1);
    assert_string_equal(dataset_folder(&arena, &err), set.folder);
    unsetenv("MAYVAE_DATA");
    assert_string_equal(dataset_folder(&arena, &err), "/xdg/mayvae");
    unsetenv("XDG_CACHE_HOME");
    assert_string_equal(dataset_folder(&arena, &err), arena_printf(&arena, "%s/.cache/mayvae", home));
    setenv("HOME", "", 1);
    assert_null(dataset_folder(&arena, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    expect_message("HOME is not set; name the folder of the data by MAYVAE_DATA");
    err = (Err){0};
    assert_false(loads(&plain));
    assert_int_equal(err.kind, ERR_CONFIG);
    setenv("HOME", home, 1);
    if (kept) setenv("XDG_CACHE_HOME", kept, 1);
    free(home);
    free(kept);
}

/* The file that ships. */
static void test_the_shipped_description(void **state)
{
    (void)state;
    const char *const names[] = {"mnist", "fashion_mnist"};
    for (size_t i = 0; i < 2; i++) {
        DatasetInfo info;
        if (!dataset_describe(&arena, "experiments", small_ref(names[i]), &info, &err)) fail_msg("%s", err.text);
        assert_int_equal(info.file[0].bytes, SMALL_HEADER_IMAGES + info.train_count * info.height * info.width);
        assert_int_equal(info.file[3].bytes, SMALL_HEADER_LABELS + info.test_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_describes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_unknown_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strictly, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loads_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_splits_and_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_command_that_fetches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_not_the_right_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_file_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_verified_file_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_folder, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_shipped_description, setup, teardown),
    };
    return cmocka_run_group_tests_name("data/dataset", tests, NULL, NULL);
}
