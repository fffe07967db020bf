/* Runs that need others: found and ordered, identified by them, planned before their users, and read back. The runs of
 * these tests name each other by `data.codes`, which decides the weights; nothing here builds their networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/run/due.h"
#include "runner/run/history.h"
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
    const char *end = strrchr(path, '/');
    if (!file_make_folder(arena_text_n(&set.arena, path, (size_t)(end - path)), &failed) ||
        !file_write(path, text, strlen(text), &failed))
        fail_msg("%s", failed.text);
}

#define BODY                                                                                                           \
    "network:\n"                                                                                                       \
    "  encoder: {input: label, layers: [flatten]}\n"                                                                   \
    "  latent: {input: encoder, layers: [gaussian_posterior: {dim: 2}]}\n"                                             \
    "  decoder: {input: latent, layers: [dense: {units: 20}, reshape: [4, 5, 1]]}\n"                                   \
    "loss:\n"                                                                                                          \
    "  reconstruction: {binary_cross_entropy: {logits: decoder, target: label}}\n"                                     \
    "  kl: {kl_divergence: {posterior: latent}}\n"                                                                     \
    "train: {epochs: 1, optimizer: adam}\n"

static void put_base(const char *optimizer)
{
    put("base.yaml", arena_printf(&set.arena,
                                  "experiment: base\nmatrix: {n: [1, 2]}\ntitle: \"${n}\"\n"
                                  "data: {dataset: small, batch: \"${n}\"}\n%strain: {optimizer: %s}\n",
                                  "extends: body.yaml\n", optimizer));
}

static int setup(void **state)
{
    (void)state;
    err = (Err){0};
    small_set_init(&set);
    small_set_publish(&set);
    put("body.yaml", "experiment: body\ndata: {dataset: small}\n" BODY);
    put_base("adam");
    put("user.yaml", "experiment: user\nextends: body.yaml\ndata: {codes: base/n2}\n");
    put("last.yaml", "experiment: last\nextends: body.yaml\nmatrix: {n: [1, 2]}\ntitle: x\n"
                     "data:\n  codes: user\n  batch: \"${n}\"\n");
    place = (RunPlace){.experiments = set.folder,
                       .results = arena_printf(&set.arena, "%s/r", set.folder),
                       .resolve = {.folder = set.folder}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    runs_release(&list);
    small_set_release(&set);
    return 0;
}

static bool find(const char *target)
{
    char *word = arena_text(&set.arena, target);
    runs_release(&list);
    err = (Err){0};
    return runs_find(&list, &place, &word, 1, &err);
}

static const Run *get(const char *path)
{
    for (size_t i = 0; i < list.total; i++)
        if (!strcmp(list.items[i].path, path)) return &list.items[i];
    fail_msg("%s is not in the list", path);
    return NULL;
}

static void must_find(const char *target)
{
    if (!find(target)) fail_msg("%s: %s:%d: %s", target, err.loc.file, err.loc.line, err.text);
}

/* ---- finding ---- */

static void needs_stand_behind_the_targets(void **state)
{
    (void)state;
    must_find("last");
    assert_int_equal(list.n, 2);
    assert_int_equal(list.total, 4);
    static const char *const order[] = {"base/n2/seed1", "user/seed1", "last/n1/seed1", "last/n2/seed1"};
    assert_int_equal(list.ordered, 4);
    for (size_t i = 0; i < 4; i++) assert_string_equal(list.order[i]->path, order[i]);
    assert_string_equal(get("last/n1/seed1")->experiment.needs[0].run.name, "user/seed1");
    assert_true(get("last/n1/seed1")->experiment.needs[0].weights);
    assert_ptr_equal(get("last/n1/seed1")->needs[0], get("user/seed1"));
    assert_ptr_equal(get("user/seed1")->needs[0], get("base/n2/seed1"));
    must_find("base");
    assert_int_equal(list.total, 2);
}

/* What stands in the frozen configuration is the whole name. */
static void the_configuration_holds_the_whole_name(void **state)
{
    (void)state;
    must_find("user");
    assert_non_null(strstr(get("user/seed1")->config, "  codes: base/n2/seed1\n"));
    char old[65];
    memcpy(old, get("user/seed1")->identity, 65);
    put("user.yaml", "experiment: user\nextends: body.yaml\ndata: {codes: base/n2/seed1}\n");
    must_find("user");
    assert_string_equal(get("user/seed1")->identity, old);
}

static void overrides_and_seeds_are_for_targets(void **state)
{
    (void)state;
    static const char *const overrides[] = {"train.epochs=7"};
    place.resolve.overrides = overrides;
    place.resolve.override_count = 1;
    place.resolve.has_seed = true;
    place.resolve.seed = 9;
    must_find("user");
    assert_int_equal(get("user/seed9")->experiment.train.epochs, 7);
    assert_int_equal(get("base/n2/seed1")->experiment.train.epochs, 1);
}

static void refuse(const char *codes, int line, const char *message)
{
    put("user.yaml", arena_printf(&set.arena, "experiment: user\nextends: body.yaml\ndata:\n  codes: %s\n", codes));
    assert_false(find("user"));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_non_null(strstr(err.loc.file, "user.yaml"));
    assert_int_equal(err.loc.line, line);
    if (!strstr(err.text, message)) fail_msg("\"%s\" is not in \"%s\"", message, err.text);
}

static void names_are_refused_at_their_place(void **state)
{
    (void)state;
    refuse("bsae/n2", 4, "; did you mean \"base\"?");
    refuse("base", 4, "base has 2 variants; name one of them: base/n1, base/n2");
    refuse("[base]", 4, "codes in data: wants the name of a run, got a list");
    refuse("user", 4, "runs need each other in a cycle: user/seed1 -> user/seed1");
}

static void a_cycle_is_named(void **state)
{
    (void)state;
    put("base.yaml", "experiment: base\nextends: body.yaml\nmatrix: {n: [1, 2]}\ntitle: x\n"
                     "data: {batch: \"${n}\", codes: last/n1}\n");
    assert_false(find("last/n2"));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.text, "runs need each other in a cycle: user/seed1 -> base/n2/seed1 -> last/n1/seed1 -> "
                                  "user/seed1");
    assert_non_null(strstr(err.loc.file, "last.yaml"));
    assert_int_equal(err.loc.line, 6);
}

/* ---- identity ---- */

static void the_weights_of_a_need_decide(void **state)
{
    (void)state;
    char user[65], last[65], other[65];
    must_find("last");
    memcpy(user, get("user/seed1")->weights_identity, 65);
    memcpy(last, get("last/n1/seed1")->weights_identity, 65);
    put_base("{adam: {lr: 0.5}}");
    must_find("last");
    assert_string_not_equal(get("user/seed1")->weights_identity, user);
    assert_string_not_equal(get("last/n1/seed1")->weights_identity, last);
    memcpy(other, get("user/seed1")->weights_identity, 65);
    put("base.yaml", arena_printf(&set.arena, "experiment: base\nextends: body.yaml\nmatrix: {n: [1, 2]}\n"
                                              "title: another\nfigures: [samples]\ndata: {batch: \"${n}\"}\n"
                                              "train: {optimizer: {adam: {lr: 0.5}}}\n"));
    must_find("last");
    assert_string_equal(get("user/seed1")->weights_identity, other);
}

/* What only metrics and figures ask for enters the second stage alone. */
static void what_is_only_looked_at_does_not_decide(void **state)
{
    (void)state;
    must_find("user");
    Run run = *get("user/seed1"), base = *run.needs[0];
    const Run *needs[] = {&base};
    NeededRun looked = run.experiment.needs[0];
    run.needs = needs;
    for (int weights = 0; weights < 2; weights++) {
        Run before, after;
        looked.weights = weights;
        run.experiment.needs = &looked;
        run_identify(&list.arena, &run);
        before = run;
        base.weights_identity[0] = base.weights_identity[0] == 'x' ? 'y' : 'x';
        run_identify(&list.arena, &run);
        after = run;
        assert_int_equal(strcmp(before.weights_identity, after.weights_identity) == 0, !weights);
        assert_string_not_equal(before.identity, after.identity);
    }
}

/* ---- what is to be done ---- */

/* Weights of that identity; nothing reads the numbers. */
static void give_weights(const Run *run)
{
    Err failed = {0};
    TensorList tensors = {0};
    History history;
    put(arena_printf(&set.arena, "r/%s/config.yaml", run->path), run->config);
    history_init(&history, &run->experiment);
    for (int64_t i = 0; i < run->experiment.train.epochs; i++) history_add(&history);
    if (!history_write(&history, arena_printf(&set.arena, "%s/history.csv", run->folder), &failed))
        fail_msg("%s", failed.text);
    history_release(&history);
    tensors_metadata(&tensors, "identity", run->weights_identity);
    if (!safetensors_write(arena_printf(&set.arena, "%s/weights.safetensors", run->folder), &tensors, &failed))
        fail_msg("%s", failed.text);
    tensors_release(&tensors);
}

static void give_results(const Run *run)
{
    give_weights(run);
    put(arena_printf(&set.arena, "r/%s/metrics.csv", run->path), "metric,split,value,unit,n,detail\n");
    const char *text = arena_printf(&set.arena, "identity: %s\n", run->identity);
    for (size_t i = 0; i < run->experiment.need_count; i++)
        text = arena_printf(&set.arena, "%s%s  %s: %s\n", text, i ? "" : "needs:\n", run->needs[i]->path,
                            run->needs[i]->weights_identity);
    put(arena_printf(&set.arena, "r/%s/run.yaml", run->path), text);
}

static void expect_due(const char *const *paths)
{
    const DueList due = due_make(&list, false);
    size_t n = 0;
    for (; paths[n]; n++) {
        if (n >= due.n) fail_msg("%s is not to be done", paths[n]);
        assert_string_equal(due.items[n].run->path, paths[n]);
    }
    if (due.n > n) fail_msg("%s is to be done", due.items[n].run->path);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void needs_are_done_first(void **state)
{
    (void)state;
    must_find("last");
    expect_due(LIST("base/n2/seed1", "user/seed1", "last/n1/seed1", "last/n2/seed1"));
    const DueList due = due_make(&list, false);
    assert_int_equal(due.targets, 2);
    assert_int_equal(due.items[0].wait_count, 0);
    assert_int_equal(due.items[1].wait_count, 1);
    assert_int_equal(due.items[1].waits[0], 0);
    assert_int_equal(due.items[2].wait_count, 2); /* its model may ask for base, too */
    assert_ptr_equal(due.items[1].user, get("last/n1/seed1"));
    assert_null(due.items[2].user);
}

/* Nobody waits for a run that has its weights; it is brought to its end all the same. */
static void weights_are_enough(void **state)
{
    (void)state;
    must_find("user");
    give_weights(get("base/n2/seed1"));
    const DueList due = due_make(&list, false);
    assert_int_equal(due.n, 2);
    assert_int_equal(due.items[0].status.state, RUN_EVALUATE);
    assert_int_equal(due.items[1].wait_count, 0);
    give_results(get("base/n2/seed1"));
    expect_due(LIST("user/seed1"));
}

/* A target that is up to date asks for nothing. */
static void who_needs_nothing_done_needs_nothing(void **state)
{
    (void)state;
    const char *none[] = {NULL};
    must_find("user");
    give_results(get("user/seed1"));
    expect_due(none);
    const DueList forced = due_make(&list, true);
    assert_int_equal(forced.n, 2);
    assert_false(forced.items[0].forced);
    assert_true(forced.items[1].forced);
    assert_int_equal(forced.items[1].status.state, RUN_TRAIN);
}

static void a_changed_need_is_the_reason(void **state)
{
    (void)state;
    must_find("user");
    give_results(get("user/seed1"));
    put_base("{adam: {lr: 0.5}}");
    must_find("user");
    const Run *user = get("user/seed1");
    const RunStatus status = run_status(&set.arena, user);
    assert_int_equal(status.state, RUN_TRAIN);
    assert_string_equal(status.reason, "a run it needs changed: base/n2/seed1");
    assert_non_null(strstr(run_differences(&set.arena, user, true), "base/n2/seed1, which it needs: other weights"));
    assert_string_equal(run_differences(&set.arena, user, false), "");
}

/* With -o the usual results lend what is trained there; the rest is made beside the targets. */
static void trained_needs_are_borrowed(void **state)
{
    (void)state;
    must_find("user");
    give_weights(get("base/n2/seed1"));
    place.lender = place.results;
    place.results = arena_printf(&set.arena, "%s/other", set.folder);
    must_find("last/n1");
    assert_true(get("base/n2/seed1")->borrowed);
    assert_string_equal(get("base/n2/seed1")->folder, arena_printf(&set.arena, "%s/base/n2/seed1", place.lender));
    assert_false(get("user/seed1")->borrowed);
    assert_string_equal(get("user/seed1")->folder, arena_printf(&set.arena, "%s/user/seed1", place.results));
    expect_due(LIST("user/seed1", "last/n1/seed1"));
    must_find("base/n2");
    assert_false(get("base/n2/seed1")->borrowed);
    expect_due(LIST("base/n2/seed1"));
}

/* ---- in the run's own process ---- */

static bool read_back(const Run *run, const char *folders, Run *again)
{
    err = (Err){0};
    put(arena_printf(&set.arena, "r/%s/log/config.yaml", run->path), run->config);
    if (!run_read(&list.arena, again, set.folder, run->folder, "log/config.yaml", &err)) fail_msg("%s", err.text);
    return needs_read(&list.arena, again, set.folder, folders, &err);
}

static void a_run_comes_back_with_its_needs(void **state)
{
    (void)state;
    Run again;
    must_find("last/n1");
    const Run *run = get("last/n1/seed1");
    const char *folders = needs_folders(&set.arena, run);
    assert_string_equal(folders, arena_printf(&set.arena, "user/seed1=%s/user/seed1\nbase/n2/seed1=%s/base/n2/seed1\n",
                                              place.results, place.results));
    give_weights(get("base/n2/seed1"));
    give_weights(get("user/seed1"));
    if (!read_back(run, folders, &again)) fail_msg("%s", err.text);
    assert_string_equal(again.identity, run->identity);
    assert_string_equal(again.weights_identity, run->weights_identity);
    assert_string_equal(again.needs[0]->path, "user/seed1");
    assert_string_equal(again.needs[0]->needs[0]->path, "base/n2/seed1");

    Needs needs;
    needs_models(&list.arena, &again, &needs);
    assert_int_equal(needs.n, 2);
    assert_ptr_equal(needs_experiment(&needs, again.experiment.needs[0].run), &again.needs[0]->experiment);
    needs_release(&needs);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    Run again;
    must_find("user");
    const Run *run = get("user/seed1"), *base = get("base/n2/seed1");
    const char *folders = needs_folders(&set.arena, run);
    assert_false(read_back(run, folders, &again));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_non_null(strstr(err.text, "base/n2/seed1, which is needed, has no weights of its configuration in "));
    assert_false(read_back(run, "", &again));
    assert_non_null(strstr(err.text, "base/n2/seed1 is needed, and nothing says where it lies"));
    give_weights(base);
    assert_true(read_back(run, folders, &again));
    /* retrained since with another configuration */
    char *other = arena_text(&set.arena, base->config);
    *strstr(strstr(other, "epochs: 1"), "1") = '2';
    put("r/base/n2/seed1/config.yaml", other);
    assert_false(read_back(run, folders, &again));
    put("r/base/n2/seed1/log/config.yaml", base->config);
    assert_true(read_back(run, folders, &again));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(needs_stand_behind_the_targets),
        TEST(the_configuration_holds_the_whole_name),
        TEST(overrides_and_seeds_are_for_targets),
        TEST(names_are_refused_at_their_place),
        TEST(a_cycle_is_named),
        TEST(the_weights_of_a_need_decide),
        TEST(what_is_only_looked_at_does_not_decide),
        TEST(needs_are_done_first),
        TEST(weights_are_enough),
        TEST(who_needs_nothing_done_needs_nothing),
        TEST(a_changed_need_is_the_reason),
        TEST(trained_needs_are_borrowed),
        TEST(a_run_comes_back_with_its_needs),
        TEST(what_is_not_there_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
