/* From targets to runs; what a frozen configuration gives back; what is checked before anything starts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/run/needs.h"
#include "tests/support/small_set.h"

static SmallSet set;
static RunList list;
static RunPlace place;
static Err err;

static void put(const char *name, const char *text)
{
    Err failed = {0};
    const char *path = arena_printf(&set.arena, "%s/%s", set.folder, name);
    if (!file_write(path, text, strlen(text), &failed)) fail_msg("%s", failed.text);
}

#define BODY                                                                                                           \
    "data: {dataset: small, batch: 8}\n"                                                                               \
    "network:\n"                                                                                                       \
    "  encoder: {input: image, layers: [flatten]}\n"                                                                   \
    "  latent: {input: encoder, layers: [gaussian_posterior: {dim: 2}]}\n"                                             \
    "  decoder: {input: latent, layers: [dense: {units: 20}, reshape: [4, 5, 1]]}\n"                                   \
    "loss:\n"                                                                                                          \
    "  reconstruction: {binary_cross_entropy: {logits: decoder, target: image}}\n"                                     \
    "  kl: {kl_divergence: {posterior: latent}}\n"                                                                     \
    "train: {epochs: 1, optimizer: adam}\n"

static int setup(void **state)
{
    (void)state;
    err = (Err){0};
    small_set_init(&set);
    small_set_publish(&set);
    put("alpha.yaml", "experiment: alpha\nseeds: [1, 2]\n" BODY);
    put("beta.yaml", "experiment: beta\ntitle: beta\nextends: alpha.yaml\nmatrix: {epochs: [1, 3]}\nseeds: [7]\n"
                     "train: {epochs: \"${epochs}\"}\n");
    put("report.yaml", "figure1:\n  panels: [{run: alpha/seed1, figure: samples}]\n");
    place = (RunPlace){.experiments = set.folder, .results = "results", .resolve = {.folder = set.folder}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    runs_release(&list);
    small_set_release(&set);
    return 0;
}

static bool find(const char *const *targets)
{
    char *words[8];
    size_t n = 0;
    runs_release(&list);
    err = (Err){0};
    for (; targets[n]; n++) words[n] = arena_text(&set.arena, targets[n]);
    return runs_find(&list, &place, words, n, &err);
}

static void expect(const char *const *targets, const char *const *paths)
{
    size_t n = 0;
    if (!find(targets)) fail_msg("%s", err.text);
    for (; paths[n]; n++) {
        if (n >= list.n) fail_msg("%s is not found", paths[n]);
        assert_string_equal(list.items[n].path, paths[n]);
        assert_string_equal(list.items[n].folder, arena_printf(&set.arena, "results/%s", paths[n]));
    }
    assert_int_equal(list.n, n);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void targets_name_runs(void **state)
{
    (void)state;
    const char *none[] = {NULL};
    expect(none, LIST("alpha/seed1", "alpha/seed2", "beta/epochs1/seed7", "beta/epochs3/seed7"));
    expect(LIST("beta", "alpha"), LIST("beta/epochs1/seed7", "beta/epochs3/seed7", "alpha/seed1", "alpha/seed2"));
    expect(LIST("alpha/seed2"), LIST("alpha/seed2"));
    expect(LIST("alpha/seed2//", "alpha/"), LIST("alpha/seed2", "alpha/seed1"));
    expect(LIST("*/seed1"), LIST("alpha/seed1"));
    expect(LIST("beta/epochs3"), LIST("beta/epochs3/seed7"));
    expect(LIST("b*/*/seed7"), LIST("beta/epochs1/seed7", "beta/epochs3/seed7"));
    expect(LIST("alpha", "alpha/seed2"), LIST("alpha/seed1", "alpha/seed2"));
    expect(LIST(arena_printf(&set.arena, "%s/alpha.yaml", set.folder)), LIST("alpha/seed1", "alpha/seed2"));
    place.resolve.has_seed = true;
    place.resolve.seed = 5;
    expect(LIST("alpha"), LIST("alpha/seed5"));
}

static void many_runs_are_each_found_once(void **state)
{
    (void)state;
    const char *seeds = "0";
    for (int i = 1; i < 1000; i++) seeds = arena_printf(&set.arena, "%s, %d", seeds, i);
    put("gamma.yaml", arena_printf(&set.arena, "experiment: gamma\nextends: alpha.yaml\nseeds: [%s]\n", seeds));
    if (!find(LIST("gamma/seed77", "alpha", "gamma", "gamma/seed1*", "beta"))) fail_msg("%s", err.text);
    assert_int_equal(list.n, 1004);
    assert_string_equal(list.items[0].path, "gamma/seed77");
    for (size_t i = 0; i < list.n; i++)
        for (size_t k = 0; k < i; k++) assert_string_not_equal(list.items[i].path, list.items[k].path);
    char five[] = "gamma/seed5", one[] = "alpha/seed1", *again[] = {five, one};
    if (!runs_find(&list, &place, again, 2, &err)) fail_msg("%s", err.text);
    assert_int_equal(list.n, 1004);
}

/* Two files of one experiment would write the same results; the same file by two names is one. */
static void two_files_of_one_experiment_are_refused(void **state)
{
    (void)state;
    const char *first = arena_printf(&set.arena, "%s/alpha.yaml", set.folder);
    const char *same = arena_printf(&set.arena, "%s/./alpha.yaml", set.folder);
    const char *other = arena_printf(&set.arena, "%s/other/alpha.yaml", set.folder);
    assert_true(file_make_folder(arena_printf(&set.arena, "%s/other", set.folder), &err));
    put("other/alpha.yaml", "experiment: alpha\nseeds: [2, 3]\n" BODY);
    expect(LIST(first, same, "alpha"), LIST("alpha/seed1", "alpha/seed2"));
    expect(LIST(other), LIST("alpha/seed2", "alpha/seed3"));
    expect(LIST("alpha/seed1", other), LIST("alpha/seed1", "alpha/seed2", "alpha/seed3"));
    for (int by_name = 0; by_name < 2; by_name++) {
        assert_false(find(LIST(by_name ? "alpha" : first, other)));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_string_equal(err.loc.file, other);
        const char *wanted = arena_printf(&set.arena, "alpha/seed2 is a run of %s already", first);
        if (!strstr(err.text, wanted)) fail_msg("\"%s\" is not in \"%s\"", wanted, err.text);
    }
}

/* Whatever order the folder's entries come in. */
static void experiments_come_by_name(void **state)
{
    (void)state;
    static const char names[] = "qzmcxhdwk";
    const char *none[] = {NULL};
    for (size_t i = 0; names[i]; i++)
        put(arena_printf(&set.arena, "%c.yaml", names[i]),
            arena_printf(&set.arena, "experiment: %c\nextends: alpha.yaml\nseeds: [1]\n", names[i]));
    expect(none, LIST("alpha/seed1", "alpha/seed2", "beta/epochs1/seed7", "beta/epochs3/seed7", "c/seed1", "d/seed1",
                      "h/seed1", "k/seed1", "m/seed1", "q/seed1", "w/seed1", "x/seed1", "z/seed1"));
}

static void refuse(const char *target, const char *message)
{
    assert_false(find(LIST(target)));
    assert_int_equal(err.kind, ERR_CONFIG);
    if (!strstr(err.text, message)) fail_msg("\"%s\" is not in \"%s\"", message, err.text);
}

static void targets_that_match_nothing_are_refused(void **state)
{
    (void)state;
    refuse("alhpa", "no experiment \"alhpa\" in ");
    refuse("alhpa", "did you mean \"alpha\"?");
    refuse("zzzzzzzz", "`mayvae list` shows those there are");
    refuse("alpha/seed3", "no run matches \"alpha/seed3\"; did you mean \"alpha/seed1\"?");
    refuse("alpha/zzzzzzzzzzzz", "`mayvae list alpha` shows those there are");
    refuse("beta/epochs2", "no run matches \"beta/epochs2\"; did you mean \"beta/epochs1\"?");
    refuse("beta/epochs3/seed8", "did you mean \"beta/epochs3/seed7\"?");
    refuse("beta/epohcs3/", "no run matches \"beta/epohcs3\"; did you mean \"beta/epochs3\"?");
    refuse("beta/*/seed8", "no run matches \"beta/*/seed8\"; `mayvae list beta` shows those there are");
    refuse("b*a/epochs2", "no run matches \"b*a/epochs2\"; `mayvae list` shows those there are");
    refuse("///", "\"/\" is neither a YAML file, an experiment nor a run");
    refuse("report", "no experiment \"report\"");
    refuse("other/alpha.yml", "an experiment's file is named .yaml: rename it to alpha.yaml");
    refuse(".yml", "\".yml\"");
    put("delta.yml", "experiment: delta\nextends: alpha.yaml\n");
    refuse("delta", "an experiment's file is named .yaml: rename it to delta.yaml");
    assert_non_null(strstr(err.loc.file, "/delta.yml"));
    place.experiments = "no/such/folder";
    const char *none[] = {NULL};
    assert_false(find(none));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "no/such/folder");
}

/* Which runs a broken file has can't be told, so it is a target's whatever the target says of its runs. */
static void a_file_that_is_broken_is_told_of_first(void **state)
{
    (void)state;
    put("gamma.yaml", "experiment: gamma\nextends: alpha.yaml\ntitle: \"${act}\"\nmatrix: {act: [relu, {tanh: 1}]}\n");
    static const char *const targets[] = {"gamma", "gamma/*/seed2", "gamma/actrelu/seed1", "*/seed2"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        refuse(targets[i], "act in matrix: wants numbers or texts, got a map");
        assert_int_equal(err.loc.line, 4);
    }
    refuse("gama/seed1", "no experiment \"gama\"");
    put("delta.yaml", "experiment: delta\nextends: alpha.yaml\nevaluate: [digit_rate: {classifier: gamma/actrelu}]\n");
    refuse("delta", "act in matrix: wants numbers or texts");
}

/* What goes on with a run that was stopped: its name, or, with options, no other call than the same. */
static void a_hint_tells_what_goes_on(void **state)
{
    (void)state;
    for (int by_options = 0; by_options < 2; by_options++) {
        place.again = by_options ? "the same command" : NULL;
        assert_true(find(LIST("alpha/seed2")));
        assert_string_equal(run_again(&list.arena, &list.items[0], "goes on"),
                            by_options ? "; the same command goes on" : "; `mayvae run alpha/seed2` goes on");
    }
    const Run elsewhere = {.path = "alpha/seed2"};
    assert_string_equal(run_again(&list.arena, &elsewhere, "goes on"), "");
}

static void an_unknown_data_set_has_its_place(void **state)
{
    (void)state;
    put("gamma.yaml", "experiment: gamma\nextends: alpha.yaml\ndata: {dataset: smal}\n");
    assert_false(find(LIST("gamma")));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(err.loc.line, 3);
    assert_non_null(strstr(err.text, "did you mean \"small\"?"));
}

/* The frozen file alone gives the same run: names, identities, and the same bytes again. */
static void a_frozen_run_comes_back(void **state)
{
    (void)state;
    Run again;
    assert_true(find(LIST("beta/epochs3/seed7")));
    const Run *run = &list.items[0];
    put("config.yaml", run->config);
    if (!run_read(&list.arena, &again, set.folder, set.folder, "config.yaml", &err) ||
        !needs_read(&list.arena, &again, set.folder, "", &err))
        fail_msg("%s", err.text);
    assert_string_equal(again.path, run->path);
    assert_string_equal(again.identity, run->identity);
    assert_string_equal(again.weights_identity, run->weights_identity);
    assert_string_equal(again.config, run->config);
    assert_int_equal(again.experiment.train.epochs, 3);
    assert_string_equal(again.experiment.title, "beta");
    assert_false(run_read(&list.arena, &again, set.folder, set.folder, "none.yaml", &err));
}

static void check(const char *changes, int line, const char *message)
{
    put("gamma.yaml", arena_printf(&set.arena, "experiment: gamma\nextends: alpha.yaml\n%s\n", changes));
    if (!find(LIST("gamma/seed1"))) fail_msg("%s", err.text);
    const bool ok = run_check(&list.items[0], NULL, &err);
    assert_int_equal(ok, message == NULL);
    if (!message) return;
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(err.loc.line, line);
    if (!strstr(err.text, message)) fail_msg("\"%s\" is not in \"%s\"", message, err.text);
}

static void everything_is_checked_before_it_starts(void **state)
{
    (void)state;
    check("title: right", 0, NULL);
    check("evaluate: [elbo, active_units]\nfigures: [samples, latent_manifold]\ntrain: {history: test}", 0, NULL);
    check("network: {decoder: {layers: [dense: {units: 21}]}}", 9, "[8,21]");
    check("evaluate:\n  - elbo\n  - elbo: {split: valid}", 5, "split \"valid\": the experiment has none");
    check("figures:\n  - samples\n  - reconstructions", 5, "wants 16 images of split \"test\", which has 7");
    check("data: {split: {train: 15, valid: 5}}\ntrain: {history: both}", 0, NULL);
    check("train: {history: valid}", 3, "split \"valid\": the experiment has none");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(targets_name_runs),
        TEST(many_runs_are_each_found_once),
        TEST(two_files_of_one_experiment_are_refused),
        TEST(experiments_come_by_name),
        TEST(targets_that_match_nothing_are_refused),
        TEST(a_file_that_is_broken_is_told_of_first),
        TEST(a_hint_tells_what_goes_on),
        TEST(an_unknown_data_set_has_its_place),
        TEST(a_frozen_run_comes_back),
        TEST(everything_is_checked_before_it_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
