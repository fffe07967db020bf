/* The models of needed runs: wired and read once, at first use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "runner/model/use_context.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

static Tiny tiny;
static NeededModel item;
static Needs needs;
static const Ref judge = {.name = "judge/seed1", .loc = {.file = "user.yaml", .line = 3}};

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, NULL);
    item = (NeededModel){
        .path = "judge/seed1", .folder = test_folder(), .experiment = &tiny.experiment, .info = &tiny.info};
    needs = (Needs){&item, 1};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    needs_release(&needs);
    tiny_release(&tiny);
    return 0;
}

static void write_weights(void)
{
    char path[512];
    Err err = {0};
    TensorList list = {0};
    params_list(&tiny.model.params, "", tiny.model.params.value, &list);
    if (!safetensors_write(test_path(path, "weights.safetensors"), &list, &err)) fail_msg("%s", err.text);
    tensors_release(&list);
}

static void weights_that_are_missing_have_the_place_of_the_name(void **state)
{
    (void)state;
    Err err = {0};
    Model *model;
    assert_false(needs_model(&needs, judge, &model, &err));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_string_equal(err.loc.file, "user.yaml");
    assert_int_equal(err.loc.line, 3);
    assert_non_null(strstr(err.text, "judge/seed1 has no weights in "));
    assert_non_null(strstr(err.text, "; `mayvae run judge/seed1` makes them"));
}

static void a_check_sees_the_network_without_weights(void **state)
{
    (void)state;
    Err err = {0};
    const Model *model;
    Shape shape;
    assert_ptr_equal(needs_experiment(&needs, judge), &tiny.experiment);
    assert_true(needs_network(&needs, judge, &model, &err));
    assert_true(model_shape(model, "latent.mean", &shape));
    assert_int_equal(shape_count(shape), 2);
}

static void a_model_is_read_once_and_kept(void **state)
{
    (void)state;
    Err err = {0};
    Model *first, *second;
    const Model *network;
    size_t n;
    tiny_param(&tiny, "latent.gaussian_posterior.mean.weight", &n)[0] = 42;
    write_weights();
    assert_true(needs_network(&needs, judge, &network, &err));
    if (!needs_model(&needs, judge, &first, &err)) fail_msg("%s", err.text);
    assert_ptr_equal(network, first);
    assert_int_equal(params_count(&first->params), params_count(&tiny.model.params));
    assert_memory_equal(first->params.value, tiny.model.params.value, params_count(&first->params) * sizeof(real));
    remove(test_path((char[512]){0}, "weights.safetensors"));
    assert_true(needs_model(&needs, judge, &second, &err));
    assert_ptr_equal(first, second);
}

static bool stop_at(void *context, size_t done, size_t total, Err *err)
{
    size_t *at = context;
    return done < *at || err_failed(err, (Loc){0}, "%zu of %zu", done, total);
}

static void progress_can_stop_the_work(void **state)
{
    (void)state;
    Err err = {0};
    size_t at = 3;
    const UseContext alone = {0}, heard = {.progress = stop_at, .progress_context = &at};
    assert_true(use_progress(&alone, 1, 2, &err));
    assert_true(use_progress(&heard, 2, 4, &err));
    assert_false(use_progress(&heard, 3, 4, &err));
    assert_string_equal(err.text, "3 of 4");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(weights_that_are_missing_have_the_place_of_the_name),
        TEST(a_check_sees_the_network_without_weights),
        TEST(a_model_is_read_once_and_kept),
        TEST(progress_can_stop_the_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
