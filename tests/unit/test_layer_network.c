/* Chains and sections: names, the order of building, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/net.h"
#include "tests/support/options.h"

static const Shape image = {4, {2, 4, 4, 1}};

static void test_children_are_named_by_kind(void **state)
{
    (void)state;
    Net net;
    Err err = {0};
    const NetSection section = {
        "encoder", "image", {"flatten", "dense: {units: 3}", "relu", "dense: {units: 2}", "relu"}};
    net_begin(&net, "image", image);
    assert_true(net_sections(&net, &section, 1, &err));
    const char *wanted[] = {"image",           "encoder.flatten", "encoder.dense.weight",   "encoder.dense.bias",
                            "encoder.dense",   "encoder.relu",    "encoder.dense_2.weight", "encoder.dense_2.bias",
                            "encoder.dense_2", "encoder.relu_2"};
    assert_int_equal(net.graph.n, 10);
    for (size_t i = 0; i < 10; i++) assert_string_equal(net.graph.nodes[i].name, wanted[i]);
    assert_int_equal(net_node(&net, "encoder"), 9);
    net_end(&net);
}

static bool named_chain(Net *net, const char *first, const char *second, Err *err)
{
    const char *const texts[] = {"relu", "relu", "relu", NULL};
    SpecList list = specs_of(&net->arena, &layers_table, texts);
    Spec *items = arena_alloc(&net->arena, list.n, sizeof *items);
    memcpy(items, list.items, list.n * sizeof *items);
    items[0].name = first;
    items[2].name = second;
    items[2].loc = (Loc){"a.yaml", 8, 5};
    const Build build = {.graph = &net->graph, .scope = &net->scope, .path = "s", .loc = {"a.yaml", 7, 1}};
    Value out;
    return layers_build(&build, (SpecList){items, list.n}, &(Value){.node = 0}, &out, err);
}

static void test_names_of_their_own(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second, *message;
    } cases[] = {
        {"act", NULL, NULL},
        {"act", "last-1", NULL},
        {"act", "act", "two layers of \"s\" are named \"act\""},
        {"relu_2", "x", NULL},
        {NULL, "relu", "two layers of \"s\" are named \"relu\""},
        {NULL, "a.b", "layer name \"a.b\": only letters, digits, \"_\" and \"-\" are allowed"},
        {NULL, "", "layer name \"\": only letters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Net net;
        Err err = {0};
        net_begin(&net, "image", image);
        const char *message = cases[i].message;
        bool ok = named_chain(&net, cases[i].first, cases[i].second, &err);
        assert_int_equal(ok, !message);
        if (ok && cases[i].first) assert_string_equal(net.graph.nodes[1].name + 2, cases[i].first);
        if (message) assert_memory_equal(err.text, message, strlen(message));
        if (message) assert_int_equal(err.loc.line, 8);
        net_end(&net);
    }
}

static void test_the_order_in_the_file_does_not_matter(void **state)
{
    (void)state;
    static const NetSection sections[] = {
        {"decoder", "latent", {"dense: {units: 16}"}},
        {"alpha", "decoder", {"relu"}},
        {"encoder", "image", {"flatten"}},
        {"latent", "encoder", {"gaussian_posterior: {dim: 2}"}},
        {"judge", "image", {"flatten", "dense: {units: 2}"}},
    };
    for (size_t turn = 0; turn < 5; turn++) {
        NetSection turned[5];
        Net net;
        Err err = {0};
        for (size_t i = 0; i < 5; i++) turned[i] = sections[(i + turn) % 5];
        net_begin(&net, "image", image);
        assert_true(net_sections(&net, turned, 5, &err));
        const char *wanted[] = {"image", "encoder", "judge", "latent", "decoder", "alpha"};
        assert_int_equal(net.scope.n, 6);
        for (size_t i = 0; i < 6; i++) assert_string_equal(net.scope.items[i].name, wanted[i]);
        net_end(&net);
    }
}

static void refuse(const NetSection *sections, size_t n, const char *message, int line, int col)
{
    Net net;
    Err err = {0};
    net_begin(&net, "image", image);
    assert_false(net_sections(&net, sections, n, &err));
    assert_string_equal(err.text, message);
    assert_int_equal(err.loc.line, line);
    assert_int_equal(err.loc.col, col);
    net_end(&net);
}

static void test_what_sections_can_not_be(void **state)
{
    (void)state;
    const NetSection unknown[] = {{"encoder", "imaeg", {"relu"}}};
    refuse(unknown, 1, "no section or input is named \"imaeg\"; did you mean \"image\"?", 1, 10);
    const NetSection nothing[] = {{"encoder", "wqxyz", {"relu"}}};
    refuse(nothing, 1, "no section or input is named \"wqxyz\"", 1, 10);
    const NetSection self[] = {{"b", "image", {"relu"}}, {"a", "a", {"relu"}}};
    refuse(self, 2, "section \"a\" is fed by itself, through \"a\"", 2, 10);
    const NetSection cycle[] = {{"tail", "b", {"relu"}}, {"b", "c", {"relu"}}, {"c", "b", {"relu"}}};
    refuse(cycle, 3, "section \"c\" is fed by itself, through \"b\"", 3, 10);
    const NetSection input[] = {{"image", "image", {"relu"}}};
    refuse(input, 1, "section \"image\" has the name of an input", 1, 1);
    const NetSection twice[] = {{"a", "image", {"relu"}}, {"a", "image", {"relu"}}};
    Net net;
    Err err = {0};
    net_begin(&net, "image", image);
    assert_false(net_sections(&net, twice, 2, &err));
    assert_string_equal(err.text, "two sections are named \"a\"");
    net_end(&net);
}

/* A decoder alone: its input section is in scope beforehand, and nothing below it is built. */
static void test_a_part_of_a_network(void **state)
{
    (void)state;
    Net net;
    Err err = {0};
    Arena arena = {0};
    net_begin(&net, "latent", (Shape){2, {2, 3}});
    const char *const dense[] = {"dense: {units: 4}", NULL}, *const relu[] = {"relu", NULL};
    const Section sections[] = {
        {.name = "encoder", .input = {.name = "image"}, .layers = specs_of(&arena, &layers_table, dense)},
        {.name = "latent", .input = {.name = "encoder"}, .layers = specs_of(&arena, &layers_table, relu)},
        {.name = "decoder", .input = {.name = "latent"}, .layers = specs_of(&arena, &layers_table, dense)},
        {.name = "output", .input = {.name = "decoder"}, .layers = specs_of(&arena, &layers_table, relu)},
    };
    assert_true(network_build(&net.graph, &(const Network){sections, 4}, &net.scope, &err));
    assert_int_equal(net.scope.n, 3);
    assert_int_equal(net.graph.n, 5);
    assert_string_equal(net.graph.nodes[4].name, "output.relu");
    net_end(&net);
    arena_release(&arena);
}

/* What is in scope is not built again, though its own input is there too. */
static void test_a_section_that_is_there_already(void **state)
{
    (void)state;
    Net net;
    Err err = {0};
    const NetSection section = {"encoder", "image", {"flatten"}};
    net_begin(&net, "image", image);
    assert_true(net_sections(&net, &section, 1, &err));
    const Section again = {.name = "encoder", .input = {.name = "image"}};
    const int before = net_node(&net, "encoder");
    assert_true(network_build(&net.graph, &(const Network){&again, 1}, &net.scope, &err));
    assert_int_equal(net_node(&net, "encoder"), before);
    net_end(&net);
}

static void test_parts_end_with_the_layer_that_has_them(void **state)
{
    (void)state;
    Net net;
    Err err = {0};
    const NetSection sections[] = {{"latent", "image", {"flatten", "gaussian_posterior: {dim: 2}"}},
                                   {"spoilt", "image", {"flatten", "gaussian_posterior: {dim: 2}", "relu"}}};
    Value latent, spoilt;
    net_begin(&net, "image", image);
    assert_true(net_sections(&net, sections, 2, &err));
    assert_true(scope_find(&net.scope, (Ref){.name = "latent"}, &latent, &err));
    assert_true(scope_find(&net.scope, (Ref){.name = "spoilt"}, &spoilt, &err));
    assert_true(value_part(&latent, "mean") > 0);
    assert_int_equal(value_part(&spoilt, "mean"), -1);
    net_end(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_children_are_named_by_kind),
        cmocka_unit_test(test_names_of_their_own),
        cmocka_unit_test(test_the_order_in_the_file_does_not_matter),
        cmocka_unit_test(test_what_sections_can_not_be),
        cmocka_unit_test(test_a_part_of_a_network),
        cmocka_unit_test(test_a_section_that_is_there_already),
        cmocka_unit_test(test_parts_end_with_the_layer_that_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
