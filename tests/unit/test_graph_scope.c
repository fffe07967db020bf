#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/graph/build.h"
#include "nn/init/init.h"

static const Loc place = {"a.yaml", 5, 9};

static void test_values_are_found_by_name(void **state)
{
    (void)state;
    Arena arena = {0};
    Scope scope = {.arena = &arena};
    Err err = {0};
    Value found;
    char name[] = "encoder";
    scope_add(&scope, name, &(Value){.node = 1});
    name[0] = 'X';
    for (int i = 0; i < 50; i++) scope_add(&scope, arena_printf(&arena, "section%d", i), &(Value){.node = 100 + i});
    scope_add(&scope, "section7", &(Value){.node = 7});
    assert_true(scope_find(&scope, (Ref){"encoder", place}, &found, &err));
    assert_int_equal(found.node, 1);
    assert_true(scope_find(&scope, (Ref){"section7", place}, &found, &err));
    assert_int_equal(found.node, 7);
    assert_int_equal(scope.n, 51);
    scope_release(&scope);
    arena_release(&arena);
}

static void test_an_unknown_name_gets_the_nearest(void **state)
{
    (void)state;
    Scope scope = {0};
    Err err = {0}, other = {0};
    Value found;
    scope_add(&scope, "encoder", &(Value){.node = 1});
    scope_add(&scope, "decoder", &(Value){.node = 2});
    assert_false(scope_find(&scope, (Ref){"encodr", place}, &found, &err));
    assert_string_equal(err.text, "no section or input is named \"encodr\"; did you mean \"encoder\"?");
    assert_int_equal(err.loc.col, 9);
    assert_false(scope_find(&scope, (Ref){"qqqqqq", place}, &found, &other));
    assert_string_equal(other.text, "no section or input is named \"qqqqqq\"");
    scope_release(&scope);
}

static void test_parts(void **state)
{
    (void)state;
    Value value = {.node = 3};
    value_add_part(&value, "mean", 1);
    value_add_part(&value, "log_variance", 2);
    assert_int_equal(value_part(&value, "mean"), 1);
    assert_int_equal(value_part(&value, "log_variance"), 2);
    assert_int_equal(value_part(&value, "variance"), -1);
}

static void test_parameters_are_named_below_the_path(void **state)
{
    (void)state;
    Graph graph;
    graph_init(&graph, NULL, 2);
    const Build build = {.graph = &graph, .path = "encoder.dense", .loc = place};
    assert_string_equal(build_path(&build, "x"), "encoder.dense.x");
    int node = build_param(&build, "weight", (Shape){2, {3, 4}}, initialiser_named("zeros"), 3, 4);
    const ParamSpec *param = graph_node(&graph, node)->param;
    assert_string_equal(param->name, "encoder.dense.weight");
    assert_true(param->trainable);
    assert_int_equal(param->fan_in, 3);
    assert_int_equal(param->fan_out, 4);
    assert_int_equal(graph_node(&graph, node)->loc.line, 5);
    graph_release(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_are_found_by_name),
        cmocka_unit_test(test_an_unknown_name_gets_the_nearest),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_parameters_are_named_below_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
