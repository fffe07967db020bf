/* What is still to do for a run, in every state that its folder can be in, and the keys that changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/run/checkpoint.h"
#include "runner/run/evaluate.h"
#include "runner/run/state.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

static Tiny tiny;
static Run run;
static char folder[512];

static int setup(void **state)
{
    static int number;
    Err err = {0};
    char name[32];
    (void)state;
    snprintf(name, sizeof name, "run%d", number++);
    tiny_make(&tiny, NULL);
    run = tiny_run(&tiny, test_path(folder, name));
    return file_make_folder(folder, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    tiny_release(&tiny);
    return 0;
}

static const char *in_folder(const char *name)
{
    return arena_printf(&tiny.arena, "%s/%s", folder, name);
}

static void expect_of(const Run *r, RunState wanted, const char *reason)
{
    const RunStatus status = run_status(&tiny.arena, r);
    if (status.state != wanted || strcmp(status.reason, reason) != 0)
        fail_msg("\"%s: %s\" is not \"%s: %s\"", run_state_name(status.state), status.reason, run_state_name(wanted),
                 reason);
}

static void expect(RunState wanted, const char *reason)
{
    expect_of(&run, wanted, reason);
}

static void write_weights(const char *identity)
{
    TensorList list = {0};
    Err err = {0};
    tensors_metadata(&list, "identity", identity);
    params_list(&tiny.model.params, "", tiny.model.params.value, &list);
    if (!safetensors_write(in_folder("weights.safetensors"), &list, &err)) fail_msg("%s", err.text);
    tensors_release(&list);
}

static void write_history(void)
{
    History history;
    Err err = {0};
    history_init(&history, &run.experiment);
    for (int epoch = 1; epoch <= 2; epoch++) {
        double *row = history_add(&history);
        row[0] = epoch;
    }
    if (!history_write(&history, in_folder("history.csv"), &err)) fail_msg("%s", err.text);
    history_release(&history);
}

static void write_checkpoint_at(const char *identity, uint64_t epoch, uint64_t step)
{
    TrainState state;
    Err err = {0};
    train_state_init(&state, &run.experiment);
    state.epoch = epoch;
    state.step = step;
    if (!checkpoint_save(in_folder("checkpoint.safetensors"), identity, &tiny.model.params, &state, &err))
        fail_msg("%s", err.text);
    train_state_release(&state);
}

static void write_checkpoint(const char *identity)
{
    write_checkpoint_at(identity, 1, 3);
}

static void evaluate(void)
{
    Progress progress = {.quiet = true};
    Err err = {0};
    if (!evaluate_run(&run, &tiny.model, &tiny.dataset, NULL, &progress, &err)) fail_msg("%s", err.text);
}

static void finish(void)
{
    write_weights(run.weights_identity);
    write_history();
    evaluate();
}

/* The same run with overrides; it lives until the other Tiny goes. */
static Run changed(Tiny *other, const char *const *overrides)
{
    tiny_make(other, overrides);
    return tiny_run(other, folder);
}

static void names_of_states(void **state)
{
    (void)state;
    assert_string_equal(run_state_name(RUN_CURRENT), "up to date");
    assert_string_equal(run_state_name(RUN_EVALUATE), "evaluate");
    assert_string_equal(run_state_name(RUN_RESUME), "resume");
    assert_string_equal(run_state_name(RUN_TRAIN), "train");
}

static void from_nothing_to_up_to_date(void **state)
{
    (void)state;
    expect(RUN_TRAIN, "never run");
    write_checkpoint("another");
    expect(RUN_TRAIN, "a checkpoint of another configuration, of epoch 2, step 3, will be replaced");
    write_checkpoint(run.weights_identity);
    expect(RUN_RESUME, "interrupted in epoch 2 of 2, step 3");
    unlink(in_folder("checkpoint.safetensors"));
    write_weights("another");
    write_history();
    expect(RUN_TRAIN, "never run");
    assert_false(run_has_weights(&run));
    write_weights(run.weights_identity);
    assert_true(run_has_weights(&run));
    expect(RUN_EVALUATE, "trained, not evaluated");
    evaluate();
    expect(RUN_CURRENT, "");
    /* --force, and stopped: what was there is whole, and what began goes on */
    write_checkpoint(run.weights_identity);
    expect(RUN_RESUME, "interrupted in epoch 2 of 2, step 3");
    write_checkpoint_at(run.weights_identity, 2, 0);
    expect(RUN_RESUME, "interrupted after the last epoch");
    write_checkpoint("another");
    expect(RUN_CURRENT, "");
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    static const char *const outputs[] = {"config.yaml",         "history.csv",           "metrics.csv",
                                          "figures/samples.png", "figures/samples-2.png", "figures/learning_curve.png"};
    finish();
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        const char *path = in_folder(outputs[i]);
        const bool history = strcmp(outputs[i], "history.csv") == 0;
        if (unlink(path) != 0) fail_msg("%s was not made", outputs[i]);
        /* without its history a run can't be evaluated again, so it is trained */
        if (history)
            expect(RUN_TRAIN, "history.csv is missing");
        else
            expect(RUN_EVALUATE, arena_printf(&tiny.arena, "%s is missing", outputs[i]));
        finish();
        expect(RUN_CURRENT, "");
        /* an empty file is as good as none */
        Err err = {0};
        assert_true(file_write(path, "", 0, &err));
        assert_int_equal(run_status(&tiny.arena, &run).state, history ? RUN_TRAIN : RUN_EVALUATE);
        finish();
        expect(RUN_CURRENT, "");
    }
    unlink(in_folder("run.yaml"));
    expect(RUN_EVALUATE, "trained, not evaluated");
    finish();
    unlink(in_folder("weights.safetensors"));
    expect(RUN_TRAIN, "weights.safetensors is not here (it is not committed)");
}

static void broken_files_count_as_not_there(void **state)
{
    (void)state;
    static const char *const tables[] = {"metrics.csv", "history.csv"};
    Err err = {0};
    finish();
    for (size_t i = 0; i < 2; i++) {
        expect(RUN_CURRENT, "");
        assert_true(file_write(in_folder(tables[i]), "<<<<<<< HEAD\n", 13, &err));
        expect(i ? RUN_TRAIN : RUN_EVALUATE, arena_printf(&tiny.arena, "%s is damaged", tables[i]));
        finish();
    }
    assert_true(file_write(in_folder("run.yaml"), "identity: [", 11, &err));
    expect(RUN_EVALUATE, "trained, not evaluated");
    finish();
    assert_true(file_write(in_folder("config.yaml"), "title: mine\n", 12, &err));
    expect(RUN_EVALUATE, "config.yaml was changed by hand");
    finish();
    expect(RUN_CURRENT, "");
    /* weights that can't be read are no weights, and that is said; of a changed configuration, they don't matter */
    const char *damaged = "weights.safetensors is damaged: truncated: 5 bytes, a safetensors file has 8 at least";
    FILE *weights = fopen(in_folder("weights.safetensors"), "a");
    fputc('x', weights);
    fclose(weights);
    expect(RUN_TRAIN, "weights.safetensors is damaged: not a valid safetensors file: 1 bytes behind the last tensor");
    assert_true(file_write(in_folder("weights.safetensors"), "short", 5, &err));
    expect(RUN_TRAIN, damaged);
    assert_true(file_write(in_folder("checkpoint.safetensors"), "xxxxxxxxxxxx", 12, &err));
    expect(RUN_TRAIN, damaged);
    Tiny other;
    const Run second = changed(&other, TINY_WITH("train.epochs=3"));
    expect_of(&second, RUN_TRAIN, "changed: train.epochs");
    tiny_release(&other);
    unlink(in_folder("run.yaml"));
    expect(RUN_TRAIN, damaged);
}

static void changes_are_named(void **state)
{
    (void)state;
    Tiny other;
    finish();
    Run second = changed(&other, TINY_WITH("title=Another"));
    expect_of(&second, RUN_EVALUATE, "changed: title");
    tiny_release(&other);
    second = changed(&other, TINY_WITH("figures=[samples: {rows: 1, cols: 3}]"));
    assert_int_equal(run_status(&tiny.arena, &second).state, RUN_EVALUATE);
    tiny_release(&other);
    second = changed(&other, TINY_WITH("train.epochs=3", "data.batch=8"));
    expect_of(&second, RUN_TRAIN, "changed: data.batch, train.epochs");
    assert_string_equal(run_differences(&tiny.arena, &second, true), "data.batch: 16 -> 8\ntrain.epochs: 2 -> 3\n");
    write_checkpoint(second.weights_identity);
    expect_of(&second, RUN_RESUME, "interrupted in epoch 2 of 3, step 3");
    expect(RUN_CURRENT, "");
    tiny_release(&other);
}

/* What was interrupted and edited since then begins anew, and that is said. */
static void a_checkpoint_of_another_configuration_is_named(void **state)
{
    (void)state;
    Tiny other;
    write_checkpoint(run.weights_identity);
    Run second = changed(&other, TINY_WITH("train.epochs=3"));
    expect_of(&second, RUN_TRAIN, "a checkpoint of another configuration, of epoch 2, step 3, will be replaced");
    expect(RUN_RESUME, "interrupted in epoch 2 of 2, step 3");
    unlink(in_folder("checkpoint.safetensors"));
    finish();
    write_checkpoint_at(second.weights_identity, 2, 0);
    expect(RUN_CURRENT, ""); /* nothing replaces it */
    tiny_release(&other);
    second = changed(&other, TINY_WITH("data.batch=8"));
    expect_of(&second, RUN_TRAIN,
              "changed: data.batch; a checkpoint of another configuration, of epoch 3, step 0, will be replaced");
    tiny_release(&other);
}

static void the_data_and_the_numerics_are_named(void **state)
{
    (void)state;
    finish();
    tiny.info.sha256[0] = 'e';
    const Run second = tiny_run(&tiny, folder);
    expect_of(&second, RUN_TRAIN, "the version of the numerics or the data changed");
    assert_string_equal(run_differences(&tiny.arena, &second, true), "");
}

static void differences_show_both_sides(void **state)
{
    (void)state;
    Tiny other;
    assert_string_equal(run_differences(&tiny.arena, &run, true), ""); /* nothing to compare with */
    finish();
    assert_string_equal(run_differences(&tiny.arena, &run, true), "");
    Run second = changed(&other, TINY_WITH("loss.kl=~", "evaluate=[]"));
    assert_string_equal(run_differences(&tiny.arena, &second, true),
                        "loss.kl: {kl_divergence: {posterior: latent}, weight: {constant: {value: 2}}} -> (absent)\n"
                        "evaluate.0: {elbo: {split: test}} -> (absent)\n"
                        "evaluate.1: {active_units: {split: test, threshold: 0.01}} -> (absent)\n");
    assert_string_equal(run_differences(&tiny.arena, &second, false), "loss.kl, evaluate.0, evaluate.1");
    tiny_release(&other);
    second = changed(&other, TINY_WITH("evaluate=[kl_dim, elbo, {active_units: {threshold: 0.01}}]"));
    assert_string_equal(run_differences(&tiny.arena, &second, true),
                        "evaluate.0: (absent) -> {kl_dim: {split: test}}\n");
    tiny_release(&other);
    second = changed(&other, TINY_WITH("evaluate=[{active_units: {threshold: 0.02}}]"));
    assert_string_equal(run_differences(&tiny.arena, &second, true),
                        "evaluate.0: {elbo: {split: test}} -> (absent)\n"
                        "evaluate.1: {active_units: {split: test, threshold: 0.01}} -> (absent)\n"
                        "evaluate.0: (absent) -> {active_units: {split: test, threshold: 0.02}}\n");
    tiny_release(&other);
    second = changed(&other, TINY_WITH("evaluate=[elbo, {active_units: {threshold: 0.02}}]"));
    assert_string_equal(run_differences(&tiny.arena, &second, true),
                        "evaluate.1.active_units.threshold: 0.01 -> 0.02\n");
    tiny_release(&other);
}

/* run.yaml tells where the results come from, and nothing of the machine. */
static void the_provenance_is_whole(void **state)
{
    (void)state;
    char *bytes, weights[65];
    size_t length;
    Err err = {0};
    finish();
    assert_true(sha256_file(in_folder("weights.safetensors"), weights, &err));
    assert_true(file_read(in_folder("run.yaml"), 1 << 16, &bytes, &length, &err));
    const char *wanted =
        arena_printf(&tiny.arena,
                     "identity: %s\nweights_identity: %s\ndataset: made_up\ndataset_sha256: %s\nnumerics: %s\n"
                     "numerics_version: %d\nweights_sha256: %s\nparameters: %zu\nepochs: 2\n",
                     run.identity, run.weights_identity, tiny.info.sha256, NUMERICS_DEFAULT, NUMERICS_VERSION, weights,
                     params_count(&tiny.model.params));
    assert_string_equal(bytes, wanted);
    free(bytes);
    assert_true(file_read(in_folder("metrics.csv"), 1 << 16, &bytes, &length, &err));
    assert_ptr_equal(strstr(bytes, "metric,split,value,unit,n,detail\nnegative_elbo,test,"), bytes);
    assert_non_null(strstr(bytes, "\nactive_units,test,"));
    free(bytes);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_states),
        TEST(from_nothing_to_up_to_date),
        TEST(what_is_missing_is_named),
        TEST(broken_files_count_as_not_there),
        TEST(changes_are_named),
        TEST(a_checkpoint_of_another_configuration_is_named),
        TEST(the_data_and_the_numerics_are_named),
        TEST(differences_show_both_sides),
        TEST(the_provenance_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
