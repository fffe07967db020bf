/* What single layers add to a graph: shapes, parameters with their fans, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/op/attributes.h"
#include "tests/support/net.h"

static const Shape image = {4, {5, 7, 6, 3}}, flat = {2, {5, 12}};

static const struct {
    const char *text;
    Shape in, out;
} shapes[] = {
    {"conv2d: {filters: 8, kernel: 3}", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 8}}},
    {"conv2d: {filters: 8, kernel: 3, stride: 2}", {4, {5, 7, 6, 3}}, {4, {5, 4, 3, 8}}},
    {"conv2d: {filters: 1, kernel: [3, 1], stride: [1, 2], padding: valid}", {4, {5, 7, 6, 3}}, {4, {5, 5, 3, 1}}},
    {"conv2d_transpose: {filters: 8, kernel: 3, stride: 2}", {4, {5, 7, 6, 3}}, {4, {5, 14, 12, 8}}},
    {"dense: {units: 4}", {2, {5, 12}}, {2, {5, 4}}},
    {"flatten", {4, {5, 7, 6, 3}}, {2, {5, 126}}},
    {"reshape: [2, 3, 2]", {2, {5, 12}}, {4, {5, 2, 3, 2}}},
    {"reshape: {shape: 12}", {3, {5, 4, 3}}, {2, {5, 12}}},
    {"relu", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 3}}},
    {"gaussian_posterior: {dim: 2}", {2, {5, 12}}, {2, {5, 2}}},
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        Net net;
        Value out;
        Err err = {0};
        net_begin(&net, "in", shapes[i].in);
        if (!net_layer(&net, shapes[i].text, 0, &out, &err)) fail_msg("%s: %s", shapes[i].text, err.text);
        assert_true(shape_equal(graph_node(&net.graph, out.node)->shape, shapes[i].out));
        net_end(&net);
    }
}

static const ParamSpec *param(const Net *net, const char *name)
{
    for (size_t i = 0; i < net->graph.n; i++) {
        const ParamSpec *spec = net->graph.nodes[i].param;
        if (spec && strcmp(spec->name, name) == 0) return spec;
    }
    return NULL;
}

static void check_param(const char *layer, Shape in, const char *name, Shape shape, size_t fan_in, size_t fan_out,
                        const char *initialiser)
{
    Net net;
    Value out;
    Err err = {0};
    net_begin(&net, "in", in);
    assert_true(net_layer(&net, layer, 0, &out, &err));
    const ParamSpec *spec = param(&net, name);
    assert_non_null(spec);
    assert_true(shape_equal(spec->shape, shape));
    assert_int_equal(spec->fan_in, fan_in);
    assert_int_equal(spec->fan_out, fan_out);
    assert_string_equal(spec->initialiser.row->name, initialiser);
    net_end(&net);
}

static void test_parameters(void **state)
{
    (void)state;
    const char *conv = "conv2d: {filters: 8, kernel: [3, 2]}", *up = "conv2d_transpose: {filters: 8, kernel: [3, 2]}";
    check_param(conv, image, "test.conv2d.weight", (Shape){4, {3, 2, 3, 8}}, 18, 48, "fan_in_uniform");
    check_param(conv, image, "test.conv2d.bias", (Shape){1, {8}}, 18, 48, "fan_in_uniform");
    check_param(up, image, "test.conv2d_transpose.weight", (Shape){4, {3, 2, 8, 3}}, 48, 18, "fan_in_uniform");
    check_param(up, image, "test.conv2d_transpose.bias", (Shape){1, {8}}, 48, 18, "fan_in_uniform");
    check_param("dense: {units: 4, init: he_normal}", flat, "test.dense.weight", (Shape){2, {12, 4}}, 12, 4,
                "he_normal");
    check_param("dense: {units: 4, init: he_normal}", flat, "test.dense.bias", (Shape){1, {4}}, 12, 4, "zeros");
    check_param("gaussian_posterior: {dim: 2}", flat, "test.gaussian_posterior.mean.weight", (Shape){2, {12, 2}}, 12, 2,
                "fan_in_uniform");
    check_param("gaussian_posterior: {dim: 2}", flat, "test.gaussian_posterior.log_variance.bias", (Shape){1, {2}}, 12,
                2, "fan_in_uniform");
}

static void test_no_bias(void **state)
{
    (void)state;
    const char *layers[] = {"conv2d: {filters: 8, kernel: 3, bias: false}",
                            "conv2d_transpose: {filters: 8, kernel: 3, bias: false}", "dense: {units: 4, bias: false}"};
    for (size_t i = 0; i < 3; i++) {
        Net net;
        Value out;
        Err err = {0};
        net_begin(&net, "in", i < 2 ? image : flat);
        assert_true(net_layer(&net, layers[i], 0, &out, &err));
        assert_int_equal(graph_node(&net.graph, out.node)->inputs, 2);
        assert_int_equal(net.graph.n, 3);
        net_end(&net);
    }
}

static void test_posterior_has_parts_and_a_stream_of_its_own(void **state)
{
    (void)state;
    Net net;
    Value out;
    Err err = {0};
    net_begin(&net, "in", flat);
    assert_true(net_layer(&net, "gaussian_posterior: {dim: 2}", 0, &out, &err));
    const Node *z = graph_node(&net.graph, out.node);
    assert_ptr_equal(z->op, &op_gaussian_sample);
    assert_int_equal(z->input[0], value_part(&out, "mean"));
    assert_int_equal(z->input[1], value_part(&out, "log_variance"));
    assert_int_not_equal(z->input[0], z->input[1]);
    assert_string_equal(((const SampleAttributes *)z->attributes)->stream, "test.gaussian_posterior/noise");
    net_end(&net);
}

static const struct {
    const char *layer;
    Shape in;
    const char *message;
} refused[] = {
    {"dense: {units: 4}",
     {4, {5, 7, 6, 3}},
     "dense \"test.dense\": wants a flat input, got [5,7,6,3]; put \"flatten\" before it"},
    {"gaussian_posterior: {dim: 4}",
     {4, {5, 7, 6, 3}},
     "gaussian_posterior \"test.gaussian_posterior.mean\": wants a flat input, got [5,7,6,3]; put \"flatten\" before "
     "it"},
    {"conv2d: {filters: 4, kernel: 3}",
     {2, {5, 12}},
     "conv2d \"test.conv2d\": wants images [n,height,width,channels], got [5,12]; put \"reshape\" before it"},
    {"reshape: [1, 2, 3, 2]", {2, {5, 12}}, "reshape \"test.reshape\": wants 1 to 3 sizes, got 4"},
    {"reshape: []", {2, {5, 12}}, "reshape \"test.reshape\": wants 1 to 3 sizes, got 0"},
    {"reshape: [7, 7]", {2, {5, 12}}, "12"},
    {"conv2d: {filters: 4, kernel: 9, padding: valid}", {4, {5, 7, 6, 3}}, "kernel"},
};

static void test_misfits_have_a_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        Net net;
        Value out;
        Err err = {0};
        net_begin(&net, "in", refused[i].in);
        assert_false(net_layer(&net, refused[i].layer, 0, &out, &err));
        if (!strstr(err.text, refused[i].message)) fail_msg("%s: %s", refused[i].layer, err.text);
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_int_equal(err.loc.line, 2);
        assert_int_equal(err.loc.col, 3);
        net_end(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_no_bias),
        cmocka_unit_test(test_posterior_has_parts_and_a_stream_of_its_own),
        cmocka_unit_test(test_misfits_have_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
