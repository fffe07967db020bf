/* Relus that the op before them applies: which ones that are, and that values and gradients keep their bits. The same
 * network with every dense layer as a root has no such relu. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/rng.h"
#include "nn/exec/exec.h"
#include "nn/op/attributes.h"
#include "tests/support/toy.h"

enum { BATCH = 5, WIDTH = 12, CHANNELS = 3, DENSE = 5, BLOCK = 3 };

static const ReshapeAttributes line = {1, {WIDTH}}, square = {3, {2, 2, 3}};

typedef struct Net {
    Graph graph;
    Params params;
    Exec exec;
    int x, dense[DENSE], relu[DENSE], sum, out;
} Net;

static int op(Net *net, const Op *row, const void *attributes, size_t inputs, const int *input, const char *name)
{
    int node = -1;
    Err err = {0};
    if (!graph_add(&net->graph, row, attributes, inputs, input, name, (Loc){0}, &node, &err)) fail_msg("%s", err.text);
    return node;
}

static int dense(Net *net, int in, const char *name)
{
    const int weight = toy_param(&net->graph, name, (Shape){2, {WIDTH, WIDTH}}, true);
    return op(net, &op_dense, NULL, 2, (const int[]){in, weight}, name);
}

static int relu(Net *net, int in)
{
    return op(net, &op_relu, NULL, 1, &in, "relu");
}

/* apart: what relus are behind is a root too. */
static void finish(Net *net, bool apart, size_t relus)
{
    int roots[DENSE + 1] = {net->out};
    memcpy(roots + 1, net->dense, relus * sizeof *roots);
    params_add_graph(&net->params, &net->graph);
    params_allocate(&net->params, 0);
    rng_uniform(rng_stream(3, "weights"), 0, 0, net->params.total, net->params.value);
    for (size_t i = 0; i < net->params.total; i++) net->params.value[i] -= (real)0.5;
    exec_init(&net->exec, &net->graph, &net->params, true, roots, apart ? relus + 1 : 1);
}

/* 0: a relu with one user, behind a view; 1: one with two users; 2: a dense layer that a sum uses beside its relu;
 * 3: a relu that is used by no contraction; 4: a relu that is a root. */
static void begin(Net *net, bool apart)
{
    *net = (Net){0};
    Graph *graph = &net->graph;
    graph_init(graph, numerics_find("exact"), BATCH);
    net->x = graph_input(graph, "x", (Shape){2, {BATCH, WIDTH}}, (Loc){0});
    net->dense[0] = dense(net, net->x, "a");
    net->relu[0] = relu(net, net->dense[0]);
    int image = op(net, &op_reshape, &square, 1, &net->relu[0], "image");
    net->dense[1] = dense(net, op(net, &op_reshape, &line, 1, &image, "line"), "b");
    net->relu[1] = relu(net, net->dense[1]);
    net->dense[2] = dense(net, net->relu[1], "c");
    net->relu[2] = relu(net, net->dense[2]);
    net->sum = op(net, &op_add, NULL, 2, (const int[]){net->dense[2], net->relu[2]}, "sum");
    net->sum = op(net, &op_add, NULL, 2, (const int[]){net->sum, net->relu[1]}, "sum");
    net->dense[3] = dense(net, net->sum, "d");
    net->relu[3] = relu(net, net->dense[3]);
    net->dense[4] = dense(net, op(net, &op_tanh, NULL, 1, &net->relu[3], "tanh"), "e");
    net->out = net->relu[4] = relu(net, net->dense[4]);

    finish(net, apart, DENSE);
}

static int batch_norm(Net *net, int in, const char *name)
{
    static const BatchNormAttributes usual = {.momentum = 0.1, .epsilon = 1e-5};
    static const char *const parts[] = {"scale", "shift", "mean", "variance"};
    int input[5] = {in};
    for (size_t i = 0; i < 4; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s.%s", name, parts[i]);
        input[1 + i] = toy_param(&net->graph, text, (Shape){1, {CHANNELS}}, i < 2);
    }
    return op(net, &op_batch_norm, &usual, 5, input, name);
}

/* A block of a residual network: relus behind batch_norm, max_pool and add, each passed by the next of them. */
static void begin_block(Net *net, bool apart)
{
    static const PoolAttributes window = {.kernel = {2, 2}, .window = {.stride = {1, 1}, .padding = {.mode = "same"}}};
    *net = (Net){0};
    Graph *graph = &net->graph;
    graph_init(graph, numerics_find("exact"), BATCH);
    net->x = graph_input(graph, "x", (Shape){4, {BATCH, 2, 2, CHANNELS}}, (Loc){0});
    net->dense[0] = batch_norm(net, net->x, "a");
    net->relu[0] = relu(net, net->dense[0]);
    net->dense[1] = op(net, &op_max_pool, &window, 1, &net->relu[0], "pool");
    net->relu[1] = relu(net, net->dense[1]);
    net->sum = batch_norm(net, net->x, "b");
    net->dense[2] = op(net, &op_add, NULL, 2, (const int[]){net->relu[1], net->sum}, "sum");
    net->relu[2] = relu(net, net->dense[2]);
    const int last = batch_norm(net, net->relu[2], "c");
    net->out = op(net, &op_tanh, NULL, 1, &last, "tanh");
    finish(net, apart, BLOCK);
}

static void end(Net *net)
{
    exec_release(&net->exec);
    params_release(&net->params);
    graph_release(&net->graph);
}

/* A pass with images of its own, over memory that is full of the one before. */
static void pass(Net *net, uint64_t step)
{
    real *x = exec_value(&net->exec, net->x);
    rng_uniform(rng_stream(4, "x"), step, 0, BATCH * WIDTH, x);
    for (size_t i = 0; i < BATCH * WIDTH; i++) x[i] -= (real)0.5;
    exec_forward(&net->exec, 0, step);
    exec_backward(&net->exec, 0, step, &net->out, &(double){0.25}, 1);
}

static void relus_are_applied_where_nothing_else_sees(void **state)
{
    (void)state;
    static const bool applied[DENSE] = {true, true, false, true, true};
    Net net;
    begin(&net, false);
    for (size_t i = 0; i < DENSE; i++) {
        assert_int_equal(exec_runs(&net.exec, net.relu[i]), !applied[i]);
        assert_int_equal(net.exec.plan.nodes[net.dense[i]].relu, applied[i] ? net.relu[i] : -1);
        assert_int_equal(net.exec.plan.nodes[net.relu[i]].owner, applied[i] ? net.dense[i] : net.relu[i]);
    }
    assert_true(net.exec.plan.nodes[net.dense[0]].once);
    assert_false(net.exec.plan.nodes[net.dense[1]].once);
    assert_false(net.exec.plan.nodes[net.dense[4]].once);
    end(&net);
    begin(&net, true);
    for (size_t i = 0; i < DENSE; i++) assert_true(exec_runs(&net.exec, net.relu[i]));
    end(&net);
}

static void relus_of_a_block_are_applied(void **state)
{
    (void)state;
    Net net;
    begin_block(&net, false);
    for (size_t i = 0; i < BLOCK; i++) {
        assert_int_equal(net.exec.plan.nodes[net.dense[i]].relu, net.relu[i]);
        assert_true(net.exec.plan.nodes[net.dense[i]].once);
    }
    pass(&net, 0);
    for (size_t i = 0; i < BLOCK; i++) assert_true(net.exec.rectified[net.dense[i]]);
    end(&net);
}

static void compare_bits(void (*begin_net)(Net *net, bool apart))
{
    Net net, apart;
    begin_net(&net, false);
    begin_net(&apart, true);
    for (uint64_t step = 0; step < 3; step++) {
        pass(&net, step);
        pass(&apart, step);
        const real *out = exec_value(&net.exec, net.out);
        size_t positive = 0;
        for (size_t i = 0; i < BATCH * WIDTH; i++) positive += out[i] > 0;
        assert_in_range(positive, 2, BATCH * WIDTH - 2);
        assert_memory_equal(out, exec_value(&apart.exec, apart.out), BATCH * WIDTH * sizeof(real));
        assert_memory_equal(net.params.grad, apart.params.grad, net.params.total * sizeof(real));
        for (size_t i = 0; i < net.params.n; i++) {
            real largest = 0;
            const Param *param = &net.params.items[i];
            if (!param->spec.trainable) continue;
            for (size_t k = 0; k < param->count; k++) {
                const real grad = net.params.grad[param->offset + k], g = grad < 0 ? -grad : grad;
                largest = g > largest ? g : largest;
            }
            assert_true(largest > 0);
        }
    }
    end(&net);
    end(&apart);
}

static void bits_are_those_of_relus_apart(void **state)
{
    (void)state;
    compare_bits(begin);
    compare_bits(begin_block);
}

/* A parameter that this pass doesn't come to has no gradient, whatever the one before left. */
static void what_is_not_reached_is_zero(void **state)
{
    (void)state;
    Net net;
    begin(&net, false);
    pass(&net, 0);
    exec_forward(&net.exec, 0, 1);
    exec_backward(&net.exec, 0, 1, NULL, NULL, 0);
    for (size_t i = 0; i < net.params.total; i++) assert_true(net.params.grad[i] == 0);
    assert_true(net.exec.zeroed >= DENSE * WIDTH * WIDTH);
    end(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relus_are_applied_where_nothing_else_sees),
        cmocka_unit_test(relus_of_a_block_are_applied),
        cmocka_unit_test(bits_are_those_of_relus_apart),
        cmocka_unit_test(what_is_not_reached_is_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
