/* An op that takes one node as two of its inputs: their gradients add up in one place, whatever runs side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/pool.h"
#include "nn/base/rng.h"
#include "nn/exec/exec.h"
#include "tests/support/toy.h"

enum { SIDE = 96, COUNT = SIDE * SIDE, PASSES = 100 };

typedef struct Net {
    Graph graph;
    Params params;
    Exec exec;
    int x, out;
} Net;

static int dense(Net *net, int in, int weight, const char *name)
{
    int node = -1;
    Err err = {0};
    const int inputs[] = {in, weight};
    if (!graph_add(&net->graph, &op_dense, NULL, 2, inputs, name, (Loc){0}, &node, &err)) fail_msg("%s", err.text);
    return node;
}

static void build(Net *net, const Numerics *numerics)
{
    graph_init(&net->graph, numerics, SIDE);
    net->x = graph_input(&net->graph, "x", (Shape){2, {SIDE, SIDE}}, (Loc){0});
    const int weight = toy_param(&net->graph, "weight", (Shape){2, {SIDE, SIDE}}, true);
    const int square = dense(net, net->x, weight, "square");
    net->out = dense(net, square, square, "out");
    params_add_graph(&net->params, &net->graph);
    params_allocate(&net->params, 0);
    exec_init(&net->exec, &net->graph, &net->params, true, &net->out, 1);
    rng_uniform(rng_stream(1, "x"), 0, 0, COUNT, exec_value(&net->exec, net->x));
    rng_uniform(rng_stream(1, "weight"), 0, 0, COUNT, net->params.value);
}

static void pass(Net *net, real *grad)
{
    exec_forward(&net->exec, 0, 0);
    exec_backward(&net->exec, 0, 0, &net->out, &(double){1}, 1);
    memcpy(grad, net->params.grad, COUNT * sizeof *grad);
}

static void gradients_add_up(void **state)
{
    (void)state;
    static const size_t threads[] = {2, 3, 8};
    static real alone[COUNT], grad[COUNT];
    for (size_t b = 0; b < numerics_count; b++) {
        Net net = {0};
        build(&net, numerics_find(numerics_names[b]));
        pool_stop();
        pass(&net, alone);
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            pool_start(threads[t]);
            for (int i = 0; i < PASSES; i++) {
                pass(&net, grad);
                assert_memory_equal(grad, alone, sizeof grad);
            }
        }
        exec_release(&net.exec);
        params_release(&net.params);
        graph_release(&net.graph);
    }
    pool_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gradients_add_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
