#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/graph/graph.h"
#include "tests/support/toy.h"

static const Shape shape = {2, {2, 3}};

static void test_nodes_keep_what_they_were_given(void **state)
{
    (void)state;
    Graph graph;
    graph_init(&graph, NULL, 2);
    int x = graph_input(&graph, "image", (Shape){3, {2, 3, 4}}, (Loc){"a.yaml", 3, 4});
    int view = toy_op1(&graph, &toy_view, x);
    int square = toy_op1(&graph, &toy_square, view);
    const Node *node = graph_node(&graph, square);
    assert_true(shape_equal(node->shape, (Shape){2, {2, 12}}));
    assert_int_equal(node->keep, 24);
    assert_int_equal(node->scratch, 24);
    assert_int_equal(node->input[0], view);
    assert_ptr_equal(node->op, &toy_square);
    assert_false(node->wants_grad);
    assert_int_equal(graph_node(&graph, x)->loc.line, 3);
    assert_int_equal(graph_find_input(&graph, "image"), x);
    assert_int_equal(graph_find_input(&graph, "toy"), -1);
    graph_release(&graph);
}

static void test_one_parameter_a_name(void **state)
{
    (void)state;
    Graph graph;
    graph_init(&graph, NULL, 2);
    char name[] = "w";
    int w = toy_param(&graph, name, shape, true);
    name[0] = 'v';
    assert_string_equal(graph_node(&graph, w)->param->name, "w");
    assert_int_equal(toy_param(&graph, "w", shape, true), w);
    assert_int_not_equal(toy_param(&graph, "v", shape, true), w);
    assert_int_equal(graph.n, 2);
    assert_int_equal(graph_find_input(&graph, "w"), -1);
    graph_release(&graph);
}

static void test_gradients_are_wanted_above_trainable_parameters(void **state)
{
    (void)state;
    Graph graph;
    graph_init(&graph, NULL, 2);
    int x = graph_input(&graph, "x", shape, (Loc){0});
    int w = toy_param(&graph, "w", shape, true), buffer = toy_param(&graph, "buffer", shape, false);
    int without = toy_op2(&graph, &toy_add, x, buffer), with = toy_op2(&graph, &toy_add, without, w);
    int either = toy_op2(&graph, &toy_add, w, x);
    int above = toy_op1(&graph, &toy_view, with);
    assert_false(graph_node(&graph, x)->wants_grad);
    assert_false(graph_node(&graph, buffer)->wants_grad);
    assert_false(graph_node(&graph, without)->wants_grad);
    assert_true(graph_node(&graph, w)->wants_grad);
    assert_true(graph_node(&graph, with)->wants_grad);
    assert_true(graph_node(&graph, either)->wants_grad);
    assert_true(graph_node(&graph, above)->wants_grad);
    graph_release(&graph);
}

static void test_a_misfit_has_a_place_and_adds_nothing(void **state)
{
    (void)state;
    Graph graph;
    Err err = {0};
    graph_init(&graph, NULL, 2);
    int node = 77, x = graph_input(&graph, "x", shape, (Loc){0});
    assert_false(graph_add(&graph, &toy_refuse, NULL, 1, &x, "encoder.bad", (Loc){"a.yaml", 14, 7}, &node, &err));
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_int_equal(err.loc.line, 14);
    assert_string_equal(err.text, "toy_refuse \"encoder.bad\": wants nothing at all");
    assert_int_equal(graph.n, 1);
    assert_int_equal(node, 77);
    graph_release(&graph);
}

static void test_many_nodes(void **state)
{
    (void)state;
    Graph graph;
    graph_init(&graph, NULL, 2);
    int at = graph_input(&graph, "x", shape, (Loc){0});
    for (int i = 0; i < 1000; i++) at = toy_op1(&graph, &toy_square, at);
    assert_int_equal(at, 1000);
    for (int i = 1; i <= 1000; i++) assert_int_equal(graph_node(&graph, i)->input[0], i - 1);
    graph_release(&graph);
    graph_release(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nodes_keep_what_they_were_given),
        cmocka_unit_test(test_one_parameter_a_name),
        cmocka_unit_test(test_gradients_are_wanted_above_trainable_parameters),
        cmocka_unit_test(test_a_misfit_has_a_place_and_adds_nothing),
        cmocka_unit_test(test_many_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
