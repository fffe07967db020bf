/* What `bench` counts: operations of the four networks of tests/bench/, bytes, the roofline, and which layer a node
 * belongs to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/cli/bench.h"
#include "tests/support/small_set.h"
#include "tests/support/tiny.h"

static bool near(double a, double b, double tolerance)
{
    return a - b <= tolerance && b - a <= tolerance;
}

#define assert_near(a, b, tolerance)                                                                                   \
    do {                                                                                                               \
        const double left = (a), right = (b);                                                                          \
        if (!near(left, right, tolerance)) fail_msg("%.17g, expected %.17g", left, right);                             \
    } while (0)

/* The figures of the design, which leave out what is below a hundredth. */
static void the_networks_cost_what_they_should(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double gflop;
    } expected[] = {{"vae", 2.57}, {"vae_wide", 4.77}, {"vqvae", 3.85}, {"resnet18", 13.6}};
    enum { MODELS = sizeof expected / sizeof *expected };
    RunList list = {0};
    Err err = {0};
    RunPlace place = {.experiments = "experiments", .results = "results", .resolve = {.folder = "experiments"}};
    if (!runs_in_folder(&list, &place, "tests/bench", &err)) fail_msg("%s", err.text);
    assert_int_equal(list.n, MODELS);
    for (size_t i = 0; i < MODELS; i++) {
        size_t at = 0;
        while (at < list.n && strcmp(list.items[at].experiment.name, expected[i].name) != 0) at++;
        assert_true(at < list.n);
        Model model = {0};
        if (!run_check(&list.items[at], &model, &err)) fail_msg("%s", err.text);
        assert_int_equal(model.wiring.graph.batch, 128);
        if (!near(bench_gflop(&model.wiring.graph), expected[i].gflop, 0.01 * expected[i].gflop))
            fail_msg("%s: %g GFLOP, expected %g", expected[i].name, bench_gflop(&model.wiring.graph),
                     expected[i].gflop);
        model_release(&model);
    }
    runs_release(&list);
}

static Tiny tiny;

static size_t node_of(const char *op, size_t which)
{
    const Graph *graph = &tiny.model.wiring.graph;
    for (size_t i = 0; i < graph->n; i++)
        if (graph->nodes[i].op && strcmp(graph->nodes[i].op->name, op) == 0 && which-- == 0) return i;
    fail_msg("no node %s", op);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    tiny_make(&tiny, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tiny_release(&tiny);
    return 0;
}

/* 16 images of 4 x 5, a convolution to 2 x 3 x 3 channels, then 18 -> 6. */
static void operations_by_hand(void **state)
{
    (void)state;
    const Graph *graph = &tiny.model.wiring.graph;
    /* taps in the image: rows 3 + 2, columns 2 + 3 + 2; no gradient for the images */
    assert_near(bench_flop(graph, node_of("conv2d", 0)), 2.0 * 2 * 16 * (5 * 7) * 3, 0);
    assert_near(bench_flop(graph, node_of("dense", 0)), 3.0 * 2 * 16 * 18 * 6, 0);
    assert_near(bench_flop(graph, node_of("relu", 0)), 0, 0);
}

static void bytes_by_hand(void **state)
{
    (void)state;
    const Graph *graph = &tiny.model.wiring.graph;
    const double x = 16 * 18, w = 18 * 6, b = 6, y = 16 * 6, image = 16 * 20, kernel = 3 * 3 * 3, bias = 3;
    const double keep = (double)graph->nodes[node_of("relu", 0)].keep;
    assert_near(bench_bytes(graph, node_of("dense", 0)), (4 * (x + w + b) + 2 * y) * sizeof(real), 0);
    assert_near(bench_bytes(graph, node_of("conv2d", 0)), (2 * image + 4 * (kernel + bias) + 2 * x) * sizeof(real), 0);
    assert_near(bench_bytes(graph, node_of("relu", 0)), (4 * x + 2 * (x + keep)) * sizeof(real), 0);
    assert_near(bench_bytes(graph, node_of("reshape", 0)), 0, 0);
}

static void the_roofline(void **state)
{
    (void)state;
    /* 2 operations a byte at 10 GB/s: 20 GFLOP/s; the peak of 100 is reached from 10 a byte on */
    assert_near(bench_least_seconds(4, 2, 100, 10), 0.2, 1e-12);
    assert_near(bench_least_seconds(200, 2, 100, 10), 2, 1e-12);
    assert_near(bench_least_seconds(0, 2, 100, 10), 0.2, 1e-12);
    assert_near(bench_least_seconds(4, 2, 0, 0), 0, 0);
}

static void a_median_is_the_middle(void **state)
{
    (void)state;
    double odd[] = {9, 1, 4}, even[] = {9, 1, 4, 2}, one[] = {7};
    assert_near(bench_median(odd, 3), 4, 0);
    assert_near(bench_median(even, 4), 3, 0);
    assert_near(bench_median(one, 1), 7, 0);
}

static void a_node_belongs_to_the_innermost_layer(void **state)
{
    (void)state;
    Mark marks[] = {{.path = "a.body.conv2d", .first = 2, .end = 5},
                    {.path = "a.body.relu", .first = 5, .end = 6},
                    {.path = "a", .first = 2, .end = 7},
                    {.path = "b", .first = 7, .end = 8}};
    const Graph graph = {.marks = marks, .mark_count = 4, .n = 9};
    static const size_t layer[] = {4, 4, 0, 0, 0, 1, 2, 3, 4};
    for (size_t i = 0; i < sizeof layer / sizeof *layer; i++) assert_int_equal(bench_layer(&graph, i), layer[i]);
}

typedef struct Heard {
    size_t begins, forward, backward, resets;
    bool first_is_begin;
    int last_forward, last_backward;
} Heard;

static void hear(void *context, ExecPhase phase, int node)
{
    Heard *heard = context;
    if (phase == EXEC_BEGIN) {
        heard->first_is_begin = heard->first_is_begin || heard->forward + heard->backward + heard->resets == 0;
        heard->begins++;
    }
    heard->resets += phase == EXEC_RESET;
    if (phase == EXEC_FORWARD) {
        assert_true(node > heard->last_forward);
        heard->last_forward = node;
        heard->forward++;
    }
    if (phase == EXEC_BACKWARD) {
        assert_true(node < heard->last_backward);
        heard->last_backward = node;
        heard->backward++;
    }
}

/* The watch sees each node that computes something, forward in order and backward in reverse. */
static void a_pass_tells_what_it_does(void **state)
{
    (void)state;
    BenchStep step;
    bench_step_init(&step, &tiny.model);
    const Graph *graph = &step.stepper.pass.wiring.graph;
    Heard heard = {.last_forward = -1, .last_backward = (int)graph->n};
    step.stepper.pass.exec.watch = (ExecWatch){hear, &heard};
    bench_step_batch(&step, 0);
    bench_step_train(&step, 0);
    size_t computing = 0, passing = 0;
    for (size_t i = 0; i < graph->n; i++) {
        const Node *node = &graph->nodes[i];
        const bool runs = exec_runs(&step.stepper.pass.exec, (int)i);
        computing += runs;
        passing += runs && node->wants_grad;
    }
    assert_true(heard.first_is_begin);
    assert_int_equal(heard.begins, 2);
    assert_int_equal(heard.forward, computing);
    assert_int_equal(heard.backward, passing);
    assert_true(heard.resets > 0);
    bench_step_release(&step);
}

/* The batch comes from the made-up bytes, each epoch's images in the same shuffled order. */
static void the_batch_is_read_from_bytes(void **state)
{
    (void)state;
    BenchStep step;
    bench_step_init(&step, &tiny.model);
    const Pass *pass = &step.stepper.pass;
    const real *image = exec_value(&pass->exec, pass->wiring.image),
               *label = exec_value(&pass->exec, pass->wiring.label);
    assert_int_equal(step.steps_per_epoch, TINY_TRAIN / TINY_BATCH);
    for (uint64_t number = 0; number < 2 * step.steps_per_epoch; number++) {
        bench_step_batch(&step, number);
        for (size_t i = 0; i < TINY_BATCH; i++) {
            const size_t from = step.order[number % step.steps_per_epoch * TINY_BATCH + i];
            assert_true(label[i] == (real)(from % TINY_CLASSES));
            for (size_t p = 0; p < TINY_PIXELS; p++)
                assert_true(image[i * TINY_PIXELS + p] == (real)step.images[from * TINY_PIXELS + p] / 255);
        }
    }
    bench_step_release(&step);
}

/* Puts a data set on disk and has the model trained with it. */
static void take_small(SmallSet *set, int64_t limit)
{
    Err err = {0};
    small_set_init(set);
    small_set_publish(set);
    tiny.experiment.data.split_train = SMALL_TRAIN;
    tiny.experiment.data.split_valid = 0;
    tiny.experiment.data.limit = limit;
    assert_true(dataset_describe(&set->arena, set->folder, small_ref("small"), &tiny.model.info, &err));
}

/* Where the data set is, its training images are taken; where it is altered, made-up ones are. */
static void the_images_are_the_data_sets(void **state)
{
    (void)state;
    SmallSet set;
    take_small(&set, 0);
    for (int altered = 0; altered < 2; altered++) {
        BenchStep step;
        bench_step_init(&step, &tiny.model);
        assert_int_equal(step.steps_per_epoch, SMALL_TRAIN / TINY_BATCH);
        size_t same = 0;
        for (size_t i = 0; i < SMALL_TRAIN; i++) {
            for (size_t p = 0; p < SMALL_PIXELS; p++)
                same += step.dataset.train.images[i * SMALL_PIXELS + p] == small_pixel(0, i, p);
        }
        if (altered)
            assert_in_range(same, 0, SMALL_TRAIN * SMALL_PIXELS / 2);
        else
            assert_int_equal(same, SMALL_TRAIN * SMALL_PIXELS);
        bench_step_batch(&step, 0);
        bench_step_release(&step);
        set.file[0].bytes[SMALL_HEADER_IMAGES] ^= 1;
        small_set_write(&set, 0);
    }
    small_set_release(&set);
}

/* Made-up images fill a batch that the data set's don't. */
static void few_images_are_made_up(void **state)
{
    (void)state;
    SmallSet set;
    BenchStep step;
    take_small(&set, TINY_BATCH - 1);
    bench_step_init(&step, &tiny.model);
    assert_int_equal(step.steps_per_epoch, 1);
    assert_int_equal(step.dataset.train.n, TINY_BATCH);
    bench_step_batch(&step, 0);
    bench_step_release(&step);
    small_set_release(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_networks_cost_what_they_should),
        cmocka_unit_test_setup_teardown(operations_by_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_by_hand, setup, teardown),
        cmocka_unit_test(the_roofline),
        cmocka_unit_test(a_median_is_the_middle),
        cmocka_unit_test(a_node_belongs_to_the_innermost_layer),
        cmocka_unit_test_setup_teardown(a_pass_tells_what_it_does, setup, teardown),
        cmocka_unit_test_setup_teardown(the_batch_is_read_from_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(the_images_are_the_data_sets, setup, teardown),
        cmocka_unit_test_setup_teardown(few_images_are_made_up, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
