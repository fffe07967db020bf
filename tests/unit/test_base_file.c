#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "tests/support/folder.h"

static void expect_content(const char *path, const char *expected)
{
    Err err = {0};
    char *bytes;
    size_t length;
    assert_true(file_read(path, 1 << 20, &bytes, &length, &err));
    assert_int_equal(length, strlen(expected));
    assert_string_equal(bytes, expected);
    free(bytes);
}

/* NAME.PROCESS.tmp of this process. */
static const char *temporary_of(const char *path)
{
    static char temporary[600];
    snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    return temporary;
}

static void expect_no_temporary(void)
{
    DIR *folder = opendir(test_folder());
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strstr(entry->d_name, ".tmp")) fail_msg("%s is left", entry->d_name);
    closedir(folder);
}

static void commit_replaces_the_whole(void **state)
{
    (void)state;
    char path[512];
    test_path(path, "table.csv");
    Err err = {0};
    assert_true(file_write(path, "earlier, longer", 15, &err));
    AtomicFile file;
    assert_true(file_begin(&file, path, &err));
    fprintf(file.stream, "new");
    fflush(file.stream);
    assert_string_equal(file.temporary, temporary_of(path));
    assert_true(file_exists(file.temporary));
    expect_content(path, "earlier, longer");
    assert_true(file_commit(&file, &err));
    expect_content(path, "new");
    expect_no_temporary();
    assert_true(file_commit(&file, &err));
    file_abandon(&file);
    assert_int_equal(err.kind, ERR_NONE);
    expect_content(path, "new");
}

static void abandon_leaves_the_earlier_file(void **state)
{
    (void)state;
    char path[512];
    test_path(path, "abandoned");
    Err err = {0};
    assert_true(file_write(path, "earlier", 7, &err));
    AtomicFile file;
    assert_true(file_begin(&file, path, &err));
    fprintf(file.stream, "half");
    file_abandon(&file);
    file_abandon(&file);
    expect_content(path, "earlier");
    expect_no_temporary();
    AtomicFile zeroed = {0};
    file_abandon(&zeroed);
    assert_true(file_commit(&zeroed, &err));
}

static void a_temporary_left_behind_is_overwritten(void **state)
{
    (void)state;
    char path[512];
    test_path(path, "again");
    FILE *stale = fopen(temporary_of(path), "w");
    fprintf(stale, "something long that a killed process left");
    fclose(stale);
    Err err = {0};
    assert_true(file_write(path, "short", 5, &err));
    expect_content(path, "short");
    expect_no_temporary();
}

/* What somebody else put under the temporary name leads nowhere. */
static void a_link_is_not_followed(void **state)
{
    (void)state;
    char path[512], victim[512];
    Err err = {0};
    assert_true(file_write(test_path(victim, "victim"), "precious", 8, &err));
    test_path(path, "link");
    assert_int_equal(symlink(victim, temporary_of(path)), 0);
    assert_true(file_write(path, "text", 4, &err));
    expect_content(path, "text");
    expect_content(victim, "precious");
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    expect_no_temporary();
}

/* Processes that write one file at once: each succeeds, and one's bytes are there. */
static void several_may_write_at_once(void **state)
{
    (void)state;
    enum { WRITERS = 6, BYTES = 100000 };
    char path[512], *bytes;
    size_t length;
    Err err = {0};
    test_path(path, "shared");
    for (int i = 0; i < WRITERS; i++) {
        if (fork() != 0) continue;
        static char text[BYTES];
        memset(text, 'a' + i, BYTES);
        bool ok = true;
        for (int k = 0; ok && k < 20; k++) ok = file_write(path, text, BYTES, &err);
        _exit(ok ? 0 : 1);
    }
    for (int i = 0, status; i < WRITERS; i++) {
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_true(file_read(path, BYTES, &bytes, &length, &err));
    assert_int_equal(length, BYTES);
    for (size_t i = 0; i < length; i++) assert_int_equal(bytes[i], bytes[0]);
    free(bytes);
    expect_no_temporary();
}

static void relative_and_empty(void **state)
{
    (void)state;
    int before = open(".", O_RDONLY | O_DIRECTORY);
    assert_int_equal(chdir(test_folder()), 0);
    Err err = {0};
    assert_true(file_write("plain", NULL, 0, &err));
    expect_content("plain", "");
    assert_int_equal(fchdir(before), 0);
    close(before);
}

/* Runs in a child that may write 4 KiB a file: 0 when all is as it should be, else the number of what isn't. */
static int write_beyond_the_limit(const char *path, size_t length, bool in_pieces)
{
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    char expected[1024];
    snprintf(expected, sizeof expected, "can't write %s: %s", path, strerror(EFBIG));
    Err err = {0};
    AtomicFile file;
    if (!file_begin(&file, path, &err)) return 2;
    for (size_t i = 0; i < length; i++) {
        fputc('x', file.stream);
        /* The failure is in the middle, and a later flush may well succeed. */
        if (in_pieces && i % 1000 == 0) fflush(file.stream);
    }
    if (file_commit(&file, &err)) return 3;
    if (strcmp(err.text, expected) != 0) return 4;
    return err.kind == ERR_FAILED ? 0 : 5;
}

static void failed_writes_are_reported(void **state)
{
    (void)state;
    static const struct {
        size_t length;
        bool in_pieces;
    } cases[] = {{4097, false}, {4097, true}, {100000, false}, {100000, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512];
        test_path(path, "limited");
        Err err = {0};
        assert_true(file_write(path, "earlier", 7, &err));
        pid_t child = fork();
        if (child == 0) _exit(write_beyond_the_limit(path, cases[i].length, cases[i].in_pieces));
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        expect_content(path, "earlier");
        expect_no_temporary();
    }
}

/* A device that is always full in place of the file. */
static void a_full_disk_is_named(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0) skip();
    char path[512], expected[600];
    test_path(path, "full");
    Err err = {0};
    AtomicFile file;
    const int full = open("/dev/full", O_WRONLY), next = dup(full);
    assert_int_equal(close(next), 0);
    assert_true(file_begin(&file, path, &err)); /* takes the number that is free */
    assert_int_equal(dup2(full, next), next);
    close(full);
    fputs("text", file.stream);
    assert_false(file_commit(&file, &err));
    snprintf(expected, sizeof expected, "can't write %s: No space left on device", path);
    assert_string_equal(err.text, expected);
    assert_false(file_exists(path));
    expect_no_temporary();
}

/* In place of the C library's: every other call is interrupted by a signal, as some file systems have it. */
static bool interrupting;
static unsigned long interruptible;

static bool is_interrupted(void)
{
    if (!interrupting || interruptible++ % 2) return false;
    errno = EINTR;
    return true;
}

int fsync(int descriptor)
{
    return is_interrupted() ? -1 : (int)syscall(SYS_fsync, descriptor);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    const int mode = flags & O_CREAT ? va_arg(rest, int) : 0;
    va_end(rest);
    return is_interrupted() ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Linux has closed it then. */
int close(int descriptor)
{
    const int status = (int)syscall(SYS_close, descriptor);
    return status == 0 && is_interrupted() ? -1 : status;
}

static void interrupted_calls_are_made_again(void **state)
{
    (void)state;
    char path[512];
    Err err = {0};
    test_path(path, "interrupted");
    for (int i = 0; i < 4; i++) {
        interrupting = true;
        interruptible = (unsigned long)i % 2;
        const char *text = i < 2 ? "one" : "two";
        const bool written = file_write(path, text, 3, &err);
        interrupting = false;
        if (!written) fail_msg("%s", err.text);
        expect_content(path, text);
    }
    interrupting = true;
    interruptible = 0;
    const bool removed = file_remove(path, &err);
    interrupting = false;
    if (!removed) fail_msg("%s", err.text);
    assert_false(file_exists(path));
    expect_no_temporary();
}

static void folders_that_refuse(void **state)
{
    (void)state;
    char path[512], folder[512], expected[600];
    test_path(path, "nowhere/file");
    Err err = {0};
    AtomicFile file;
    assert_false(file_begin(&file, path, &err));
    snprintf(expected, sizeof expected, "can't write %s: No such file or directory", path);
    assert_string_equal(err.text, expected);
    file_abandon(&file);

    test_path(folder, "occupied");
    assert_int_equal(mkdir(folder, 0777), 0);
    err = (Err){0};
    assert_false(file_write(folder, "x", 1, &err));
    snprintf(expected, sizeof expected, "can't write %s: Is a directory", folder);
    assert_string_equal(err.text, expected);
    expect_no_temporary();
}

/* 0 when the message is as expected. Root may write anywhere, so it becomes somebody else. */
static int write_without_permission(const char *path)
{
    char expected[600];
    snprintf(expected, sizeof expected, "can't write %s: Permission denied", path);
    if (geteuid() == 0 && setuid(65534) != 0) return 1;
    Err err = {0};
    if (file_write(path, "x", 1, &err)) return 2;
    return strcmp(err.text, expected) == 0 ? 0 : 3;
}

static void a_read_only_folder_is_named(void **state)
{
    (void)state;
    char path[512];
    assert_int_equal(mkdir(test_path(path, "readonly"), 0555), 0);
    test_path(path, "readonly/file");
    pid_t child = fork();
    if (child == 0) _exit(write_without_permission(path));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_false(file_exists(path));
}

static void read_to_the_limit(void **state)
{
    (void)state;
    char path[512], expected[600];
    test_path(path, "long");
    enum { LENGTH = 200000 };
    static char text[LENGTH];
    for (size_t i = 0; i < LENGTH; i++) text[i] = (char)(i % 253);
    Err err = {0};
    assert_true(file_write(path, text, LENGTH, &err));
    char *bytes;
    size_t length;
    assert_true(file_read(path, LENGTH, &bytes, &length, &err));
    assert_int_equal(length, LENGTH);
    assert_memory_equal(bytes, text, LENGTH);
    assert_int_equal(bytes[LENGTH], 0);
    free(bytes);
    assert_true(file_read(path, SIZE_MAX, &bytes, &length, &err));
    free(bytes);

    assert_false(file_read(path, LENGTH - 1, &bytes, &length, &err));
    snprintf(expected, sizeof expected, "can't read %s: it is larger than %d bytes", path, LENGTH - 1);
    assert_string_equal(err.text, expected);
    assert_null(bytes);
    /* Without end, but not without limit. */
    err = (Err){0};
    assert_false(file_read("/dev/zero", 1 << 20, &bytes, &length, &err));
    assert_int_equal(err.kind, ERR_FAILED);

    err = (Err){0};
    test_path(path, "absent");
    assert_false(file_exists(path));
    assert_false(file_read(path, 10, &bytes, &length, &err));
    snprintf(expected, sizeof expected, "can't read %s: No such file or directory", path);
    assert_string_equal(err.text, expected);

    err = (Err){0};
    assert_false(file_read(test_folder(), 10, &bytes, &length, &err));
    assert_non_null(strstr(err.text, ": Is a directory"));
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    static const char *const names[] = {"a/b/c", "a/b/c", "a//d/", "e", "."};
    Err err = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        struct stat status;
        assert_true(file_make_folder(test_path(path, names[i]), &err));
        assert_int_equal(stat(path, &status), 0);
        assert_true(S_ISDIR(status.st_mode));
    }
    char path[512], expected[600];
    assert_true(file_write(test_path(path, "a/file"), "x", 1, &err));
    assert_false(file_make_folder(path, &err));
    snprintf(expected, sizeof expected, "can't make the folder %s: Not a directory", path);
    assert_string_equal(err.text, expected);
    err = (Err){0};
    assert_false(file_make_folder(test_path(path, "a/file/below"), &err));
    assert_string_equal(err.text, expected);
    err = (Err){0};
    assert_false(file_make_folder("", &err));
}

static void known_hashes(void **state)
{
    (void)state;
    char hex[65], path[512];
    sha256_hex(NULL, 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256_hex("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");

    enum { LENGTH = 1000000 };
    char *text = malloc(LENGTH);
    assert_non_null(text);
    memset(text, 'a', LENGTH);
    Err err = {0};
    assert_true(file_write(test_path(path, "million"), text, LENGTH, &err));
    free(text);
    assert_true(sha256_file(path, hex, &err));
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    assert_false(sha256_file(test_path(path, "absent"), hex, &err));
    assert_non_null(strstr(err.text, "No such file or directory"));
    err = (Err){0};
    assert_false(sha256_file(test_folder(), hex, &err));
    assert_non_null(strstr(err.text, "Is a directory"));
}

static void a_folder_is_what_stands_before_the_last_slash(void **state)
{
    (void)state;
    Arena arena = {0};
    static const char *const cases[][2] = {
        {"a/b/c.yaml", "a/b"}, {"c.yaml", "."}, {"/c.yaml", "/"}, {"a/", "a"}, {"", "."}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(file_folder(&arena, cases[i][0]), cases[i][1]);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commit_replaces_the_whole),
        cmocka_unit_test(abandon_leaves_the_earlier_file),
        cmocka_unit_test(a_temporary_left_behind_is_overwritten),
        cmocka_unit_test(a_link_is_not_followed),
        cmocka_unit_test(several_may_write_at_once),
        cmocka_unit_test(relative_and_empty),
        cmocka_unit_test(failed_writes_are_reported),
        cmocka_unit_test(a_full_disk_is_named),
        cmocka_unit_test(interrupted_calls_are_made_again),
        cmocka_unit_test(folders_that_refuse),
        cmocka_unit_test(a_read_only_folder_is_named),
        cmocka_unit_test(read_to_the_limit),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(known_hashes),
        cmocka_unit_test(a_folder_is_what_stands_before_the_last_slash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
