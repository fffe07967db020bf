/* The wired model, its passes, and sweeps over rows in batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/model/wiring.h"
#include "tests/support/tiny.h"

static Tiny tiny;

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tiny_release(&tiny);
    return 0;
}

static void expect_shape(const char *name, Shape wanted)
{
    Shape got;
    if (!model_shape(&tiny.model, name, &got)) fail_msg("no shape of %s", name);
    assert_true(shape_equal(got, wanted));
}

static void shapes_have_no_batch(void **state)
{
    (void)state;
    Shape shape;
    expect_shape("image", (Shape){3, {4, 5, 1}});
    expect_shape("label", (Shape){.rank = 0});
    expect_shape("encoder", (Shape){1, {6}});
    expect_shape("latent", (Shape){1, {2}});
    expect_shape("latent.mean", (Shape){1, {2}});
    expect_shape("latent.log_variance", (Shape){1, {2}});
    expect_shape("decoder", (Shape){3, {4, 5, 1}});
    static const char *const none[] = {"encode", "encoders", "latent.", "latent.mea", "latent.means", ""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (model_shape(&tiny.model, none[i], &shape)) fail_msg("\"%s\" has a shape", none[i]);
}

static void terms_are_found_by_role(void **state)
{
    (void)state;
    assert_string_equal(model_term(&tiny.model, "reconstruction")->name, "reconstruction");
    assert_string_equal(model_term(&tiny.model, "kl")->name, "kl");
    assert_null(model_term(&tiny.model, "other"));
    Tiny two;
    tiny_make(&two, TINY_WITH("loss.codes={squared_error: {prediction: latent, target: latent}}"));
    assert_string_equal(model_term(&two.model, "reconstruction")->name, "reconstruction");
    tiny_release(&two);
    assert_string_equal(model_subject(&tiny.model, "reconstruction"), "decoder");
    assert_string_equal(model_subject(&tiny.model, "kl"), "latent");
    assert_null(model_subject(&tiny.model, "other"));
}

static void the_wiring_knows_its_nodes(void **state)
{
    (void)state;
    const Wiring *wiring = &tiny.model.wiring;
    assert_int_equal(wiring->graph.batch, TINY_BATCH);
    assert_int_equal(wiring_find(wiring, "image"), wiring->image);
    assert_int_equal(wiring_find(wiring, "label"), wiring->label);
    assert_int_equal(wiring_find(wiring, "nothing"), -1);
    for (size_t i = 0; i < 2; i++) {
        const Shape shape = graph_node(&wiring->graph, wiring->loss[i])->shape;
        assert_true(shape_equal(shape, (Shape){1, {TINY_BATCH}}));
    }
    /* in name order: kl, then reconstruction */
    assert_string_equal(graph_node(&wiring->graph, wiring->loss[0])->op->name, "kl_divergence");
    assert_string_equal(graph_node(&wiring->graph, wiring->loss[1])->op->name, "binary_cross_entropy");
}

static void misfits_have_a_place(void **state)
{
    (void)state;
    Tiny other;
    Model model;
    Err err = {0};
    assert_true(tiny_bind(&other, NULL, TINY_WITH("network.decoder.layers=[dense: {units: 21}]"), &err));
    assert_false(model_init(&model, &other.experiment, &other.info, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "tiny.yaml");
    assert_int_equal(err.loc.line, 11);
    assert_non_null(strstr(err.text, "[16,21]"));
    model_release(&model);
    arena_release(&other.arena);
}

static void refuse(const char *const *overrides, const char *message)
{
    Tiny other;
    Model model;
    Err err = {0};
    if (!tiny_bind(&other, NULL, overrides, &err)) fail_msg("%s", err.text);
    assert_false(model_init(&model, &other.experiment, &other.info, &err));
    assert_string_equal(err.loc.file[0] ? "placed" : "", "placed");
    if (!strstr(err.text, message)) fail_msg("%s", err.text);
    model_release(&model);
    arena_release(&other.arena);
}

#define BATCH_NORM "network.encoder.layers=[flatten, dense: {units: 6}, batch_norm]"
#define JUDGE "network.judge={input: image, layers: [flatten, dense: {units: 2}]}"

/* 60 images in batches of 59 leave one. */
static void what_training_would_trip_over(void **state)
{
    (void)state;
    refuse(TINY_WITH(BATCH_NORM, "data.batch=59"), "[1,6], has no variance to train on; use a larger batch");
    refuse(TINY_WITH(BATCH_NORM, "data.batch=1"), "[1,6], has no variance to train on");
    refuse(TINY_WITH(JUDGE, "loss.class={cross_entropy: {logits: judge, target: label}}"),
           "cross_entropy: \"judge\" has 2 numbers an image, but made_up has 3 classes");
    Tiny fits;
    tiny_make(&fits, TINY_WITH(BATCH_NORM, "data.batch=58"));
    tiny_release(&fits);
}

/* A pass for evaluation of one image is no training, and leaves the running statistics alone. */
static void evaluation_changes_no_parameter(void **state)
{
    (void)state;
    Tiny other;
    Pass pass;
    tiny_make(&other, TINY_WITH(BATCH_NORM));
    const Params *params = &other.model.params;
    real *before = mem_zeroed(params->total, sizeof *before);
    memcpy(before, params->value, params->total * sizeof *before);
    for (int training = 0; training < 2; training++) {
        pass_init(&pass, &other.model,
                  &(PassSpec){.batch = training ? 2 : 1, .training = training, .output = {"encoder"}});
        for (size_t i = 0; i < TINY_PIXELS; i++) exec_value(&pass.exec, pass.wiring.image)[i] = (real)i;
        exec_forward(&pass.exec, 1, 0);
        assert_true((memcmp(before, params->value, params->total * sizeof *before) == 0) == !training);
        pass_release(&pass);
    }
    assert_memory_equal(before, params->value, params->trainable_total * sizeof *before);
    free(before);
    tiny_release(&other);
}

static void the_seed_decides_the_parameters(void **state)
{
    (void)state;
    Tiny other;
    tiny_make(&other, NULL);
    const size_t bytes = tiny.model.params.total * sizeof(real);
    assert_memory_equal(tiny.model.params.value, other.model.params.value, bytes);
    assert_int_equal(other.model.params.slots, 2);
    other.experiment.seed = 2;
    params_initialise(&other.model.params, 2);
    assert_memory_not_equal(tiny.model.params.value, other.model.params.value, bytes);
    tiny_release(&other);
}

enum { ROWS_MAX = 80 };

/* Feeds row r the number r, and notes what came out. */
typedef struct Rows {
    size_t fed[ROWS_MAX], read[ROWS_MAX], largest;
    real z[ROWS_MAX];
} Rows;

static void feed(void *context, size_t first, size_t n, real *input, real *label)
{
    Rows *rows = context;
    assert_non_null(label);
    if (n > rows->largest) rows->largest = n;
    for (size_t i = 0; i < n; i++) {
        rows->fed[first + i]++;
        for (size_t p = 0; p < TINY_PIXELS; p++) input[i * TINY_PIXELS + p] = (real)(first + i);
    }
}

static void take(void *context, size_t first, size_t n, const Pass *pass)
{
    Rows *rows = context;
    const real *image = exec_value(&pass->exec, pass->output[0]), *z = exec_value(&pass->exec, pass->output[1]);
    for (size_t i = 0; i < n; i++) {
        rows->read[first + i]++;
        assert_true(image[i * TINY_PIXELS] == (real)(first + i));
        rows->z[first + i] = z[i * 2];
    }
}

static void sweep(Rows *rows, size_t n, size_t batch, uint64_t first_step)
{
    *rows = (Rows){0};
    const Sweep over = {n, batch, first_step, feed, take, rows};
    model_sweep(&tiny.model, &(PassSpec){.output = {"image", "latent"}}, &over);
}

static void a_sweep_takes_each_row_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 15, 16, 17, 32, 37, 80};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        Rows rows;
        sweep(&rows, sizes[s], TINY_BATCH, 0);
        for (size_t i = 0; i < ROWS_MAX; i++) {
            assert_int_equal(rows.fed[i], i < sizes[s]);
            assert_int_equal(rows.read[i], i < sizes[s]);
        }
        assert_int_equal(rows.largest, sizes[s] < TINY_BATCH ? sizes[s] : TINY_BATCH);
    }
}

/* Each batch draws its own noise, the last, partial one as a whole one in its place; the first step decides which. */
static void batches_draw_by_their_number(void **state)
{
    (void)state;
    static Rows whole, part, later;
    sweep(&whole, 48, TINY_BATCH, 100);
    sweep(&part, 40, TINY_BATCH, 100);
    sweep(&later, 32, TINY_BATCH, 101);
    for (size_t i = 0; i < 40; i++) assert_true(whole.z[i] == part.z[i]);
    for (size_t i = 0; i < 32; i++) assert_true(whole.z[i] != later.z[i]);
    static Rows again;
    sweep(&again, 48, TINY_BATCH, 100);
    assert_memory_equal(again.z, whole.z, sizeof whole.z);
}

static void a_pass_can_be_fed_a_section(void **state)
{
    (void)state;
    Pass pass;
    pass_init(&pass, &tiny.model, &(PassSpec){.batch = 3, .feed = "latent", .output = {"decoder", "latent"}});
    assert_int_equal(pass.wiring.image, -1);
    assert_int_equal(wiring_find(&pass.wiring, "encoder"), -1);
    assert_int_equal(pass.output[1], pass.feed);
    assert_int_equal(graph_node(&pass.wiring.graph, pass.output[0])->shape.dim[0], 3);
    pass_release(&pass);
    pass_release(&pass);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shapes_have_no_batch),
        TEST(terms_are_found_by_role),
        TEST(the_wiring_knows_its_nodes),
        TEST(misfits_have_a_place),
        TEST(what_training_would_trip_over),
        TEST(evaluation_changes_no_parameter),
        TEST(the_seed_decides_the_parameters),
        TEST(a_sweep_takes_each_row_once),
        TEST(batches_draw_by_their_number),
        TEST(a_pass_can_be_fed_a_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
