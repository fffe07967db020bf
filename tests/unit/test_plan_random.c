/* Random graphs are "run" on a slab of tags: each step checks that what it reads is still there and overwrites what it
 * writes. Nothing here knows how the plan reckons with lives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/rng.h"
#include "nn/plan/plan.h"
#include "tests/support/toy.h"

enum { GRAPHS = 300, TAG_VALUE = 1, TAG_GRAD = 2, TAG_KEEP = 3, TAG_SCRATCH = 4 };

typedef struct Slab {
    const Graph *graph;
    Plan plan;
    int *tags;
    bool *touched;
} Slab;

static uint32_t pick(uint64_t graph, uint32_t draw, uint32_t below)
{
    uint32_t words[4];
    rng_block(rng_stream(1, "test_plan_random"), graph, draw, 0, words);
    return words[0] % below;
}

static void random_graph(Graph *graph, uint64_t number)
{
    const Shape shape = {2, {2, 1 + pick(number, 0, 40)}};
    graph_init(graph, NULL, 2);
    graph_input(graph, "x", shape, (Loc){0});
    toy_param(graph, "w", shape, true);
    toy_param(graph, "buffer", shape, false);
    graph_input(graph, "y", shape, (Loc){0});
    size_t nodes = 5 + pick(number, 1, 30);
    for (uint32_t i = 4; i < nodes; i++) {
        int a = (int)(i - 1 - pick(number, 10 * i, i < 8 ? i : 8)), b = (int)pick(number, 10 * i + 1, i);
        uint32_t kind = pick(number, 10 * i + 2, 4);
        if (kind == 0)
            toy_op1(graph, &toy_view, a);
        else if (kind == 1)
            toy_op1(graph, &toy_square, a);
        else
            toy_op2(graph, &toy_add, a, b);
    }
}

static int tag(const Slab *slab, int node, int kind)
{
    return 8 * slab->plan.nodes[node].owner + kind;
}

static void write_tag(const Slab *slab, size_t at, size_t n, int what)
{
    assert_true(at != PLAN_NONE && at % 16 == 0 && at + n <= slab->plan.total);
    for (size_t i = 0; i < n; i++) slab->tags[at + i] = what;
}

static void check_tag(const Slab *slab, size_t at, size_t n, int what)
{
    assert_true(at != PLAN_NONE && at + n <= slab->plan.total);
    for (size_t i = 0; i < n; i++) assert_int_equal(slab->tags[at + i], what);
}

static void check_value(const Slab *slab, int node)
{
    const Node *n = graph_node(slab->graph, node);
    if (slab->graph->nodes[slab->plan.nodes[node].owner].param)
        assert_true(slab->plan.nodes[node].value == PLAN_NONE);
    else
        check_tag(slab, slab->plan.nodes[node].value, shape_count(n->shape), tag(slab, node, TAG_VALUE));
}

static void touch(Slab *slab, int node)
{
    int owner = slab->plan.nodes[node].owner;
    const Node *n = &slab->graph->nodes[owner];
    if (n->param || slab->touched[owner]) return;
    slab->touched[owner] = true;
    write_tag(slab, slab->plan.nodes[node].grad, shape_count(n->shape), tag(slab, node, TAG_GRAD));
}

static void run_forward(Slab *slab)
{
    const Graph *graph = slab->graph;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        const NodePlan *at = &slab->plan.nodes[i];
        if (node->op || node->param) continue;
        write_tag(slab, at->value, shape_count(node->shape), tag(slab, (int)i, TAG_VALUE));
    }
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        const NodePlan *at = &slab->plan.nodes[i];
        if (!node->op || node->op->view || at->value == PLAN_NONE) continue;
        if (node->scratch) write_tag(slab, slab->plan.scratch, node->scratch, TAG_SCRATCH);
        write_tag(slab, at->value, shape_count(node->shape), tag(slab, (int)i, TAG_VALUE));
        if (node->keep) write_tag(slab, at->keep, node->keep, tag(slab, (int)i, TAG_KEEP));
        for (size_t k = 0; k < node->inputs; k++) check_value(slab, node->input[k]);
        check_value(slab, (int)i);
    }
}

static void run_backward(Slab *slab, const int *roots, size_t n)
{
    const Graph *graph = slab->graph;
    for (size_t i = 0; i < n; i++) {
        if (graph_node(graph, roots[i])->wants_grad) touch(slab, roots[i]);
    }
    for (size_t i = graph->n; i-- > 0;) {
        const Node *node = &graph->nodes[i];
        const NodePlan *at = &slab->plan.nodes[i];
        if (!node->op || node->op->view || !slab->touched[i]) continue;
        if (node->scratch) write_tag(slab, slab->plan.scratch, node->scratch, TAG_SCRATCH);
        for (size_t k = 0; k < node->inputs; k++) {
            if (graph->nodes[node->input[k]].wants_grad) touch(slab, node->input[k]);
        }
        for (size_t k = 0; k < node->inputs; k++) check_value(slab, node->input[k]);
        check_value(slab, (int)i);
        check_tag(slab, at->grad, shape_count(node->shape), tag(slab, (int)i, TAG_GRAD));
        if (node->keep) check_tag(slab, at->keep, node->keep, tag(slab, (int)i, TAG_KEEP));
    }
}

static size_t sum_of_buffers(const Graph *graph, const Plan *plan)
{
    size_t sum = 0;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        size_t count = (shape_count(node->shape) + 15) / 16 * 16;
        if (plan->nodes[i].value == PLAN_NONE || node->param || plan->nodes[i].owner != (int)i) continue;
        sum += count + (plan->nodes[i].grad != PLAN_NONE ? count : 0) + (node->keep + 15) / 16 * 16;
    }
    return sum;
}

static void check_graph(uint64_t number, bool training, size_t *total, size_t *sum)
{
    Graph graph;
    random_graph(&graph, number);
    int roots[3];
    size_t n = pick(number, 2, 4);
    for (uint32_t i = 0; i < n; i++) roots[i] = (int)(i == 0 ? graph.n - 1 : pick(number, 3 + i, (uint32_t)graph.n));
    Slab slab = {.graph = &graph};
    plan_make(&slab.plan, &graph, training, roots, n);
    slab.tags = mem_zeroed(slab.plan.total, sizeof *slab.tags);
    slab.touched = mem_zeroed(graph.n, sizeof *slab.touched);
    run_forward(&slab);
    if (training) run_backward(&slab, roots, n);
    for (size_t i = 0; i < n; i++) check_value(&slab, roots[i]);
    *total += slab.plan.total;
    *sum += sum_of_buffers(&graph, &slab.plan);
    free(slab.tags);
    free(slab.touched);
    plan_release(&slab.plan);
    graph_release(&graph);
}

static void test_nothing_is_overwritten_while_it_is_needed(void **state)
{
    (void)state;
    for (int training = 0; training < 2; training++) {
        size_t total = 0, sum = 0;
        for (uint64_t i = 0; i < GRAPHS; i++) check_graph(i, training, &total, &sum);
        assert_true(total < sum);
    }
}

static void test_a_chain_needs_two_buffers(void **state)
{
    (void)state;
    Graph graph;
    Plan plan;
    graph_init(&graph, NULL, 2);
    const Shape shape = {2, {2, 8}};
    int at = graph_input(&graph, "x", shape, (Loc){0});
    int other = graph_input(&graph, "y", shape, (Loc){0});
    for (int i = 0; i < 20; i++) at = toy_op2(&graph, &toy_add, at, i == 0 ? other : at);
    plan_make(&plan, &graph, false, &at, 1);
    assert_int_equal(plan.total, 3 * 16);
    plan_release(&plan);
    graph_release(&graph);
}

static void test_only_what_a_root_needs_has_a_gradient(void **state)
{
    (void)state;
    Graph graph;
    Plan plan;
    graph_init(&graph, NULL, 2);
    const Shape shape = {2, {2, 8}};
    int x = graph_input(&graph, "x", shape, (Loc){0}), w = toy_param(&graph, "w", shape, true);
    int sum = toy_op2(&graph, &toy_add, x, w), loss = toy_op1(&graph, &toy_square, sum);
    int view = toy_op1(&graph, &toy_view, loss), aside = toy_op1(&graph, &toy_square, sum);
    int data = toy_op1(&graph, &toy_square, x);
    plan_make(&plan, &graph, true, &view, 1);
    assert_true(plan.nodes[view].grad != PLAN_NONE);
    assert_int_equal(plan.nodes[view].grad, plan.nodes[loss].grad);
    assert_int_equal(plan.nodes[view].value, plan.nodes[loss].value);
    assert_true(plan.nodes[sum].grad != PLAN_NONE);
    assert_true(plan.nodes[aside].grad == PLAN_NONE);
    assert_true(plan.nodes[data].grad == PLAN_NONE);
    assert_true(plan.nodes[aside].value == PLAN_NONE && plan.nodes[data].value == PLAN_NONE);
    assert_true(plan.nodes[w].grad == PLAN_NONE && plan.nodes[w].value == PLAN_NONE);
    plan_release(&plan);
    plan_release(&plan);
    graph_release(&graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_overwritten_while_it_is_needed),
        cmocka_unit_test(test_a_chain_needs_two_buffers),
        cmocka_unit_test(test_only_what_a_root_needs_has_a_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
