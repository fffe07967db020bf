/* What single layers add to a graph: shapes, parameters with their fans, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/op/attributes.h"
#include "tests/support/net.h"

static const Shape image = {4, {5, 7, 6, 3}}, flat = {2, {5, 12}}, codes = {3, {5, 7, 6}};

static const struct {
    const char *text;
    Shape in, out;
} shapes[] = {
    {"conv2d: {filters: 8, kernel: 3}", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 8}}},
    {"conv2d: {filters: 8, kernel: 3, stride: 2}", {4, {5, 7, 6, 3}}, {4, {5, 4, 3, 8}}},
    {"conv2d: {filters: 1, kernel: [3, 1], stride: [1, 2], padding: valid}", {4, {5, 7, 6, 3}}, {4, {5, 5, 3, 1}}},
    {"conv2d_transpose: {filters: 8, kernel: 3, stride: 2}", {4, {5, 7, 6, 3}}, {4, {5, 14, 12, 8}}},
    {"masked_conv2d: {filters: 8, kernel: [3, 5]}", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 8}}},
    {"masked_conv2d: {filters: 8, kernel: 13, mask: A}", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 8}}},
    {"code_conv2d: {codes: 9, filters: 8, kernel: 7}", {3, {5, 7, 6}}, {4, {5, 7, 6, 8}}},
    {"gate", {4, {5, 7, 6, 4}}, {4, {5, 7, 6, 2}}},
    {"dense: {units: 4}", {2, {5, 12}}, {2, {5, 4}}},
    {"flatten", {4, {5, 7, 6, 3}}, {2, {5, 126}}},
    {"reshape: [2, 3, 2]", {2, {5, 12}}, {4, {5, 2, 3, 2}}},
    {"reshape: {shape: 12}", {3, {5, 4, 3}}, {2, {5, 12}}},
    {"relu", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 3}}},
    {"gaussian_posterior: {dim: 2}", {2, {5, 12}}, {2, {5, 2}}},
    {"elu", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 3}}},
    {"dropout: 0.2", {2, {5, 12}}, {2, {5, 12}}},
    {"batch_norm", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 3}}},
    {"batch_norm", {2, {5, 12}}, {2, {5, 12}}},
    {"max_pool: 2", {4, {5, 7, 6, 3}}, {4, {5, 3, 3, 3}}},
    {"max_pool: {kernel: 3, stride: 2, padding: 1}", {4, {5, 7, 6, 3}}, {4, {5, 4, 3, 3}}},
    {"average_pool: {kernel: [2, 3], padding: same}", {4, {5, 7, 7, 3}}, {4, {5, 4, 3, 3}}},
    {"average_pool: {kernel: 3, stride: 1, padding: [0, 2, 1, 0]}", {4, {5, 7, 6, 3}}, {4, {5, 7, 5, 3}}},
    {"global_average_pool", {4, {5, 7, 6, 3}}, {2, {5, 3}}},
    {"vector_quantize: {codes: 9}", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 3}}},
    {"residual: {body: [conv2d: {filters: 3, kernel: 3}, relu]}", {4, {5, 7, 6, 3}}, {4, {5, 7, 6, 3}}},
    {"residual: {body: [dense: {units: 4}, relu], shortcut: [dense: {units: 4}]}", {2, {5, 12}}, {2, {5, 4}}},
    {"repeat: {times: 3, body: [max_pool: {kernel: 2, stride: 1}]}", {4, {5, 7, 6, 3}}, {4, {5, 4, 3, 3}}},
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
    const char *masked = "masked_conv2d: {filters: 8, kernel: [3, 5]}",
               *code = "code_conv2d: {codes: 9, filters: 8, kernel: 7}";
    check_param(masked, image, "test.masked_conv2d.weight", (Shape){3, {8, 3, 8}}, 24, 64, "fan_in_uniform");
    check_param("masked_conv2d: {filters: 8, kernel: 3, mask: A}", image, "test.masked_conv2d.weight",
                (Shape){3, {4, 3, 8}}, 12, 32, "fan_in_uniform");
    check_param("masked_conv2d: {filters: 8, kernel: 3, mask: none}", image, "test.masked_conv2d.weight",
                (Shape){3, {9, 3, 8}}, 27, 72, "fan_in_uniform");
    check_param(code, codes, "test.code_conv2d.weight", (Shape){3, {24, 9, 8}}, 24, 192, "fan_in_uniform");
    check_param(code, codes, "test.code_conv2d.bias", (Shape){1, {8}}, 24, 192, "fan_in_uniform");
    check_param("dense: {units: 4, init: he_normal}", flat, "test.dense.weight", (Shape){2, {12, 4}}, 12, 4,
                "he_normal");
    check_param("dense: {units: 4, init: he_normal}", flat, "test.dense.bias", (Shape){1, {4}}, 12, 4, "zeros");
    check_param("gaussian_posterior: {dim: 2}", flat, "test.gaussian_posterior.mean.weight", (Shape){2, {12, 2}}, 12, 2,
                "fan_in_uniform");
    check_param("gaussian_posterior: {dim: 2}", flat, "test.gaussian_posterior.log_variance.bias", (Shape){1, {2}}, 12,
                2, "fan_in_uniform");
    check_param("batch_norm", image, "test.batch_norm.scale", (Shape){1, {3}}, 1, 1, "ones");
    check_param("batch_norm", image, "test.batch_norm.shift", (Shape){1, {3}}, 1, 1, "zeros");
    check_param("batch_norm", image, "test.batch_norm.running_mean", (Shape){1, {3}}, 1, 1, "zeros");
    check_param("batch_norm", image, "test.batch_norm.running_variance", (Shape){1, {3}}, 1, 1, "ones");
    check_param("vector_quantize: {codes: 20}", image, "test.vector_quantize.codebook", (Shape){2, {20, 3}}, 20, 3,
                "data");
    check_param("vector_quantize: {codes: 20, init: uniform}", image, "test.vector_quantize.codebook",
                (Shape){2, {20, 3}}, 20, 3, "uniform");
    check_param("vector_quantize: {codes: 20, update: moving_average}", image, "test.vector_quantize.codebook",
                (Shape){2, {20, 3}}, 20, 3, "data");
    check_param("vector_quantize: {codes: 20, update: moving_average}", image, "test.vector_quantize.kept",
                (Shape){2, {20, 5}}, 1, 1, "zeros");
    check_param("residual: {body: [dense: {units: 12}, relu, dense: {units: 12}]}", flat,
                "test.residual.body.dense_2.weight", (Shape){2, {12, 12}}, 12, 12, "fan_in_uniform");
    check_param("residual: {body: [dense: {units: 12}], shortcut: [dense: {units: 12}]}", flat,
                "test.residual.shortcut.dense.bias", (Shape){1, {12}}, 12, 12, "fan_in_uniform");
    check_param("repeat: {times: 3, body: [dense: {units: 12}]}", flat, "test.repeat.3.dense.weight",
                (Shape){2, {12, 12}}, 12, 12, "fan_in_uniform");
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

static void test_only_buffers_are_not_trained(void **state)
{
    (void)state;
    Net net;
    Value out;
    Err err = {0};
    net_begin(&net, "in", image);
    assert_true(net_layer(&net, "batch_norm", 0, &out, &err));
    assert_true(param(&net, "test.batch_norm.scale")->trainable && param(&net, "test.batch_norm.shift")->trainable);
    assert_false(param(&net, "test.batch_norm.running_mean")->trainable);
    assert_false(param(&net, "test.batch_norm.running_variance")->trainable);
    net_end(&net);
}

static void test_dropout_has_a_stream_of_its_own(void **state)
{
    (void)state;
    Net net;
    Value out;
    Err err = {0};
    net_begin(&net, "in", flat);
    assert_true(net_layer(&net, "repeat: {times: 2, body: [dropout: 0.25]}", 0, &out, &err));
    const DropoutAttributes *last = graph_node(&net.graph, out.node)->attributes;
    const DropoutAttributes *first = graph_node(&net.graph, out.node - 1)->attributes;
    assert_true(last->rate == 0.25);
    assert_string_equal(first->stream, "test.repeat.1.dropout/dropout");
    assert_string_equal(last->stream, "test.repeat.2.dropout/dropout");
    net_end(&net);
}

/* 30 x 30 x 30 layers out of one line: refused before they are built. */
static void test_repeats_are_bounded(void **state)
{
    (void)state;
    Net net;
    Value out;
    Err err = {0};
    net_begin(&net, "in", flat);
    assert_false(
        net_layer(&net, "repeat: {times: 30, body: [repeat: {times: 30, body: [repeat: {times: 30, body: [relu]}]}]}",
                  0, &out, &err));
    assert_non_null(strstr(err.text, "the network is too large"));
    assert_true(net.graph.n < 30000);
    net_end(&net);
}

/* What can be evaluated but not trained is refused where the graph is known to be trained. */
static void test_one_value_a_channel_has_no_variance(void **state)
{
    (void)state;
    for (int training = 0; training < 2; training++) {
        Net net;
        Value out;
        Err err = {0};
        net_begin(&net, "in", (Shape){4, {1, 1, 1, 3}});
        net.graph.training = training;
        assert_true(net_layer(&net, "batch_norm", 0, &out, &err) == !training);
        if (training) assert_non_null(strstr(err.text, "[1,1,1,3], has no variance to train on"));
        net_end(&net);
    }
}

static const struct {
    const char *layer;
    Shape in;
    const char *message;
} refused[] = {
    {"residual: {body: [dense: {units: 4}]}",
     {2, {5, 12}},
     "residual \"test.residual\": its body gives [5,4] and its shortcut [5,12]; they must agree (give it a shortcut"},
    {"residual: {body: [dense: {units: 4}], shortcut: [relu]}", {2, {5, 12}}, "[5,4] and its shortcut [5,12]"},
    {"residual: {body: [dense: {units: 4}, conv2d: {filters: 2, kernel: 3}]}",
     {2, {5, 12}},
     "conv2d \"test.residual.body.conv2d\": wants images"},
    {"repeat: {times: 2, body: []}", {2, {5, 12}}, "repeat \"test.repeat\": its body has no layers"},
    {"repeat: {times: 2, body: [flatten, reshape: [3, 4]]}", {3, {5, 3, 5}}, "test.repeat.1.reshape"},
    {"max_pool: 2", {2, {5, 12}}, "max_pool \"test.max_pool\": wants images [n,height,width,channels], got [5,12]"},
    {"max_pool: {kernel: 8}", {4, {5, 7, 6, 3}}, "a kernel of height 8 doesn't fit into 7"},
    {"average_pool: {kernel: 2, padding: 2}", {4, {5, 7, 6, 3}}, "padding must be smaller than the kernel of 2x2"},
    {"global_average_pool", {2, {5, 12}}, "wants images [n,height,width,channels], got [5,12]"},
    {"batch_norm", {1, {5}}, "batch_norm \"test.batch_norm\": wants channels, got [5]"},
    {"vector_quantize: {codes: 3}", {1, {5}}, "wants channels, got [5]"},
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
    {"masked_conv2d: {filters: 4, kernel: 1, mask: A}",
     {4, {5, 7, 6, 3}},
     "masked_conv2d \"test.masked_conv2d\": mask A leaves nothing of a kernel of 1x1; use mask B or a larger kernel"},
    {"masked_conv2d: {filters: 4, kernel: 3}", {2, {5, 12}}, "wants images [n,height,width,channels], got [5,12]"},
    {"code_conv2d: {codes: 3, filters: 4, kernel: 3}",
     {4, {5, 7, 6, 3}},
     "wants codes [n,height,width], got [5,7,6,3]; its input is `code`"},
    {"gate", {2, {5, 3}}, "wants an even number of channels, got [5,3]"},
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
        cmocka_unit_test(test_only_buffers_are_not_trained),
        cmocka_unit_test(test_dropout_has_a_stream_of_its_own),
        cmocka_unit_test(test_repeats_are_bounded),
        cmocka_unit_test(test_one_value_a_channel_has_no_variance),
        cmocka_unit_test(test_posterior_has_parts_and_a_stream_of_its_own),
        cmocka_unit_test(test_misfits_have_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
