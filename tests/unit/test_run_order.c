/* Which run begins when, with how many threads, and by which estimate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runner/model/summary.h"
#include "runner/run/checkpoint.h"
#include "runner/run/cost.h"
#include "runner/run/order.h"
#include "tests/support/folder.h"
#include "tests/support/tiny.h"

enum { RUNS_MAX = 8 };

/* When the last of them ends: each begins in the place that is free first. */
static double makespan(const double *cost, size_t n, size_t jobs, const size_t *order)
{
    double busy[RUNS_MAX] = {0}, end = 0;
    for (size_t i = 0; i < n; i++) {
        size_t first = 0;
        for (size_t k = 1; k < jobs; k++)
            if (busy[k] < busy[first]) first = k;
        busy[first] += cost[order[i]];
        if (busy[first] > end) end = busy[first];
    }
    return end;
}

static void the_longest_goes_first(void **state)
{
    (void)state;
    const double cost[] = {2, 5, 1, 9, 5, 0};
    const size_t expected[] = {3, 1, 4, 0, 2, 5};
    size_t order[6];
    order_runs(cost, 6, 2, order);
    assert_memory_equal(order, expected, sizeof order);
    order_runs(cost, 0, 2, order);
}

static void one_after_another_they_keep_their_order(void **state)
{
    (void)state;
    const double cost[] = {2, 5, 1};
    const size_t expected[] = {0, 1, 2};
    size_t order[3];
    order_runs(cost, 3, 1, order);
    assert_memory_equal(order, expected, sizeof order);
}

/* 1 waits for 0, 2 and 3 for 1; 4 waits for nothing. */
static const size_t zero[] = {0}, one[] = {1};
static const OrderTask chain[] = {{1, NULL, 0}, {2, zero, 1}, {3, one, 1}, {1, one, 1}, {5, NULL, 0}};

static void the_longest_chain_goes_first(void **state)
{
    (void)state;
    static const size_t expected[] = {0, 1, 4, 2, 3}, given[] = {0, 1, 2, 3, 4};
    size_t order[5];
    order_chains(chain, 5, 2, order);
    assert_memory_equal(order, expected, sizeof order);
    order_chains(chain, 5, 1, order);
    assert_memory_equal(order, given, sizeof order);
    order_chains(chain, 0, 2, order);
}

/* 0, 1 and 2 one after another take 6; the other place has 4 and 3. */
static void runs_that_wait_take_their_time(void **state)
{
    (void)state;
    const OrderTask pair[] = {{4, NULL, 0}, {1, NULL, 0}, {1, one, 1}};
    assert_true(order_makespan(chain, 5, 1) == 12);
    assert_true(order_makespan(chain, 5, 2) == 6);
    assert_true(order_makespan(chain, 5, 3) == 6);
    assert_true(order_makespan(pair, 3, 2) == 4);
    assert_true(order_makespan(pair, 0, 2) == 0);
}

/* {costs, jobs, the shortest possible} */
static void the_whole_is_short(void **state)
{
    (void)state;
    static const struct {
        double cost[RUNS_MAX];
        size_t n, jobs;
        double shortest, as_given;
    } cases[] = {
        {{1, 1, 1, 1, 4}, 5, 2, 4, 6},
        {{1, 2, 3, 4}, 4, 2, 5, 6},
        {{1, 1, 2, 2, 3, 3}, 6, 3, 4, 5},
    };
    const size_t given[] = {0, 1, 2, 3, 4, 5};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t order[RUNS_MAX];
        order_runs(cases[i].cost, cases[i].n, cases[i].jobs, order);
        assert_true(makespan(cases[i].cost, cases[i].n, cases[i].jobs, order) == cases[i].shortest);
        assert_true(makespan(cases[i].cost, cases[i].n, cases[i].jobs, given) == cases[i].as_given);
    }
}

static void threads_are_what_is_free_by_who_will_share_it(void **state)
{
    (void)state;
    static const struct {
        size_t processors, taken, places, waiting, threads;
    } rows[] = {
        {8, 0, 1, 5, 8},                                                    /* one after another */
        {8, 0, 2, 5, 4}, {8, 4, 1, 4, 4},                                   /* two at once */
        {8, 0, 3, 3, 3}, {8, 3, 2, 2, 3}, {8, 6, 1, 1, 2},                  /* none is left over */
        {8, 0, 4, 1, 8},                                                    /* the last run, alone */
        {8, 3, 2, 1, 5},                                                    /* the last one beside another */
        {2, 0, 4, 4, 1}, {2, 1, 3, 3, 1}, {2, 2, 2, 2, 1}, {1, 5, 1, 1, 1}, /* more runs than processors */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(order_threads(rows[i].processors, rows[i].taken, rows[i].places, rows[i].waiting),
                         rows[i].threads);
}

/* 60 images of training and 37 of the test split in batches of 16; 2 epochs. */
static void what_is_left_is_counted_in_steps(void **state)
{
    (void)state;
    Tiny tiny;
    tiny_make(&tiny, TINY_WITH("train.history=test"));
    const Run run = tiny_run(&tiny, test_folder());
    const double train = 60.0 / 16, test = 37.0 / 16;
    assert_float_equal(cost_steps(&run, RUN_TRAIN), 2 * (train + test / 3) + test, 1e-9);
    char path[512];
    TrainState trained;
    train_state_init(&trained, &tiny.experiment);
    trained.epoch = 1;
    assert_true(checkpoint_save(test_path(path, "checkpoint.safetensors"), run.weights_identity, &tiny.model.params,
                                &trained, &(Err){0}));
    train_state_release(&trained);
    assert_float_equal(cost_steps(&run, RUN_RESUME), train + test / 3 + test, 1e-9);
    assert_float_equal(cost_steps(&run, RUN_TRAIN), 2 * (train + test / 3) + test, 1e-9);
    assert_float_equal(cost_steps(&run, RUN_EVALUATE), test, 1e-9);
    assert_true(cost_steps(&run, RUN_CURRENT) == 0);
    const LayerList layers = model_layers(&tiny.model, &tiny.arena);
    assert_float_equal(cost_batch(&tiny.model), layers.multiply_adds * TINY_BATCH, 1e-6);
    tiny_release(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_goes_first),
        cmocka_unit_test(the_longest_chain_goes_first),
        cmocka_unit_test(runs_that_wait_take_their_time),
        cmocka_unit_test(one_after_another_they_keep_their_order),
        cmocka_unit_test(the_whole_is_short),
        cmocka_unit_test(threads_are_what_is_free_by_who_will_share_it),
        cmocka_unit_test(what_is_left_is_counted_in_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
