/* Experiments bound, checked, printed and read again; the committed ones among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "nn/kernel/numerics.h"
#include "nn/schedule/schedule.h"
#include "runner/config/experiment.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "tests/support/folder.h"

static const ExperimentTables tables = {.metrics = &metrics_table, .figures = &figures_table};

static const char base[] = "experiment: e\n"
                           "data: {dataset: mnist}\n"
                           "network:\n"
                           "  decoder: {input: latent, layers: [dense: {units: 784}, reshape: [28, 28, 1]]}\n"
                           "  encoder: {input: image, layers: [flatten]}\n"
                           "  latent: {input: encoder, layers: [gaussian_posterior: {dim: 2}]}\n"
                           "loss:\n"
                           "  reconstruction: {binary_cross_entropy: {logits: decoder, target: image}}\n"
                           "  kl: {kl_divergence: {posterior: latent}, weight: 2}\n"
                           "train: {epochs: 10, optimizer: adam}\n";

static int setup(void **state)
{
    *state = calloc(1, sizeof(Arena));
    return 0;
}

static int teardown(void **state)
{
    arena_release(*state);
    free(*state);
    return 0;
}

static bool bind_file(Arena *arena, const char *path, const char *const *overrides, size_t n, size_t variant,
                      Experiment *experiment, Err *err)
{
    ResolveOptions options = {.folder = "experiments", .overrides = overrides, .override_count = n};
    VariantList list;
    *err = (Err){0};
    if (!resolve_file(arena, path, &options, &list, err)) return false;
    return experiment_bind(arena, &list.items[variant], list.items[variant].seeds[0], &tables, experiment, err);
}

/* The base with overrides laid over it. */
static bool bind(Arena *arena, Experiment *experiment, Err *err, size_t n, const char *const *overrides)
{
    char path[512];
    FILE *file = fopen(test_path(path, "e.yaml"), "w");
    assert_non_null(file);
    fputs(base, file);
    assert_int_equal(fclose(file), 0);
    return bind_file(arena, path, overrides, n, 0, experiment, err);
}

static void refuse(Arena *arena, const char *const *overrides, size_t n, const char *phrase)
{
    Experiment experiment;
    Err err;
    if (bind(arena, &experiment, &err, n, overrides)) fail_msg("%s passed", overrides[0]);
    assert_int_equal(err.kind, ERR_CONFIG);
    if (!strstr(err.text, phrase)) fail_msg("\"%s\" is not in \"%s\"", phrase, err.text);
}

#define REFUSE(phrase, ...)                                                                                            \
    do {                                                                                                               \
        const char *const overrides_[] = {__VA_ARGS__};                                                                \
        refuse(*state, overrides_, sizeof overrides_ / sizeof *overrides_, phrase);                                    \
    } while (0)

static void an_experiment_is_bound(void **state)
{
    Experiment e;
    Err err;
    if (!bind(*state, &e, &err, 0, NULL)) fail_msg("%d: %s", err.loc.line, err.text);
    assert_string_equal(e.name, "e");
    assert_string_equal(e.title, "");
    assert_string_equal(e.variant, "");
    assert_int_equal(e.seed, 1);
    assert_string_equal(e.numerics, NUMERICS_DEFAULT);
    assert_string_equal(e.data.dataset.name, "mnist");
    assert_int_equal(e.data.batch, 128);
    assert_string_equal(e.data.binarize, "none");
    assert_true(e.data.limit == 0 && e.data.split_train == 0 && e.data.split_valid == 0);
    const char *const sections[] = {"encoder", "latent", "decoder"};
    assert_int_equal(e.section_count, 3);
    for (size_t i = 0; i < 3; i++) assert_string_equal(e.sections[i].name, sections[i]);
    assert_int_equal(e.loss_count, 2);
    assert_string_equal(e.losses[0].name, "kl");
    assert_string_equal(e.losses[1].name, "reconstruction");
    const ScheduleTime start = {0, 1, 10};
    assert_true(schedule_at(&e.losses[0].weight, start) == 2);
    assert_true(schedule_at(&e.losses[1].weight, start) == 1);
    assert_int_equal(e.train.epochs, 10);
    assert_string_equal(e.train.optimizer.row->name, "adam");
    assert_string_equal(e.train.lr_schedule.row->name, "constant");
    assert_true(schedule_at(&e.train.lr_schedule, start) == 1);
    assert_true(e.evaluate.n == 0 && e.figures.n == 0);
}

static void values_are_checked(void **state)
{
    REFUSE("epochs in train", "train.epochs=0");
    REFUSE("batch in data", "data.batch=0");
    REFUSE("valid in split", "data.split={train: 3, valid: 0}");
    REFUSE("missing key \"valid\"", "data.split={train: 3}");
    REFUSE("data: wants a map", "data=mnist");
    REFUSE("one of openblas, exact", "numerics=fast");
    REFUSE("title in the experiment", "title=3");
    REFUSE("loss: no term", "loss={}");
    REFUSE("network: no section", "network={}", "loss.kl={kl_divergence: {posterior: image}}",
           "loss.reconstruction={binary_cross_entropy: {logits: image, target: image}}");
    REFUSE("is an input of the network", "network.label={input: latent, layers: []}");
    REFUSE("letters, digits, _ and -", "network.a b={input: latent, layers: []}");
    REFUSE("letters, digits, _ and -", "loss.a b={kl_divergence: {posterior: latent}}");
    REFUSE("did you mean \"figures\"?", "figure=[]");
}

static void names_are_checked(void **state)
{
    REFUSE("no section or input is named \"latnt\"; did you mean \"latent\"?", "network.decoder.input=latnt");
    REFUSE("no section or input is named \"decodr\"; did you mean \"decoder\"?",
           "loss.reconstruction.binary_cross_entropy.logits=decodr");
    REFUSE("fed by itself", "network.encoder.input=latent");
}

static void unused_sections_are_refused(void **state)
{
    REFUSE("unused section \"side\"", "network.side={input: latent, layers: [relu]}");
    Experiment e;
    Err err;
    const char *const used[] = {"network.side={input: latent, layers: [relu]}",
                                "loss.more={squared_error: {prediction: side, target: latent}}"};
    assert_true(bind(*state, &e, &err, 2, used));
}

static void the_worst_is_reported_first(void **state)
{
    const char *const problems[] = {"trian={}", "train.epochs=x", "network.decoder.input=latnt", "loss={}",
                                    "network.side={input: latent, layers: []}"};
    const char *const phrases[] = {"unknown key \"trian\"", "epochs in train", "named \"latnt\"", "loss: no term",
                                   "unused section \"side\""};
    for (size_t i = 0; i < 5; i++) refuse(*state, problems + i, 5 - i, phrases[i]);
}

static void unresolved_names_come_in_their_turn(void **state)
{
    REFUSE("epochs in train", "data.limit=${dim}", "train.epochs=x");
    REFUSE("unknown name \"dim\"", "data.limit='${dim}'", "loss={}");
}

static void a_dead_learning_rate_is_refused(void **state)
{
    REFUSE("over all of epoch 6 of 10", "train.lr_schedule={linear: {from: 1, to: 0, epochs: 5}}");
    REFUSE("over all of epoch 1 of 10", "train.lr_schedule=0");
    REFUSE("over all of epoch 3 of 10", "train.lr_schedule={exponential: {gamma: 1e-10}}");
    static const char *const fine[] = {"train.lr_schedule={linear: {from: 1, to: 0, epochs: 10}}",
                                       "train.lr_schedule=cosine", "train.lr_schedule={exponential: {gamma: 0.1}}",
                                       "train.lr_schedule={linear: {from: 0, to: 1, epochs: 10}}"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        Experiment e;
        Err err;
        if (!bind(*state, &e, &err, 1, &fine[i])) fail_msg("%s: %s", fine[i], err.text);
    }
}

static void check_round_trip(Arena *arena, const Experiment *experiment)
{
    char path[512];
    Text once = {0}, twice = {0};
    Experiment again;
    Err err = {0};
    experiment_print(&once, experiment, false);
    assert_true(file_write(test_path(path, "config.yaml"), once.bytes, once.n, &err));
    if (!experiment_read(arena, path, &tables, &again, &err))
        fail_msg("%d:%d: %s\n%s", err.loc.line, err.loc.col, err.text, once.bytes);
    experiment_print(&twice, &again, false);
    assert_string_equal(once.bytes, twice.bytes);
    assert_string_equal(again.name, experiment->name);
    assert_string_equal(again.variant, experiment->variant);
    assert_true(again.seed == experiment->seed);
    text_release(&once);
    text_release(&twice);
}

static void a_printed_experiment_reads_back(void **state)
{
    Experiment e;
    Err err;
    const char *const overrides[] = {
        "title='a: \"b\" # ${x}'",         "seeds=[9223372036854775807]",
        "data.split={train: 5, valid: 6}", "loss.kl.weight={linear: {from: 0, to: 0.1, epochs: 3}}",
        "evaluate=[elbo: {split: valid}]", "figures=[samples: {rows: 2}]"};
    assert_false(bind(*state, &e, &err, 6, overrides));
    const char *escaped[6];
    memcpy(escaped, overrides, sizeof escaped);
    escaped[0] = "title='a: \"b\" # $${x}'";
    if (!bind(*state, &e, &err, 6, escaped)) fail_msg("%s", err.text);
    assert_string_equal(e.title, "a: \"b\" # ${x}");
    check_round_trip(*state, &e);
}

static char *print(Arena *arena, const Experiment *experiment, bool weights_only)
{
    Text text = {0};
    experiment_print(&text, experiment, weights_only);
    char *copy = arena_text(arena, text.bytes);
    text_release(&text);
    return copy;
}

/* The first stage of the identity: what doesn't decide the weights leaves its text as it is, all else changes it. */
static void weights_have_a_text_of_their_own(void **state)
{
    Experiment plain, other;
    Err err;
    assert_true(bind(*state, &plain, &err, 0, NULL));
    const char *text = print(*state, &plain, true), *whole = print(*state, &plain, false);
    static const char *const same[] = {"title=words", "evaluate=[elbo]", "figures=[samples]"};
    static const char *const different[] = {"data.limit=5",
                                            "train.epochs=9",
                                            "seeds=[2]",
                                            "loss.kl.weight=3",
                                            "data.batch=64",
                                            "train.optimizer.adam.lr=0.1",
                                            "network.latent.layers.0.gaussian_posterior.dim=3"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(bind(*state, &other, &err, 1, &same[i]));
        assert_string_equal(print(*state, &other, true), text);
        assert_string_not_equal(print(*state, &other, false), whole);
    }
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        const char *const one[] = {"train.optimizer={adam: {}}", different[i]};
        if (!bind(*state, &other, &err, 2, one)) fail_msg("%s: %s", different[i], err.text);
        assert_string_not_equal(print(*state, &other, true), text);
    }
}

static void formatting_and_order_do_not_count(void **state)
{
    Experiment plain, other;
    Err err;
    assert_true(bind(*state, &plain, &err, 0, NULL));
    const char *const overrides[] = {
        "loss={kl: {weight: {constant: {value: 2.0}}, kl_divergence: {posterior: latent}}, reconstruction: "
        "{binary_cross_entropy: {target: image, logits: decoder}, weight: 1}}",
        "train={optimizer: {adam: {lr: 1e-3}}, lr_schedule: constant, epochs: 10}"};
    assert_true(bind(*state, &other, &err, 2, overrides));
    assert_string_equal(print(*state, &other, false), print(*state, &plain, false));
}

static void frozen_files_are_checked(void **state)
{
    static const char *const texts[] = {"- 1\n", "experiment: e\nvariant: \"\"\n", "experiment: e\nseed: 1\n",
                                        "experiment: e\nvariant: \"\"\nseed: -1\n",
                                        "experiment: e\nvariant: \"\"\nseed: 1\nmatrix: {}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char path[512];
        Experiment e;
        Err err = {0};
        assert_true(file_write(test_path(path, "config.yaml"), texts[i], strlen(texts[i]), &err));
        assert_false(experiment_read(*state, path, &tables, &e, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
    }
}

static void the_committed_vae_is_right(void **state)
{
    size_t figures = 0;
    for (size_t variant = 4; variant-- > 0;) {
        static const char *const names[] = {"dim2", "dim8", "dim16", "dim32"};
        Experiment e;
        Err err;
        if (!bind_file(*state, "experiments/vae.yaml", NULL, 0, variant, &e, &err))
            fail_msg("%d:%d: %s", err.loc.line, err.loc.col, err.text);
        assert_string_equal(e.variant, names[variant]);
        if (variant == 0) assert_int_equal(e.figures.n, figures + 1); /* the manifold needs 2 dimensions */
        figures = e.figures.n;
        check_round_trip(*state, &e);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_experiment_is_bound),
        TEST(values_are_checked),
        TEST(names_are_checked),
        TEST(unused_sections_are_refused),
        TEST(the_worst_is_reported_first),
        TEST(unresolved_names_come_in_their_turn),
        TEST(a_dead_learning_rate_is_refused),
        TEST(a_printed_experiment_reads_back),
        TEST(weights_have_a_text_of_their_own),
        TEST(formatting_and_order_do_not_count),
        TEST(frozen_files_are_checked),
        TEST(the_committed_vae_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
