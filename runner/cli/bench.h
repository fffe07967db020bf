/* What the parts of `mayvae bench` share: the step that is timed, what it costs, and the tables. */
#ifndef RUNNER_CLI_BENCH_H
#define RUNNER_CLI_BENCH_H

#include "runner/cli/cli.h"
#include "runner/run/train.h"

/* Floating point operations of one node in a training step: its contraction once forward, once for its weights and once
 * for its input where that wants a gradient; two a multiply-add, taps in the image only. 0 for what contracts nothing.
 */
double bench_flop(const Graph *graph, size_t node);
/* Of all nodes, in 10^9. */
double bench_gflop(const Graph *graph);

/* Bytes that a node reads and writes, each array counted once: forward its inputs, output and what it keeps for
 * backward; backward those of them that aren't written, the output's gradient, and the inputs' gradients twice, being
 * added to. */
double bench_bytes(const Graph *graph, size_t node);

/* The roofline (Williams et al., 2009): the seconds that so many operations on so many bytes take at least, with peak
 * in GFLOP/s and bandwidth in GB/s; also defined where there are no operations. */
double bench_least_seconds(double gflop, double gbyte, double peak, double bandwidth);

/* The innermost layer that a node belongs to, as an index of graph->marks; graph->mark_count: none. */
size_t bench_layer(const Graph *graph, size_t node);

/* Sorts values (n); n > 0. */
double bench_median(double *values, size_t n);

/* The training step of a model: all that `run` does in a step. Its time depends on the images (what is 0 behind a relu
 * is left out), so they are those that the model is trained with; where these aren't there, or don't make a batch,
 * made-up ones in memory. */
typedef struct BenchStep {
    Arena arena;
    Model *model;
    Stepper stepper;
    Dataset dataset;
    uint8_t *images, *labels;
    uint32_t *order;
    SegmentSum *sum;
    size_t batch, steps_per_epoch;
    double shuffle_seconds; /* what ordering an epoch's images costs each of its steps */
} BenchStep;

/* Parameters must be allocated, with the optimizer's slots. A BenchStep must not move. */
void bench_step_init(BenchStep *step, Model *model);
void bench_step_release(BenchStep *step);
/* Puts the images and labels of the number-th step into the pass; and the step behind it. */
void bench_step_batch(BenchStep *step, uint64_t number);
void bench_step_train(BenchStep *step, uint64_t number);

/* Whether to go on after `done` timed steps that began at `begin`: to_do of them, or where that is 0 what fits into a
 * few seconds. */
enum { BENCH_WARM_STEPS = 3, BENCH_STEPS_MAX = 60 };
bool bench_goes_on(size_t done, size_t to_do, double begin);

/* `bench --layers` and `bench gemm`: print their tables. */
bool bench_layers(Cli *cli, const RunList *list, Err *err);
bool bench_gemm(Cli *cli, const RunList *list, Err *err);

/* What the tables call a run's network: EXPERIMENT[/VARIANT], since a step doesn't depend on the seed. */
const char *bench_name(Arena *arena, const Run *run);
/* Whether the network of run i is that of the run before, with another seed. */
bool bench_again(const RunList *list, size_t i);

/* Sets a checked model up for training. */
bool bench_model(const Run *run, Model *model, Err *err);

/* Rows of cells that grow; the first row is the headings. */
typedef struct BenchTable {
    size_t columns, n, capacity; /* n: cells */
    const char **cells;
} BenchTable;

void bench_add(BenchTable *table, const char *cell);
/* A number with so many decimals. */
void bench_add_number(BenchTable *table, Arena *arena, int decimals, double value);
/* As CSV, JSON or text, as the command line says; all but the `left` first columns are numbers. Frees the cells. */
void bench_print(Cli *cli, BenchTable *table, size_t left);

#endif
