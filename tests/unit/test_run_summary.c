/* summary.csv and groups.csv from made-up results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/run/summary.h"
#include "tests/support/folder.h"

static Arena arena;
static const char *results;

static int setup(void **state)
{
    static int number;
    Err err = {0};
    (void)state;
    results = arena_printf(&arena, "%s/results%d", test_folder(), number++);
    return file_make_folder(results, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const char *put(const char *run, const char *name, const char *text)
{
    Err err = {0};
    const char *folder = arena_printf(&arena, "%s/%s", results, run);
    const char *path = arena_printf(&arena, "%s/%s", folder, name);
    if (!file_make_folder(folder, &err) || !file_write(path, text, strlen(text), &err)) fail_msg("%s", err.text);
    return path;
}

#define HEAD "metric,split,value,unit,n,detail\n"

static void add(const char *run, const char *metrics)
{
    put(run, "run.yaml", "identity: x\nparameters: 123\nepochs: 4\n");
    put(run, "metrics.csv", arena_printf(&arena, HEAD "%s", metrics));
}

static void write_all(void)
{
    Err err = {0};
    if (!summary_write(&(RunPlace){.results = results}, false, &err)) fail_msg("%s", err.text);
}

static void expect_file(const char *name, const char *wanted)
{
    char *bytes;
    size_t length;
    Err err = {0};
    if (!file_read(arena_printf(&arena, "%s/%s", results, name), 1 << 20, &bytes, &length, &err))
        fail_msg("%s", err.text);
    assert_string_equal(bytes, wanted);
    free(bytes);
}

static void runs_and_groups(void **state)
{
    (void)state;
    add("vae/dim2/seed1", "elbo,test,100,nats,10,grey\nspeed,,3,x,1,\n");
    add("vae/dim2/seed2", "elbo,test,103,nats,10,grey\n");
    add("vae/dim2/seed10", "elbo,test,109,nats,10,grey\n");
    add("vae/dim16/seed1", "elbo,test,90.5,nats,10,grey\nelbo,valid,91,nats,5,grey\n");
    add("ae/seed1", "elbo,test,120,nats,10,grey\nspeed,,7,x,1,\n");
    add("ae/seed2", "speed,,9,x,1,\n");
    write_all();
    expect_file("summary.csv", "run,experiment,variant,seed,epochs,parameters,elbo_test,elbo_valid,speed\n"
                               "ae/seed1,ae,,1,4,123,120,,7\n"
                               "ae/seed2,ae,,2,4,123,,,9\n"
                               "vae/dim2/seed1,vae,dim2,1,4,123,100,,3\n"
                               "vae/dim2/seed2,vae,dim2,2,4,123,103,,\n"
                               "vae/dim2/seed10,vae,dim2,10,4,123,109,,\n"
                               "vae/dim16/seed1,vae,dim16,1,4,123,90.5,91,\n");
    /* of 100, 103, 109: mean 104, sd sqrt((16 + 1 + 25) / 2) */
    expect_file("groups.csv", "experiment,variant,metric,split,unit,mean,sd,n,images,detail\n"
                              "ae,,elbo,test,nats,120,,1,10,grey\n"
                              "ae,,speed,,x,8,1.41421356,2,1,\n"
                              "vae,dim2,elbo,test,nats,104,4.58257569,3,10,grey\n"
                              "vae,dim2,speed,,x,3,,1,1,\n"
                              "vae,dim16,elbo,test,nats,90.5,,1,10,grey\n"
                              "vae,dim16,elbo,valid,nats,91,,1,5,grey\n");
}

/* A mean is one of runs that differ in nothing but the seed and what changes no number. */
static void only_runs_of_one_configuration_make_a_mean(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 6; seed++) {
        const char *run = arena_printf(&arena, "vae/seed%d", seed);
        add(run, arena_printf(&arena, "elbo,test,%d,nats,10,grey\n", 100 + seed * seed));
        put(run, "run.yaml",
            arena_printf(&arena, "identity: %d\nparameters: 123\nepochs: 4\nneeds:\n  judge/seed1: %s\n%s", seed,
                         seed == 6 ? "b" : "a", seed == 4 ? "  second/seed1: a\n" : ""));
        put(run, "config.yaml",
            arena_printf(
                &arena,
                "title: of %d\nseed: %d\ntrain: {epochs: %d}\nevaluate:\n  - elbo: {split: %s}\nfigures: [%s]\n", seed,
                seed, seed == 2 ? 5 : 4, seed == 5 ? "valid" : "test", seed == 3 ? "samples" : ""));
    }
    write_all();
    /* of 101, 109, 116, 125: neither 2 nor 6 */
    expect_file("groups.csv", "experiment,variant,metric,split,unit,mean,sd,n,images,detail\n"
                              "vae,,elbo,test,nats,112.75,10.2102889,4,10,grey\n");
    char *bytes;
    size_t length;
    Err err = {0};
    assert_true(file_read(arena_printf(&arena, "%s/summary.csv", results), 1 << 20, &bytes, &length, &err));
    assert_non_null(strstr(bytes, "vae/seed2,vae,,2,4,123,104\n"));
    free(bytes);
}

/* The parts of a list stand side by side, whichever run has more of them. */
static void parts_of_lists_are_values_too(void **state)
{
    (void)state;
    add("vae/dim1/seed1", "kl[1],test,4,nats,10,1 of 1\nelbo,test,5,nats,10,\nklx,test,6,nats,10,\n");
    add("vae/dim2/seed1", "kl[1],test,2,nats,10,1 of 2\nkl[2],test,3,nats,10,2 of 2\nelbo,test,7,nats,10,\n");
    write_all();
    expect_file("summary.csv",
                "run,experiment,variant,seed,epochs,parameters,kl[1]_test,kl[2]_test,elbo_test,klx_test\n"
                "vae/dim1/seed1,vae,dim1,1,4,123,4,,5,6\n"
                "vae/dim2/seed1,vae,dim2,1,4,123,2,3,7,\n");
    expect_file("groups.csv", "experiment,variant,metric,split,unit,mean,sd,n,images,detail\n"
                              "vae,dim1,kl[1],test,nats,4,,1,10,1 of 1\n"
                              "vae,dim1,elbo,test,nats,5,,1,10,\n"
                              "vae,dim1,klx,test,nats,6,,1,10,\n"
                              "vae,dim2,kl[1],test,nats,2,,1,10,1 of 2\n"
                              "vae,dim2,kl[2],test,nats,3,,1,10,2 of 2\n"
                              "vae,dim2,elbo,test,nats,7,,1,10,\n");
}

static void what_is_no_number_is_an_empty_cell(void **state)
{
    (void)state;
    add("a/seed1", "elbo,test,nan,nats,10,\n");
    add("a/seed2", "elbo,test,5,nats,10,\n");
    write_all();
    expect_file("summary.csv", "run,experiment,variant,seed,epochs,parameters,elbo_test\n"
                               "a/seed1,a,,1,4,123,\na/seed2,a,,2,4,123,5\n");
    expect_file("groups.csv",
                "experiment,variant,metric,split,unit,mean,sd,n,images,detail\na,,elbo,test,nats,5,,1,10,\n");
}

static void what_is_no_finished_run_is_left_out(void **state)
{
    (void)state;
    add("a/seed1", "elbo,test,5,nats,10,\n");
    put("a/seed2", "metrics.csv", HEAD "elbo,test,6,nats,10,\n"); /* not whole yet */
    put("a/seed3", "run.yaml", "identity: x\n");
    add("a/seedx", "elbo,test,7,nats,10,\n");
    add("a/seed", "elbo,test,7,nats,10,\n");
    add("seed4", "elbo,test,7,nats,10,\n");
    add(".hidden/seed1", "elbo,test,7,nats,10,\n");
    add("a/b/c/seed1", "elbo,test,7,nats,10,\n");
    put("figures", "figure1.png", "");
    Found *found;
    size_t n;
    Err err = {0};
    assert_true(summary_find(&arena, results, &found, &n, &err));
    assert_int_equal(n, 1);
    assert_string_equal(found[0].path, "a/seed1");
    assert_string_equal(found[0].experiment, "a");
    assert_string_equal(found[0].variant, "");
    assert_string_equal(found[0].seed, "1");
}

static void nothing_is_two_headings(void **state)
{
    (void)state;
    write_all();
    expect_file("summary.csv", "run,experiment,variant,seed,epochs,parameters\n");
    expect_file("groups.csv", "experiment,variant,metric,split,unit,mean,sd,n,images,detail\n");
    Found *found;
    size_t n;
    Err err = {0};
    assert_false(summary_find(&arena, arena_printf(&arena, "%s/none", results), &found, &n, &err));
    assert_non_null(strstr(err.loc.file, "/none"));
}

static void the_same_bytes_twice(void **state)
{
    (void)state;
    add("a/seed1", "elbo,test,5,nats,10,\n");
    write_all();
    char *first;
    size_t length;
    Err err = {0};
    assert_true(file_read(arena_printf(&arena, "%s/summary.csv", results), 1 << 20, &first, &length, &err));
    write_all();
    expect_file("summary.csv", first);
    free(first);
}

static void refuse(const char *metrics, const char *message)
{
    Err err = {0};
    const char *path = put("a/seed2", "metrics.csv", metrics);
    assert_false(summary_write(&(RunPlace){.results = results}, false, &err));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_string_equal(err.loc.file, path);
    if (!strstr(err.text, message)) fail_msg("\"%s\" is not in \"%s\"", message, err.text);
    assert_false(file_exists(arena_printf(&arena, "%s/summary.csv", results)));
}

static void a_broken_table_is_named(void **state)
{
    (void)state;
    add("a/seed1", "elbo,test,5,nats,10,\n");
    add("a/seed2", "");
    refuse("", "empty");
    refuse("metric,split,number,unit\n", "lacks one of the columns metric, split, value, unit, n, detail");
    refuse(HEAD "elbo,test,5\n", "3");
    refuse(HEAD "elbo,\"test,5\n", "quoted");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(runs_and_groups),
        TEST(only_runs_of_one_configuration_make_a_mean),
        TEST(parts_of_lists_are_values_too),
        TEST(what_is_no_number_is_an_empty_cell),
        TEST(what_is_no_finished_run_is_left_out),
        TEST(nothing_is_two_headings),
        TEST(the_same_bytes_twice),
        TEST(a_broken_table_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
