/* Every row of the layers: its document, its options, and that it builds, runs and starts the same twice. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/rng.h"
#include "nn/exec/exec.h"
#include "tests/support/net.h"
#include "tests/support/options.h"

static void test_every_row_is_documented(void **state)
{
    (void)state;
    assert_true(layers_table.named);
    for (size_t i = 0; i < layers_table.n; i++) {
        const Row *row = layers_table.rows[i];
        if (!row->doc || strlen(row->doc) < 10) fail_msg("%s has no document", row->name);
        assert_ptr_equal(table_find(&layers_table, row->name), row);
        for (const Field *field = row->fields; field && field->key; field++) {
            if (!field->help || !*field->help) fail_msg("%s: %s has no help", row->name, field->key);
            if (field->kind == FIELD_SPEC) assert_non_null(field->table);
            assert_true(field->offset < row->size);
            if (!field->fallback && !row->example) fail_msg("%s needs options and has no example", row->name);
        }
    }
}

static void build_row(Net *net, const Layer *layer, Value *out)
{
    Err err = {0};
    const Row *row = &layer->row;
    net_begin(net, "in", layer->example_input);
    const char *text = arena_printf(&net->arena, row->example ? "%s: %s" : "%s", row->name, row->example);
    if (!net_layer(net, text, net_node(net, "in"), out, &err)) fail_msg("%s: %s", text, err.text);
}

static void test_every_row_builds_on_its_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < layers_table.n; i++) {
        const Layer *layer = (const Layer *)layers_table.rows[i];
        Net net;
        Value out;
        assert_true(layer->example_input.rank >= 2 && layer->example_input.dim[0] >= 2);
        build_row(&net, layer, &out);
        const Node *node = graph_node(&net.graph, out.node);
        assert_int_equal(node->shape.dim[0], layer->example_input.dim[0]);
        for (size_t k = 1; k < net.graph.n; k++) {
            const Node *added = &net.graph.nodes[k];
            const char *path = arena_printf(&net.arena, "test.%s", layer->row.name);
            assert_memory_equal(added->name, path, strlen(path));
            assert_int_equal(added->loc.line, 2);
        }
        net_end(&net);
    }
}

static void fill_input(const Layer *layer, real *in)
{
    const size_t n = shape_count(layer->example_input);
    rng_normal(rng_stream(1, "in"), 0, 0, n, in);
    for (size_t i = 0; i < n && layer->example_codes; i++) in[i] = (real)(i * 7 % layer->example_codes);
}

/* Forward twice from the same seed gives the same finite numbers, whatever the layer draws or keeps. */
static void test_every_row_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < layers_table.n; i++) {
        const Layer *layer = (const Layer *)layers_table.rows[i];
        Net net;
        Value out;
        double sum[2] = {0};
        build_row(&net, layer, &out);
        for (int pass = 0; pass < 2; pass++) {
            Params params = {0};
            Exec exec;
            params_add_graph(&params, &net.graph);
            params_allocate(&params, 0);
            params_initialise(&params, 5);
            exec_init(&exec, &net.graph, &params, true, &out.node, 1);
            fill_input(layer, exec_value(&exec, 0));
            exec_forward(&exec, 5, 9);
            exec_backward(&exec, 5, 9, &out.node, &(double){1}, 1);
            size_t n = shape_count(graph_node(&net.graph, out.node)->shape);
            for (size_t k = 0; k < n; k++) sum[pass] += (double)(k + 1) * (double)exec_value(&exec, out.node)[k];
            for (size_t k = 0; k < params.total; k++) assert_true(isfinite(params.grad[k]));
            exec_release(&exec);
            params_release(&params);
        }
        assert_true(isfinite(sum[0]) && sum[0] != 0 && sum[0] == sum[1]);
        net_end(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_documented),
        cmocka_unit_test(test_every_row_builds_on_its_example),
        cmocka_unit_test(test_every_row_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
