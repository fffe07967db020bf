#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "nn/exec/exec.h"
#include "tests/support/toy.h"

static const Shape shape = {2, {2, 3}};

typedef struct Net {
    Graph graph;
    Params params;
    Exec exec;
    int x, w;
} Net;

static void net_begin(Net *net)
{
    *net = (Net){0};
    graph_init(&net->graph, NULL, 2);
    net->x = graph_input(&net->graph, "x", shape, (Loc){0});
    net->w = toy_param(&net->graph, "w", shape, true);
}

static void net_run(Net *net, bool training, const int *roots, size_t n)
{
    params_add_graph(&net->params, &net->graph);
    params_allocate(&net->params, 0);
    exec_init(&net->exec, &net->graph, &net->params, training, roots, n);
    real *w = exec_value(&net->exec, net->w), *x = exec_value(&net->exec, net->x);
    for (size_t i = 0; i < 6; i++) {
        w[i] = (real)(i + 1);
        x[i] = (real)(10 * i);
    }
    exec_forward(&net->exec, 0, 0);
}

static void net_end(Net *net)
{
    exec_release(&net->exec);
    exec_release(&net->exec);
    params_release(&net->params);
    graph_release(&net->graph);
}

static double grad_of(const Net *net, const char *name, size_t i)
{
    return (double)net->params.grad[net->params.items[params_find(&net->params, name)].offset + i];
}

/* y = (x + w)^2 + w: dy/dw = 2 (x + w) + 1; the second branch reaches w directly. */
static void test_a_parameter_used_twice(void **state)
{
    (void)state;
    Net net;
    net_begin(&net);
    int square = toy_op1(&net.graph, &toy_square, toy_op2(&net.graph, &toy_add, net.x, net.w));
    int y = toy_op2(&net.graph, &toy_add, square, net.w);
    net_run(&net, true, &y, 1);
    for (int pass = 0; pass < 2; pass++) {
        exec_backward(&net.exec, 0, 0, &y, &(double){0.5}, 1);
        for (size_t i = 0; i < 6; i++) {
            double w = (double)(i + 1), x = 10 * (double)i;
            assert_true((double)exec_value(&net.exec, y)[i] == (x + w) * (x + w) + w);
            assert_true(grad_of(&net, "w", i) == 0.5 * (2 * (x + w) + 1));
        }
    }
    net_end(&net);
}

/* a = w + w, through a view of the parameter and a view of the sum; the root is a view too. */
static void test_views_share_values_and_gradients(void **state)
{
    (void)state;
    Net net;
    net_begin(&net);
    int flat = toy_op1(&net.graph, &toy_view, toy_op1(&net.graph, &toy_view, net.w));
    int sum = toy_op2(&net.graph, &toy_add, flat, net.w);
    int root = toy_op1(&net.graph, &toy_view, toy_op1(&net.graph, &toy_square, toy_op1(&net.graph, &toy_view, sum)));
    net_run(&net, true, &root, 1);
    exec_backward(&net.exec, 0, 0, &root, &(double){1}, 1);
    assert_ptr_equal(exec_value(&net.exec, flat), exec_value(&net.exec, net.w));
    for (size_t i = 0; i < 6; i++) {
        double w = (double)(i + 1);
        assert_true((double)exec_value(&net.exec, root)[i] == 4 * w * w);
        assert_true(grad_of(&net, "w", i) == 8 * w);
    }
    net_end(&net);
}

/* Two seeds with their own weights, one below the other; a third root without a seed changes nothing. */
static void test_seeds_are_weighted_and_add(void **state)
{
    (void)state;
    Net net;
    net_begin(&net);
    int first = toy_op1(&net.graph, &toy_square, net.w), second = toy_op1(&net.graph, &toy_square, first);
    int third = toy_op1(&net.graph, &toy_square, toy_op2(&net.graph, &toy_add, second, net.x));
    const int roots[] = {first, second, third};
    net_run(&net, true, roots, 3);
    exec_backward(&net.exec, 0, 0, roots, (const double[]){3, 0.25}, 2);
    for (size_t i = 0; i < 6; i++) {
        double w = (double)(i + 1);
        assert_true(grad_of(&net, "w", i) == 3 * 2 * w + 0.25 * 4 * w * w * w);
    }
    exec_backward(&net.exec, 0, 0, roots, (const double[]){1, 1, 1}, 3);
    exec_backward(&net.exec, 0, 0, (const int[]){first, first}, (const double[]){1, 2}, 2);
    for (size_t i = 0; i < 6; i++) assert_true(grad_of(&net, "w", i) == 3 * 2 * (double)(i + 1));
    net_end(&net);
}

static void test_buffers_get_no_gradient(void **state)
{
    (void)state;
    Net net;
    net_begin(&net);
    int buffer = toy_param(&net.graph, "buffer", shape, false);
    int y = toy_op1(&net.graph, &toy_square,
                    toy_op2(&net.graph, &toy_add, toy_op2(&net.graph, &toy_add, net.x, buffer), net.w));
    net_run(&net, true, &y, 1);
    exec_backward(&net.exec, 0, 0, &y, &(double){1}, 1);
    for (size_t i = 0; i < 6; i++) {
        assert_true(grad_of(&net, "buffer", i) == 0);
        assert_true(grad_of(&net, "w", i) == 2 * (10 * (double)i + (double)i + 1));
    }
    net_end(&net);
}

/* Counts its forward passes in its second input, wherever it may. */
static void count_forward(const OpRun *run)
{
    assert_null(run->state[0]);
    if (run->state[1]) run->state[1][0] += 1;
    for (size_t i = 0; i < shape_count(run->out_shape); i++) run->out[i] = run->in[0][i];
}

static const Op counting = {.name = "counting", .doc = "x", .shape = op_shape_as_input, .forward = count_forward},
                moving = {
                    .name = "moving", .doc = "x", .shape = op_shape_as_input, .forward = count_forward, .moves = true};

/* A buffer is an op's to update in training alone; a trained parameter is if the op's row says so. And without a
 * backward there is no gradient. */
static void check_updates(bool training, const Op *op, bool trained)
{
    Net net;
    net_begin(&net);
    int counter = toy_param(&net.graph, "counter", shape, trained);
    int y = toy_op2(&net.graph, op, net.x, counter);
    assert_false(graph_node(&net.graph, y)->wants_grad);
    net_run(&net, training, &y, 1);
    exec_forward(&net.exec, 0, 1);
    assert_true(exec_value(&net.exec, counter)[0] == (training && (op->moves || !trained) ? 2 : 0));
    if (training) exec_backward(&net.exec, 0, 1, &y, &(double){1}, 1);
    assert_true(grad_of(&net, "counter", 0) == 0);
    net_end(&net);
}

static void test_buffers_are_updated_in_training_alone(void **state)
{
    (void)state;
    for (int training = 0; training < 2; training++) {
        check_updates(training, &counting, false);
        check_updates(training, &counting, true);
        check_updates(training, &moving, true);
    }
}

static void test_evaluation_gives_the_same_values(void **state)
{
    (void)state;
    for (int training = 0; training < 2; training++) {
        Net net;
        net_begin(&net);
        int at = toy_op2(&net.graph, &toy_add, net.x, net.w);
        int early = toy_op1(&net.graph, &toy_view, at);
        for (int i = 0; i < 3; i++) at = toy_op2(&net.graph, &toy_add, at, toy_op1(&net.graph, &toy_square, net.w));
        const int roots[] = {early, at};
        net_run(&net, training, roots, 2);
        for (size_t i = 0; i < 6; i++) {
            double w = (double)(i + 1), x = 10 * (double)i;
            assert_true((double)exec_value(&net.exec, early)[i] == x + w);
            assert_true((double)exec_value(&net.exec, at)[i] == x + w + 3 * w * w);
        }
        net_end(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_parameter_used_twice),
        cmocka_unit_test(test_views_share_values_and_gradients),
        cmocka_unit_test(test_seeds_are_weighted_and_add),
        cmocka_unit_test(test_buffers_get_no_gradient),
        cmocka_unit_test(test_buffers_are_updated_in_training_alone),
        cmocka_unit_test(test_evaluation_gives_the_same_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
