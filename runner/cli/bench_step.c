#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "runner/cli/bench.h"

double bench_flop(const Graph *graph, size_t i)
{
    const Node *node = &graph->nodes[i];
    double passes = 1;
    for (size_t k = 0; k < node->inputs && k < 2; k++)
        passes += graph->nodes[node->input[k]].wants_grad && op_passes(node->op, k);
    return 2 * node->multiply_adds * passes;
}

double bench_gflop(const Graph *graph)
{
    double sum = 0;
    for (size_t i = 0; i < graph->n; i++) sum += bench_flop(graph, i);
    return sum * 1e-9;
}

double bench_bytes(const Graph *graph, size_t i)
{
    const Node *node = &graph->nodes[i];
    if (!node->op || node->op->view) return 0;
    const bool backward = node->wants_grad && node->op->backward;
    double elements = (double)shape_count(node->shape) + (double)node->keep;
    if (backward) elements *= 2;
    for (size_t k = 0; k < node->inputs; k++) {
        const Node *in = &graph->nodes[node->input[k]];
        const double n = (double)shape_count(in->shape);
        elements += n;
        if (backward) elements += in->wants_grad && op_passes(node->op, k) ? 3 * n : n;
    }
    return elements * sizeof(real);
}

double bench_least_seconds(double gflop, double gbyte, double peak, double bandwidth)
{
    const double compute = peak > 0 ? gflop / peak : 0, move = bandwidth > 0 ? gbyte / bandwidth : 0;
    return compute > move ? compute : move;
}

size_t bench_layer(const Graph *graph, size_t node)
{
    /* a layer that holds others follows them */
    size_t i = 0;
    while (i < graph->mark_count && (node < graph->marks[i].first || node >= graph->marks[i].end)) i++;
    return i;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/* The images that training takes, if they are there. */
static bool take_up(BenchStep *step)
{
    const DatasetInfo *info = &step->model->info;
    Err err = {0};
    return dataset_present(info, &err) &&
           dataset_load(&step->arena, &step->dataset, info, &step->model->experiment->data, &err);
}

/* Random bytes in place of the images, and a class for each in turn. */
static void make_up(BenchStep *step, size_t images)
{
    const DatasetInfo *info = &step->model->info;
    const size_t bytes = mem_mul(images, info->height * info->width * info->channels);
    const Rng rng = rng_stream(1, "bench");
    step->images = mem_zeroed(bytes, 1);
    step->labels = mem_zeroed(images, 1);
    for (size_t i = 0; i < bytes; i += 16) {
        uint32_t block[4];
        rng_block(rng, 0, 0, (uint32_t)(i / 16), block);
        memcpy(step->images + i, block, bytes - i < 16 ? bytes - i : 16);
    }
    for (size_t i = 0; i < images; i++) step->labels[i] = (uint8_t)(info->classes ? i % info->classes : 0);
    step->dataset = (Dataset){.info = *info,
                              .train = {.name = "train", .images = step->images, .labels = step->labels, .n = images}};
}

void bench_step_init(BenchStep *step, Model *model)
{
    const Experiment *experiment = model->experiment;
    const size_t batch = (size_t)experiment->data.batch;
    const size_t there = dataset_split_count(&model->info, &experiment->data, "train");
    const size_t images = there < batch ? batch : there;
    *step = (BenchStep){.model = model, .batch = batch, .steps_per_epoch = images / batch};
    if (there < batch || !take_up(step)) make_up(step, images);
    step->order = mem_zeroed(images, sizeof *step->order);
    double start = seconds_now();
    batch_order(experiment->seed, 0, images, step->order);
    step->shuffle_seconds = (seconds_now() - start) / (double)step->steps_per_epoch;
    step->sum = mem_zeroed(experiment->loss_count + 1, sizeof *step->sum);
    stepper_init(&step->stepper, model, batch, step->steps_per_epoch);
}

void bench_step_release(BenchStep *step)
{
    stepper_release(&step->stepper);
    dataset_release(&step->dataset);
    arena_release(&step->arena);
    free(step->images);
    free(step->labels);
    free(step->order);
    free(step->sum);
    *step = (BenchStep){0};
}

void bench_step_batch(BenchStep *step, uint64_t number)
{
    const Experiment *experiment = step->model->experiment;
    const Pass *pass = &step->stepper.pass;
    const size_t first = (size_t)(number % step->steps_per_epoch) * step->batch;
    batch_gather(&step->dataset, &step->dataset.train, &experiment->data, experiment->seed,
                 number / step->steps_per_epoch, step->order + first, step->batch,
                 exec_value(&pass->exec, pass->wiring.image), exec_value(&pass->exec, pass->wiring.label));
}

void bench_step_train(BenchStep *step, uint64_t number)
{
    stepper_step(&step->stepper, number, step->sum);
}
