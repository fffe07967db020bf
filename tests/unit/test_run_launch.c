/* The frozen file that a run's process is started with: which path is one, what else is left alone, and which of them
 * go at the next start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/run/execute.h"
#include "runner/run/launch.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

static Arena arena;

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const char *put(const char *folder, const char *name)
{
    Err err = {0};
    const char *path = arena_printf(&arena, "%s/%s/%s", test_folder(), folder, name);
    if (!file_make_folder(arena_printf(&arena, "%s/%s", test_folder(), folder), &err) ||
        !file_write(path, "a: 1\n", 5, &err))
        fail_msg("%s", err.text);
    return path;
}

/* A user's file, a launch file that isn't below log/, and one that isn't there: nothing is moved, locked or made. */
static void other_files_are_refused_and_left_alone(void **state)
{
    (void)state;
    const char *const paths[] = {
        put("mine/deep", "vae.yaml"),
        put("other/logs", "launch-12.yaml"),
        put("third/log", "launch-.yaml"),
        put("fourth/log", "launch-12x.yaml"),
        put("fifth/log", "launch--12.yaml"),
        put("sixth/log", "launch-12.yaml.old"),
        "launch-12.yaml",
        "log/launch-12.yaml",
        "/log/launch-12.yaml",
        arena_printf(&arena, "%s/absent/log/launch-12.yaml", test_folder()),
    };
    const char *const made[] = {"mine/log",       "other/log",      "third/log/lock", "fourth/log/lock",
                                "fifth/log/lock", "sixth/log/lock", "absent"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        Err err = {0};
        int signal;
        const ExecuteOptions options = {.experiments = test_folder(), .frozen = paths[i], .threads = 1, .quiet = true};
        assert_false(execute_run(&options, &signal, &err));
        if (err.kind != ERR_CONFIG) fail_msg("%s: \"%s\" is no configuration error", paths[i], err.text);
        assert_string_equal(err.loc.file, paths[i]);
        if (!strstr(err.text, "--frozen wants a file RUN/log/launch-N.yaml")) fail_msg("%s", err.text);
        if (i < 6) assert_true(file_exists(paths[i]));
    }
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        assert_false(file_exists(arena_printf(&arena, "%s/%s", test_folder(), made[i])));
    assert_false(file_exists("log/lock"));
}

/* A process that has ended: nobody else gets its number so soon. */
static long dead_process(void)
{
    pid_t child = fork();
    if (child == 0) _exit(0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return (long)child;
}

/* Under the lock: what a killed process left goes; what another one that lives has launched, or is writing, stays. */
static void what_the_dead_left_is_swept(void **state)
{
    (void)state;
    const long dead = dead_process(), alive = (long)getpid();
    const char *const gone[] = {
        put("run/log", arena_printf(&arena, "launch-%ld.yaml", dead)),
        put("run/log", arena_printf(&arena, "launch-%ld.yaml.%ld.tmp", dead, dead)),
        put("run/log", "config.yaml.tmp"),
        put("run/log", "launch-99999999999999999999.yaml"),
        put("run", arena_printf(&arena, "metrics.csv.%ld.tmp", dead)),
        put("run", arena_printf(&arena, "metrics%ld.tmp", alive)),
        put("run", arena_printf(&arena, "weights.safetensors.%ld.tmp", alive)),
        put("run", arena_printf(&arena, ".%ld.tmp", alive)),
        put("run/figures", "samples.png.99999999999999999999.tmp"),
    };
    const char *const kept[] = {
        put("run/log", arena_printf(&arena, "launch-%ld.yaml", alive)),
        put("run/log", arena_printf(&arena, "launch-%ld.yaml.%ld.tmp", alive, alive)),
        put("run/log", "lock"),
        put("run/log", "config.yaml"),
        put("run/log", "launch-notes.yaml"),
        put("run", "metrics.csv"),
    };
    launch_sweep(arena_printf(&arena, "%s/run", test_folder()));
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        if (file_exists(gone[i])) fail_msg("%s is left", gone[i]);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (!file_exists(kept[i])) fail_msg("%s is gone", kept[i]);
    launch_sweep(arena_printf(&arena, "%s/absent", test_folder()));
}

/* Errors at every row of a frozen file, read back, lie where the experiment's own do. */
static void errors_are_told_where_the_user_wrote(void **state)
{
    (void)state;
    static Tiny tiny;
    tiny_make(&tiny, TINY_WITH("evaluate=[elbo]"));
    Run run = tiny_run(&tiny, arena_printf(&arena, "%s/frozen", test_folder())), back;
    Err err = {0};
    const char *path = launch_freeze(&arena, &run, &err);
    if (!path || !experiment_read(&arena, path, &experiment_tables, &back.experiment, &err)) fail_msg("%s", err.text);
    const Experiment *wrote = &run.experiment, *read = &back.experiment;
    const Loc places[][2] = {{wrote->sections[0].layers.items[0].loc, read->sections[0].layers.items[0].loc},
                             {wrote->losses[0].loss.loc, read->losses[0].loss.loc},
                             {wrote->train.optimizer.loc, read->train.optimizer.loc},
                             {wrote->evaluate.items[0].loc, read->evaluate.items[0].loc}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        Err moved = {0};
        const Loc wanted = places[i][0];
        err_failed(&moved, places[i][1], "the loss is infinite");
        assert_string_equal(moved.loc.file, path);
        launch_origin(&moved);
        assert_string_equal(moved.loc.file, wanted.file);
        assert_int_equal(moved.loc.line, wanted.line);
        assert_int_equal(moved.loc.col, wanted.col);
        assert_string_equal(moved.text, "the loss is infinite");
    }
    tiny_release(&tiny);
}

/* What ends like a place but is none, lines that aren't there, files that aren't: the error stays where it is. */
static void other_errors_stay_where_they_are(void **state)
{
    (void)state;
    static const char text[] = "a: \"  # x.yaml:1:2\"\n"
                               "b: 1  # x.yaml:12\n"
                               "c: 1  # x.yaml:1:2 \n"
                               "d: 1 # x.yaml:1:2\n"
                               "e: 1";
    Err err = {0};
    const char *path = arena_printf(&arena, "%s/places.yaml", test_folder());
    assert_true(file_write(path, text, sizeof text - 1, &err));
    for (int line = 0; line < 8; line++) {
        err = (Err){0};
        err_failed(&err, (Loc){path, line, 1}, "wrong");
        launch_origin(&err);
        assert_string_equal(err.loc.file, path);
        assert_int_equal(err.loc.line, line);
    }
    err = (Err){0};
    err_failed(&err, (Loc){"absent.yaml", 1, 1}, "wrong");
    launch_origin(&err);
    assert_string_equal(err.loc.file, "absent.yaml");
    err = (Err){0};
    launch_origin(&err);
    assert_int_equal(err.kind, ERR_NONE);
}

#define TEST(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(other_files_are_refused_and_left_alone),
        TEST(what_the_dead_left_is_swept),
        TEST(errors_are_told_where_the_user_wrote),
        TEST(other_errors_stay_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
