#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/init/init.h"
#include "nn/params/params.h"
#include "tests/support/folder.h"
#include "tests/support/toy.h"

typedef struct Model {
    Graph graph;
    Params params;
} Model;

static void add(Graph *graph, const char *name, Shape shape, const char *initialiser, bool trainable)
{
    const ParamSpec spec = {.name = name,
                            .shape = shape,
                            .initialiser = initialiser_named(initialiser),
                            .fan_in = 4,
                            .fan_out = 4,
                            .trainable = trainable};
    graph_param(graph, &spec, (Loc){0});
}

static void begin(Model *model)
{
    *model = (Model){0};
    graph_init(&model->graph, NULL, 1);
    add(&model->graph, "d.weight", (Shape){2, {5, 4}}, "fan_in_uniform", true);
    add(&model->graph, "a.running", (Shape){1, {3}}, "zeros", false);
    add(&model->graph, "c.weight", (Shape){2, {4, 4}}, "fan_in_uniform", true);
    add(&model->graph, "b.bias", (Shape){1, {1}}, "fan_in_uniform", true);
    params_add_graph(&model->params, &model->graph);
}

static void end(Model *model)
{
    params_release(&model->params);
    params_release(&model->params);
    graph_release(&model->graph);
}

static void test_trainable_first_then_by_name(void **state)
{
    (void)state;
    Model model;
    begin(&model);
    params_add_graph(&model.params, &model.graph);
    const char *names[] = {"b.bias", "c.weight", "d.weight", "a.running"};
    const size_t offsets[] = {0, 16, 32, 64};
    assert_int_equal(model.params.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(model.params.items[i].spec.name, names[i]);
        assert_int_equal(model.params.items[i].offset, offsets[i]);
        assert_int_equal(params_find(&model.params, names[i]), i);
    }
    assert_int_equal(model.params.trainable_total, 64);
    assert_int_equal(model.params.total, 80);
    assert_int_equal(params_count(&model.params), 37);
    assert_int_equal(params_find(&model.params, "c"), -1);
    end(&model);
}

static void test_graphs_share_parameters_by_name(void **state)
{
    (void)state;
    Model model;
    begin(&model);
    Graph second;
    graph_init(&second, NULL, 9);
    add(&second, "c.weight", (Shape){2, {4, 4}}, "fan_in_uniform", true);
    add(&second, "e.weight", (Shape){1, {2}}, "zeros", true);
    params_add_graph(&model.params, &second);
    assert_int_equal(model.params.n, 5);
    assert_int_equal(params_find(&model.params, "e.weight"), 3);
    graph_release(&second);
    assert_string_equal(model.params.items[3].spec.name, "e.weight");
    end(&model);
}

static void test_initial_values_depend_on_seed_and_name_alone(void **state)
{
    (void)state;
    Model model, more;
    begin(&model);
    begin(&more);
    add(&more.graph, "aa.weight", (Shape){1, {40}}, "fan_in_uniform", true);
    params_add_graph(&more.params, &more.graph);
    params_allocate(&model.params, 2);
    params_allocate(&more.params, 0);
    params_initialise(&model.params, 7);
    params_initialise(&more.params, 7);
    for (size_t i = 0; i < model.params.n; i++) {
        const Param *a = &model.params.items[i], *b = &more.params.items[params_find(&more.params, a->spec.name)];
        assert_memory_equal(model.params.value + a->offset, more.params.value + b->offset, a->count * sizeof(real));
    }
    const real *values = model.params.value;
    assert_true(values[16] != values[32] && values[16] != 0 && values[0] != 0);
    for (size_t i = 1; i < 16; i++) assert_true(values[i] == 0);
    params_initialise(&more.params, 8);
    assert_true(more.params.value[more.params.items[params_find(&more.params, "c.weight")].offset] != values[16]);
    for (size_t i = 0; i < model.params.total; i++)
        assert_true(model.params.grad[i] == 0 && model.params.slot[0][i] == 0 && model.params.slot[1][i] == 0);
    end(&model);
    end(&more);
}

/* Writes what the first model holds; returns the file as it is read again. */
static void through_a_file(const Model *model, SafeTensors *file)
{
    static char path[512]; /* the file's errors point to it */
    Err err = {0};
    TensorList list = {0};
    test_path(path, "params.safetensors");
    params_list(&model->params, "weights/", model->params.value, &list);
    params_list(&model->params, "adam_m/", model->params.slot[0], &list);
    assert_true(safetensors_write(path, &list, &err));
    assert_true(safetensors_read(file, path, &err));
    unlink(path);
    tensors_release(&list);
}

static void test_saved_and_taken_back(void **state)
{
    (void)state;
    Model model, fresh;
    Err err = {0};
    SafeTensors file;
    begin(&model);
    begin(&fresh);
    params_allocate(&model.params, 1);
    params_allocate(&fresh.params, 1);
    params_initialise(&model.params, 3);
    for (size_t i = 0; i < model.params.n; i++) model.params.slot[0][model.params.items[i].offset] = (real)(i + 1);
    through_a_file(&model, &file);
    assert_true(params_take(&fresh.params, "weights/", fresh.params.value, &file, &err));
    assert_true(params_take(&fresh.params, "adam_m/", fresh.params.slot[0], &file, &err));
    assert_memory_equal(fresh.params.value, model.params.value, model.params.total * sizeof(real));
    assert_memory_equal(fresh.params.slot[0], model.params.slot[0], model.params.total * sizeof(real));
    safetensors_release(&file);
    end(&model);
    end(&fresh);
}

static void refuse(const SafeTensors *file, const char *name, Shape shape, const char *message)
{
    Model wanting = {0};
    Err err = {0};
    graph_init(&wanting.graph, NULL, 1);
    add(&wanting.graph, name, shape, "zeros", true);
    params_add_graph(&wanting.params, &wanting.graph);
    params_allocate(&wanting.params, 0);
    assert_false(params_take(&wanting.params, "weights/", wanting.params.value, file, &err));
    assert_string_equal(err.text, message);
    end(&wanting);
}

static void test_what_does_not_fit_is_refused(void **state)
{
    (void)state;
    Model model;
    SafeTensors file;
    begin(&model);
    params_allocate(&model.params, 1);
    through_a_file(&model, &file);
    refuse(&file, "f.weight", (Shape){1, {3}},
           "no tensor \"weights/f.weight\", which the network wants as " REAL_DTYPE " [3]");
    refuse(&file, "c.weight", (Shape){1, {16}},
           "tensor \"weights/c.weight\" is " REAL_DTYPE " [4,4], the network wants " REAL_DTYPE " [16]");
    refuse(&file, "c.weight", (Shape){1, {4}},
           "tensor \"weights/c.weight\" is " REAL_DTYPE " [4,4], the network wants " REAL_DTYPE " [4]");
    refuse(&file, "c.weight", (Shape){2, {4, 5}},
           "tensor \"weights/c.weight\" is " REAL_DTYPE " [4,4], the network wants " REAL_DTYPE " [4,5]");
    TensorEntry *entry = &file.list.items[0];
    while (strcmp(entry->name, "weights/c.weight") != 0) entry++;
    entry->dtype = "I64";
    refuse(&file, "c.weight", (Shape){2, {4, 4}},
           "tensor \"weights/c.weight\" is I64 [4,4], the network wants " REAL_DTYPE " [4,4]");
    safetensors_release(&file);
    end(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trainable_first_then_by_name),
        cmocka_unit_test(test_graphs_share_parameters_by_name),
        cmocka_unit_test(test_initial_values_depend_on_seed_and_name_alone),
        cmocka_unit_test(test_saved_and_taken_back),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
