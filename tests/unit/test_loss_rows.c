/* Every row of the losses: documents, that its example builds a value an image, and values by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/exec/exec.h"
#include "tests/support/net.h"

static const Shape image = {4, {2, 1, 2, 1}};

/* codes: a quantizer of two codes, (0, 0) and (0, 2), over `points`, two images of one cell with two channels. */
static void add_quantizer(Net *net)
{
    Err err = {0};
    Value quantizer;
    const int points = graph_input(&net->graph, "points", (Shape){2, {2, 2}}, (Loc){0});
    if (!net_layer(net, "vector_quantize: {codes: 2, init: uniform}", points, &quantizer, &err))
        fail_msg("%s", err.text);
    scope_add(&net->scope, "codes", &quantizer);
}

/* image and decoder: two images of two pixels, both fed; latent: a posterior whose mean and log-variance are fed. */
static void begin(Net *net)
{
    net_begin(net, "image", image);
    const Value decoder = {.node = graph_input(&net->graph, "decoder", image, (Loc){0})};
    scope_add(&net->scope, "decoder", &decoder);
    Value latent = {.node = graph_input(&net->graph, "mean", (Shape){2, {2, 2}}, (Loc){0})};
    value_add_part(&latent, "mean", latent.node);
    value_add_part(&latent, "log_variance", graph_input(&net->graph, "log_variance", (Shape){2, {2, 2}}, (Loc){0}));
    scope_add(&net->scope, "latent", &latent);
    const Value classifier = {.node = graph_input(&net->graph, "classifier", (Shape){2, {2, 2}}, (Loc){0})};
    scope_add(&net->scope, "classifier", &classifier);
    const Value label = {.node = graph_input(&net->graph, "label", (Shape){1, {2}}, (Loc){0})};
    scope_add(&net->scope, "label", &label);
    add_quantizer(net);
}

static void feed(const Net *net, const Exec *exec, const char *input, const double values[4])
{
    real *to = exec_value(exec, graph_find_input(&net->graph, input));
    for (size_t i = 0; i < 4; i++) to[i] = (real)values[i];
}

static void test_every_row_is_documented_and_builds(void **state)
{
    (void)state;
    for (size_t i = 0; i < losses_table.n; i++) {
        const Row *row = losses_table.rows[i];
        const char *role = ((const Loss *)row)->role;
        if (!row->doc || strlen(row->doc) < 10) fail_msg("%s has no document", row->name);
        for (const Field *field = row->fields; field && field->key; field++) {
            if (!field->help || !*field->help) fail_msg("%s: %s has no help", row->name, field->key);
        }
        assert_true(!role || strcmp(role, "reconstruction") == 0 || strcmp(role, "kl") == 0);
        Net net;
        Err err = {0};
        int node;
        begin(&net);
        assert_non_null(row->example);
        if (!net_loss(&net, arena_printf(&net.arena, "%s: %s", row->name, row->example), &node, &err))
            fail_msg("%s: %s", row->name, err.text);
        assert_true(shape_equal(graph_node(&net.graph, node)->shape, (Shape){1, {2}}));
        net_end(&net);
    }
}

static void check_values(const char *text, double first, double second)
{
    Net net;
    Err err = {0};
    Params params = {0};
    Exec exec;
    int node;
    begin(&net);
    assert_true(net_loss(&net, text, &node, &err));
    params_add_graph(&params, &net.graph);
    params_allocate(&params, 0);
    params.value[params.items[params_find(&params, "test.vector_quantize.codebook")].offset + 3] = 2;
    exec_init(&exec, &net.graph, &params, false, &node, 1);
    feed(&net, &exec, "image", (const double[]){1, 0, 0.5, 0.25});
    feed(&net, &exec, "decoder", (const double[]){0, 0, 2, -3});
    feed(&net, &exec, "mean", (const double[]){0, 0, 1, -2});
    feed(&net, &exec, "log_variance", (const double[]){0, 0, 0.5, -1});
    feed(&net, &exec, "classifier", (const double[]){0, 0, 2, -1});
    feed(&net, &exec, "points", (const double[]){1, 0.5, 1, 1.5});
    memcpy(exec_value(&exec, graph_find_input(&net.graph, "label")), (const real[]){0, 1}, 2 * sizeof(real));
    exec_forward(&exec, 0, 0);
    assert_true(fabs((double)exec_value(&exec, node)[0] - first) < 1e-5);
    assert_true(fabs((double)exec_value(&exec, node)[1] - second) < 1e-5);
    exec_release(&exec);
    params_release(&params);
    net_end(&net);
}

static void test_values_by_hand(void **state)
{
    (void)state;
    double second = log(1 + exp(2.0)) - 1 + log(1 + exp(-3.0)) + 0.75;
    check_values("binary_cross_entropy: {logits: decoder, target: image}", 2 * log(2.0), second);
    check_values("squared_error: {prediction: decoder, target: image}", 1, 1.5 * 1.5 + 3.25 * 3.25);
    check_values("kl_divergence: {posterior: latent}", 0, (1 + exp(0.5) - 0.5 - 1) / 2 + (4 + exp(-1) + 1 - 1) / 2);
    check_values("cross_entropy: {logits: classifier, target: label}", log(2.0), log(1 + exp(3.0)));
    check_values("codebook: {quantizer: codes}", 1.25, 1.25);
    check_values("commitment: {quantizer: codes}", 0.3125, 0.3125);
}

static void refuse(const char *text, const char *message)
{
    Net net;
    Err err = {0};
    int node;
    begin(&net);
    assert_false(net_loss(&net, text, &node, &err));
    if (!strstr(err.text, message)) fail_msg("%s", err.text);
    assert_string_equal(err.loc.file, "test.yaml");
    net_end(&net);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    refuse("kl_divergence: {posterior: decoder}",
           "kl_divergence: \"decoder\" is not a posterior (it has no mean and log_variance); end it with "
           "gaussian_posterior");
    refuse("kl_divergence: {posterior: latnet}", "no section or input is named \"latnet\"; did you mean \"latent\"?");
    refuse("squared_error: {prediction: decoder, target: imge}",
           "no section or input is named \"imge\"; did you mean \"image\"?");
    refuse("codebook: {quantizer: latent}",
           "codebook: \"latent\" is no quantizer (it has no codebook_loss); end it with vector_quantize");
    refuse("commitment: codse", "no section or input is named \"codse\"; did you mean \"codes\"?");
    refuse("cross_entropy: {logits: image, target: label}", "wants logits [n,classes], got [2,1,2,1]");
    refuse("cross_entropy: {logits: classifier, target: image}", "a class number for each of [2], got [2,1,2,1]");
    refuse("binary_cross_entropy: {logits: latent, target: image}", "of one shape, got [2,2] and [2,1,2,1]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_documented_and_builds),
        cmocka_unit_test(test_values_by_hand),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
