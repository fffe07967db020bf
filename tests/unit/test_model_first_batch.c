/* Codebooks drawn from the first batch of training. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/pool.h"
#include "runner/model/wiring.h"
#include "tests/support/tiny.h"

enum { CODES = 6, DIM = 2 };

/* Two codebooks, the second, which is a buffer, behind the first; before them running statistics and a mask. */
#define QUANTIZED(first)                                                                                               \
    TINY_WITH("network.latent=~", "loss.kl=~", "loss.codebook={codebook: first}", "figures=[]", "evaluate=[]",         \
              "network.encoder.layers=[conv2d: {filters: 2, kernel: 3, stride: 2}, batch_norm, dropout: 0.1]",         \
              "network.first={input: encoder, layers: [vector_quantize: {" first "}]}",                                \
              "network.middle={input: first, layers: [conv2d: {filters: 2, kernel: 1}]}",                              \
              "network.second={input: middle, layers: [vector_quantize: {codes: 6, update: moving_average}]}",         \
              "network.decoder={input: second, layers: [flatten, dense: {units: 20}, reshape: [4, 5, 1]]}")

static Tiny tiny;

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, QUANTIZED("codes: 6"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tiny_release(&tiny);
    return 0;
}

/* The vectors that a codebook's layer gets in the first batch of training, reckoned apart from the code: rows. */
static real *vectors(const char *before, size_t *positions)
{
    Pass pass;
    uint32_t order[TINY_TRAIN];
    const Params *params = &tiny.model.params;
    real *kept = mem_zeroed(params->total, sizeof *kept);
    memcpy(kept, params->value, params->total * sizeof *kept);
    pass_init(&pass, &tiny.model, &(PassSpec){.batch = TINY_BATCH, .training = true, .output = {before}});
    batch_order(tiny.experiment.seed, 0, TINY_TRAIN, order);
    batch_gather(&tiny.dataset, &tiny.dataset.train, &tiny.experiment.data, tiny.experiment.seed, 0, order, TINY_BATCH,
                 exec_value(&pass.exec, pass.wiring.image), NULL);
    exec_forward(&pass.exec, tiny.experiment.seed, 0);
    *positions = shape_count(graph_node(&pass.wiring.graph, pass.output[0])->shape) / DIM;
    real *rows = mem_zeroed(*positions * DIM, sizeof *rows);
    memcpy(rows, exec_value(&pass.exec, pass.output[0]), *positions * DIM * sizeof *rows);
    pass_release(&pass);
    memcpy(params->value, kept, params->total * sizeof *kept);
    free(kept);
    return rows;
}

/* Each code is one of the vectors, and no two are the same. */
static void expect_drawn_from(const char *name, const char *before)
{
    size_t positions, n;
    const real *codebook = tiny_param(&tiny, name, &n);
    real *rows = vectors(before, &positions);
    assert_int_equal(n, CODES * DIM);
    for (size_t c = 0; c < CODES; c++) {
        size_t found = 0;
        for (size_t p = 0; p < positions; p++) found += !memcmp(rows + p * DIM, codebook + c * DIM, DIM * sizeof *rows);
        if (!found) fail_msg("%s: code %zu is no vector of the first batch", name, c);
        for (size_t other = 0; other < c; other++)
            assert_memory_not_equal(codebook + c * DIM, codebook + other * DIM, DIM * sizeof *codebook);
    }
    free(rows);
}

static void codes_are_vectors_of_the_first_batch(void **state)
{
    (void)state;
    model_initialise_from_data(&tiny.model, &tiny.dataset);
    expect_drawn_from("first.vector_quantize.codebook", "encoder");
    expect_drawn_from("second.vector_quantize.codebook", "middle");
}

static void nothing_else_moves(void **state)
{
    (void)state;
    const Params *params = &tiny.model.params;
    real *before = mem_zeroed(params->total, sizeof *before);
    memcpy(before, params->value, params->total * sizeof *before);
    model_initialise_from_data(&tiny.model, &tiny.dataset);
    for (size_t i = 0; i < params->n; i++) {
        const Param *param = &params->items[i];
        const bool codebook = strstr(param->spec.name, "codebook") != NULL;
        const bool same = !memcmp(before + param->offset, params->value + param->offset, param->count * sizeof *before);
        if (same == codebook) fail_msg("%s %s", param->spec.name, codebook ? "stayed" : "moved");
    }
    free(before);
}

/* Codes that are dead at once begin anew in the pass for what lies behind them, but training has not begun. */
static void dead_codes_begin_anew_in_training_alone(void **state)
{
    (void)state;
    Tiny eager;
    tiny_make(&eager, QUANTIZED("codes: 64, init: {uniform: {}}, restart: 1"));
    size_t n;
    const real *codebook = tiny_param(&eager, "first.vector_quantize.codebook", &n);
    real *before = mem_zeroed(n, sizeof *before);
    memcpy(before, codebook, n * sizeof *before);
    model_initialise_from_data(&eager.model, &eager.dataset);
    assert_memory_equal(codebook, before, n * sizeof *before);
    free(before);
    tiny_release(&eager);
}

static void threads_and_repetition_change_no_bit(void **state)
{
    (void)state;
    const Params *params = &tiny.model.params;
    real *wanted = mem_zeroed(params->total, sizeof *wanted);
    model_initialise_from_data(&tiny.model, &tiny.dataset);
    memcpy(wanted, params->value, params->total * sizeof *wanted);
    for (size_t threads = 1; threads <= 3; threads++) {
        pool_start(threads);
        model_initialise_from_data(&tiny.model, &tiny.dataset);
        pool_stop();
        assert_memory_equal(params->value, wanted, params->total * sizeof *wanted);
    }
    free(wanted);
}

/* A training set that is smaller than a batch. */
static void a_small_training_set_will_do(void **state)
{
    (void)state;
    tiny.dataset.train.n = 1;
    model_initialise_from_data(&tiny.model, &tiny.dataset);
    size_t n;
    const real *codebook = tiny_param(&tiny, "second.vector_quantize.codebook", &n);
    for (size_t i = 0; i < n; i++) assert_true(codebook[i] == codebook[i]);
}

static void a_network_without_codes_is_left_alone(void **state)
{
    (void)state;
    Tiny plain;
    tiny_make(&plain, NULL);
    const Params *params = &plain.model.params;
    real *before = mem_zeroed(params->total, sizeof *before);
    memcpy(before, params->value, params->total * sizeof *before);
    model_initialise_from_data(&plain.model, &plain.dataset);
    assert_memory_equal(before, params->value, params->total * sizeof *before);
    free(before);
    tiny_release(&plain);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(codes_are_vectors_of_the_first_batch),  TEST(nothing_else_moves),
        TEST(threads_and_repetition_change_no_bit),  TEST(a_small_training_set_will_do),
        TEST(a_network_without_codes_is_left_alone), TEST(dead_codes_begin_anew_in_training_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
