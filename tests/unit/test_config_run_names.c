/* What the names of runs stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/config/run_names.h"
#include "runner/config/yaml_file.h"
#include "tests/support/folder.h"

static Arena arena;
static RunNames names;
static const Loc place = {.file = "user.yaml", .line = 7};

static void put(const char *name, const char *text)
{
    char path[512];
    Err err = {0};
    if (!file_write(test_path(path, name), text, strlen(text), &err)) fail_msg("%s", err.text);
}

static int setup(void **state)
{
    (void)state;
    put("judge.yaml", "experiment: judge\nseeds: [4, 2]\n");
    put("family.yaml", "experiment: family\nmatrix: {codes: [10, 128], dim: [8, 16]}\ntitle: \"${codes} ${dim}\"\n");
    put("single.yaml", "experiment: single\nmatrix: {dim: [3]}\ntitle: \"${dim}\"\nseeds: [5]\n");
    put("seeds.yaml", "experiment: seeds\nmatrix: {seed: [1, 2]}\ntitle: \"${seed}\"\n");
    put("broken.yaml", "experiment: [\n");
    put("datasets.yaml", "mnist: {}\n");
    put("report.yaml", "figure1: {}\n");
    run_names_init(&names, &arena, &(ResolveOptions){.folder = test_folder()});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    run_names_release(&names);
    arena_release(&arena);
    return 0;
}

static void expect(const char *name, const char *path)
{
    Err err = {0};
    NamedRun run;
    if (!run_names_find(&names, name, place, &run, &err)) fail_msg("%s: %s", name, err.text);
    assert_string_equal(run.path, path);
    assert_string_equal(run_path(&arena, run.variant->experiment, run.variant->name, run.seed), path);
}

static void refuse(const char *name, const char *message)
{
    Err err = {0};
    NamedRun run;
    if (run_names_find(&names, name, place, &run, &err)) fail_msg("%s is %s", name, run.path);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "user.yaml");
    assert_int_equal(err.loc.line, 7);
    if (!strstr(err.text, message)) fail_msg("\"%s\" is not in \"%s\"", message, err.text);
}

static void what_is_left_out_is_the_only_variant_and_the_first_seed(void **state)
{
    (void)state;
    expect("judge", "judge/seed4");
    expect("judge/seed2", "judge/seed2");
    expect("single", "single/dim3/seed5");
    expect("single/seed5", "single/dim3/seed5");
    expect("single/dim3", "single/dim3/seed5");
    expect("family/codes128-dim16", "family/codes128-dim16/seed1");
    expect("family/codes10-dim8/seed1", "family/codes10-dim8/seed1");
    expect("judge", "judge/seed4");
    assert_int_equal(names.n, 3);
}

/* A matrix may have a key of that name: its variants go first. */
static void a_variant_may_look_like_a_seed(void **state)
{
    (void)state;
    expect("seeds/seed2", "seeds/seed2/seed1");
    expect("seeds/seed2/seed1", "seeds/seed2/seed1");
}

static void names_of_nothing_or_several_are_refused(void **state)
{
    (void)state;
    refuse("jugde", "no experiment \"jugde\" in ");
    refuse("jugde", "; did you mean \"judge\"?");
    refuse("datasets", "no experiment \"datasets\"");
    refuse("report", "no experiment \"report\"");
    refuse("family", "family has 4 variants; name one of them: family/codes10-dim8, family/codes10-dim16, "
                     "family/codes128-dim8, family/codes128-dim16");
    refuse("family/seed1", "family has 4 variants");
    refuse("family/codes128-dim61", "family has no variant \"codes128-dim61\"; did you mean \"codes128-dim16\"? (there "
                                    "are: family/codes10-dim8, ");
    refuse("family/codes128-dim16/seed7", "family has no seed 7 (there are: 1)");
    refuse("judge/seed3", "judge has no seed 3 (there are: 4, 2)");
    refuse("judge/seed02", "judge has no variants, so \"seed02\" names no run of it; write judge or judge/seedN");
    refuse("judge/dim3", "judge has no variants");
    refuse("single/dim3/5", "\"5\" is no seed: write seedN");
    refuse("family/a/b/c", "is no name of a run: write EXPERIMENT[/VARIANT][/seedN]");
    refuse("", "is no name of a run");
    refuse("judge/", "is no name of a run");
    refuse("/judge", "is no name of a run");
    refuse("..", "no experiment \"..\"");
}

static void a_broken_file_has_its_own_place(void **state)
{
    (void)state;
    Err err = {0};
    NamedRun run;
    assert_false(run_names_find(&names, "broken", place, &run, &err));
    assert_non_null(strstr(err.loc.file, "broken.yaml"));
}

static void experiments_are_listed_by_name(void **state)
{
    (void)state;
    char **found;
    size_t n;
    Err err = {0};
    static const char *const wanted[] = {"broken", "family", "judge", "seeds", "single"};
    assert_true(experiment_names(&arena, test_folder(), &found, &n, &err));
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++) assert_string_equal(found[i], wanted[i]);
}

static void a_folder_that_is_none_is_a_mistake_of_the_call(void **state)
{
    (void)state;
    char path[512];
    char **found;
    size_t n;
    static const char *const wrong[] = {"nowhere", "judge.yaml"};
    for (size_t i = 0; i < 2; i++) {
        Err err = {0};
        assert_false(experiment_names(&arena, test_path(path, wrong[i]), &found, &n, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_string_equal(err.loc.file, path);
        assert_non_null(strstr(err.text, i ? "Not a directory; " : "No such file or directory; "));
        assert_non_null(strstr(err.text, "--experiments names the folder of the YAML files"));
    }
}

static void a_file_is_known_by_its_ending(void **state)
{
    (void)state;
    static const char *const yes[] = {"vae.yaml", "a/b.yaml", "a.yml.yaml", "./x.yaml"};
    static const char *const no[] = {"vae",     "vae.yml",      "vae.yaml/dim8", ".yaml",
                                     "a/.yaml", "vae.yaml.tmp", "vae.YAML",      ""};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) assert_true(is_yaml_file(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) assert_false(is_yaml_file(no[i]));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_left_out_is_the_only_variant_and_the_first_seed),
        TEST(a_variant_may_look_like_a_seed),
        TEST(names_of_nothing_or_several_are_refused),
        TEST(a_broken_file_has_its_own_place),
        TEST(experiments_are_listed_by_name),
        TEST(a_file_is_known_by_its_ending),
        TEST(a_folder_that_is_none_is_a_mistake_of_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
