/* What a run's two identities depend on, and what they don't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "tests/support/tiny.h"

typedef struct Identities {
    char weights[65], all[65];
} Identities;

static Identities identify(const char *text, const char *const *overrides)
{
    Tiny tiny;
    Err err = {0};
    Identities out;
    if (!tiny_bind(&tiny, text, overrides, &err)) fail_msg("%s: %s", overrides ? overrides[0] : text, err.text);
    const Run run = tiny_run(&tiny, "nowhere");
    assert_int_equal(strlen(run.weights_identity), 64);
    assert_int_equal(strlen(run.identity), 64);
    memcpy(out.weights, run.weights_identity, 65);
    memcpy(out.all, run.identity, 65);
    arena_release(&tiny.arena);
    return out;
}

/* weights, all: whether they are to be the same as without the override. */
static void expect(const char *override, bool weights, bool all)
{
    const Identities base = identify(NULL, NULL), other = identify(NULL, TINY_WITH(override));
    if ((strcmp(base.weights, other.weights) == 0) != weights)
        fail_msg("%s: the weights' identity is %s", override, weights ? "another" : "the same");
    if ((strcmp(base.all, other.all) == 0) != all)
        fail_msg("%s: the identity is %s", override, all ? "another" : "the same");
}

static void formatting_does_not_count(void **state)
{
    (void)state;
    static const char other[] =
        "# a comment\n"
        "figures:\n- learning_curve: {}\n- samples: {cols: 2, rows: 1}\n- samples: {rows: 2, cols: 1}\n"
        "evaluate:\n  - elbo: {split: test}\n  - active_units:\n"
        "train:\n  history: \"both\"   # both\n  epochs: 2\n  optimizer: {adam: {lr: 1e-2}}\n"
        "  lr_schedule: constant\n"
        "loss:\n  kl: {weight: 2.0, kl_divergence: {posterior: latent}}\n"
        "  reconstruction: {binary_cross_entropy: {target: image, logits: decoder}}\n"
        "network:\n"
        "  decoder: {layers: [dense: {units: 20, bias: true}, reshape: {shape: [4, 5, 1]}], "
        "input: latent}\n"
        "  latent: {input: encoder, layers: [gaussian_posterior: {dim: 2}]}\n"
        "  encoder:\n    layers:\n    - conv2d: {stride: [2, 2], kernel: [3, 3], filters: 3}\n"
        "    - relu\n    - flatten\n    - dense: {units: 6}\n    input: image\n"
        "data: {split: {valid: 10, train: 60}, binarize: none, batch: 16, dataset: made_up}\n"
        "title: 'A tiny VAE'\nexperiment: tiny\n";
    const Identities base = identify(NULL, NULL), same = identify(other, NULL);
    assert_string_equal(base.weights, same.weights);
    assert_string_equal(base.all, same.all);
}

static void what_is_made_from_the_weights_is_the_second_stage(void **state)
{
    (void)state;
    expect("title=Another title", true, false);
    expect("evaluate=[elbo]", true, false);
    expect("evaluate=[elbo: {split: train}, active_units]", true, false);
    expect("figures=[]", true, false);
    expect("figures=[learning_curve, samples: {rows: 1, cols: 2}, samples: {rows: 2, cols: 2}]", true, false);
}

/* One override for every key that decides the weights; the next test sees that none is forgotten. */
static const char *const deciding[] = {
    "data.dataset=other",       "data.batch=15",
    "data.binarize=static",     "data.limit=50",
    "data.outliers=0.1",        "data.codes=vqvae",
    "data.split.train=59",      "data.split.valid=9",
    "train.epochs=3",           "train.optimizer={adam: {lr: 0.02}}",
    "train.lr_schedule=cosine", "train.history=none",
};

static void every_key_of_data_and_train_decides(void **state)
{
    (void)state;
    const struct {
        const char *prefix;
        const Field *fields;
    } parts[] = {{"data.", experiment_data_fields},
                 {"data.split.", experiment_split_fields},
                 {"train.", experiment_train_fields}};
    for (size_t i = 0; i < sizeof deciding / sizeof *deciding; i++) expect(deciding[i], false, false);
    for (size_t p = 0; p < 3; p++)
        for (const Field *field = parts[p].fields; field->key; field++) {
            char key[100];
            bool tried = false;
            const size_t length = (size_t)snprintf(key, sizeof key, "%s%s=", parts[p].prefix, field->key);
            for (size_t i = 0; i < sizeof deciding / sizeof *deciding; i++)
                tried = tried || strncmp(deciding[i], key, length) == 0;
            if (!tried) fail_msg("no case for %s", key);
        }
}

/* Another valid value for a field, as YAML, by its kind. */
static const char *other_value(Arena *arena, const Field *field, const void *options)
{
    const char *at = (const char *)options + field->offset;
    const int64_t *number = (const int64_t *)(const void *)at;
    switch (field->kind) {
    case FIELD_BOOL:
        return *(const bool *)at ? "false" : "true";
    case FIELD_INT:
        return arena_printf(arena, "%lld", (long long)*number + 1);
    case FIELD_REAL:
        return arena_printf(arena, "%.9g", *(const double *)(const void *)at / 2 + 1e-3);
    case FIELD_PAIR:
        return arena_printf(arena, "[%lld, %lld]", (long long)number[0], (long long)number[1] + 1);
    case FIELD_INTS:
        return "[5, 4, 1]";
    case FIELD_PADDING:
        return "[0, 1, 2, 3]";
    case FIELD_SPEC:
        return "zeros";
    default:
        fail_msg("%s: a kind of field that this test doesn't know", field->key);
        return NULL;
    }
}

static void try_layer(const Section *section, size_t i)
{
    const Spec *spec = &section->layers.items[i];
    for (const Field *field = spec->row->fields; field && field->key; field++) {
        Arena arena = {0};
        const char *path = arena_printf(&arena, "network.%s.layers.%zu", section->name, i);
        const char *value = other_value(&arena, field, spec->options);
        expect(arena_printf(&arena, "%s.%s.%s=%s", path, spec->row->name, field->key, value), false, false);
        arena_release(&arena);
    }
}

static void every_option_of_every_layer_decides(void **state)
{
    (void)state;
    Tiny tiny;
    Err err = {0};
    size_t layers = 0;
    assert_true(tiny_bind(&tiny, NULL, NULL, &err));
    for (size_t s = 0; s < tiny.experiment.section_count; s++)
        for (size_t i = 0; i < tiny.experiment.sections[s].layers.n; i++, layers++) {
            const Section *section = &tiny.experiment.sections[s];
            if (section->layers.items[i].row->shorthand) continue; /* reshape: below */
            try_layer(section, i);
        }
    assert_int_equal(layers, 7);
    expect("network.decoder.layers.1.reshape=[5, 4, 1]", false, false);
    expect("network.encoder.layers.1=tanh", false, false);
    expect("network.encoder.layers.1={relu: {name: other}}", false, false);
    arena_release(&tiny.arena);
}

static void the_rest_decides_too(void **state)
{
    (void)state;
    expect("loss.kl.weight=3", false, false);
    expect("loss.kl.weight={linear: {from: 0, to: 2, epochs: 2}}", false, false);
    expect("loss.kl=~", false, false);
    expect("loss.reconstruction={squared_error: {prediction: decoder, target: image}}", false, false);
    expect("train.optimizer={adam: {lr: 0.01, beta1: 0.8}}", false, false);
    expect("train.optimizer={sgd: {lr: 0.01}}", false, false);
    expect("network={encoder: {input: image, layers: [flatten]}, latent: {input: encoder, layers: [gaussian_posterior: "
           "{dim: 2}]}, decoder: {input: latent, layers: [dense: {units: 20}, reshape: [4, 5, 1]]}}",
           false, false);
}

static void seed_data_and_numerics_decide(void **state)
{
    (void)state;
    Tiny tiny;
    Err err = {0};
    assert_true(tiny_bind(&tiny, NULL, NULL, &err));
    const Run base = tiny_run(&tiny, "nowhere");
    tiny.experiment.seed = 2;
    assert_string_not_equal(tiny_run(&tiny, "nowhere").weights_identity, base.weights_identity);
    tiny.experiment.seed = 1;
    tiny.experiment.numerics = "other";
    assert_string_not_equal(tiny_run(&tiny, "nowhere").weights_identity, base.weights_identity);
    tiny.experiment.numerics = base.experiment.numerics;
    tiny.info.sha256[5] = 'e';
    assert_string_not_equal(tiny_run(&tiny, "nowhere").weights_identity, base.weights_identity);
    assert_string_not_equal(tiny_run(&tiny, "nowhere").identity, base.identity);
    tiny.info.sha256[5] = 'd';
    assert_string_equal(tiny_run(&tiny, "elsewhere").identity, base.identity);
    tiny.experiment.name = "another";
    assert_string_equal(tiny_run(&tiny, "nowhere").weights_identity, base.weights_identity);
    assert_string_not_equal(tiny_run(&tiny, "nowhere").identity, base.identity);
    arena_release(&tiny.arena);
}

/* The first stage, spelt out: hash(numerics, data, configuration). */
static void the_identity_is_a_sha256_of_the_text(void **state)
{
    (void)state;
    Tiny tiny;
    Err err = {0};
    Text config = {0};
    char hex[65];
    assert_true(tiny_bind(&tiny, NULL, NULL, &err));
    const Run run = tiny_run(&tiny, "nowhere");
    experiment_print(&config, &tiny.experiment, true);
    const char *text =
        arena_printf(&tiny.arena, "numerics %d\ndata %s\n%s", NUMERICS_VERSION, tiny.info.sha256, config.bytes);
    sha256_hex(text, strlen(text), hex);
    assert_string_equal(run.weights_identity, hex);
    text_release(&config);
    experiment_print(&config, &tiny.experiment, false);
    assert_string_equal(run.config, config.bytes);
    text_release(&config);
    arena_release(&tiny.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formatting_does_not_count),
        cmocka_unit_test(what_is_made_from_the_weights_is_the_second_stage),
        cmocka_unit_test(every_key_of_data_and_train_decides),
        cmocka_unit_test(every_option_of_every_layer_decides),
        cmocka_unit_test(the_rest_decides_too),
        cmocka_unit_test(seed_data_and_numerics_decide),
        cmocka_unit_test(the_identity_is_a_sha256_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
