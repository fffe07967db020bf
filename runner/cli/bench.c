#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "nn/base/pool.h"
#include "nn/kernel/peak.h"
#include "runner/cli/bench.h"
#include "runner/table/csv.h"

static double larger(double a, double b)
{
    return a > b ? a : b;
}

void bench_add(BenchTable *table, const char *cell)
{
    if (table->n == table->capacity) {
        table->capacity = table->capacity ? mem_mul(table->capacity, 2) : 256;
        table->cells = mem_grow(table->cells, table->capacity, sizeof *table->cells);
    }
    table->cells[table->n++] = cell;
}

void bench_add_number(BenchTable *table, Arena *arena, int decimals, double value)
{
    bench_add(table, arena_printf(arena, "%.*f", decimals, value));
}

void bench_print(Cli *cli, BenchTable *table, size_t left)
{
    if (table->n % table->columns) BUG("a table of %zu cells in %zu columns", table->n, table->columns);
    if (cli->csv) {
        CsvWriter csv;
        Err ignored = {0};
        csv_begin_stream(&csv, stdout);
        for (size_t i = 0; i < table->n; i++) {
            csv_text(&csv, table->cells[i]);
            if ((i + 1) % table->columns == 0) csv_end_row(&csv);
        }
        csv_commit(&csv, &ignored);
    } else {
        cli_table(cli, table->columns, table->n / table->columns, table->cells, ~0U << left, ~0U << left);
    }
    free(table->cells);
    *table = (BenchTable){0};
}

bool bench_model(const Run *run, Model *model, Err *err)
{
    if (!run_check(run, model, err)) return false;
    model_allocate(model, ((const Optimizer *)run->experiment.train.optimizer.row)->slots);
    return true;
}

bool bench_goes_on(size_t done, size_t to_do, double begin)
{
    enum { LEAST = 5, SECONDS = 6 };
    if (to_do) return done < to_do;
    return done < BENCH_STEPS_MAX && (done < LEAST || seconds_now() - begin < SECONDS);
}

/* Seconds of a step: the median, and its share of an epoch's shuffle. */
static double time_step(Model *model, size_t to_do)
{
    BenchStep step;
    bench_step_init(&step, model);
    size_t n = 0;
    double *seconds = mem_zeroed(to_do ? to_do : BENCH_STEPS_MAX, sizeof *seconds), begin = seconds_now();
    for (uint64_t i = 0; bench_goes_on(n, to_do, begin); i++) {
        double start = seconds_now();
        bench_step_batch(&step, i);
        bench_step_train(&step, i);
        if (i >= BENCH_WARM_STEPS) seconds[n++] = seconds_now() - start;
    }
    double median = bench_median(seconds, n) + step.shuffle_seconds;
    free(seconds);
    bench_step_release(&step);
    return median;
}

const char *bench_name(Arena *arena, const Run *run)
{
    return arena_text_n(arena, run->path, (size_t)(strrchr(run->path, '/') - run->path));
}

bool bench_again(const RunList *list, size_t i)
{
    Arena arena = {0};
    const bool again =
        i > 0 && strcmp(bench_name(&arena, &list->items[i]), bench_name(&arena, &list->items[i - 1])) == 0;
    arena_release(&arena);
    return again;
}

static bool bench_run(Cli *cli, const Run *run, BenchTable *table, Err *err)
{
    Model model = {0};
    bool ok = bench_model(run, &model, err);
    if (ok) {
        /* on both sides of the steps: what else the machine does hits both alike */
        double before = peak_gflops(), seconds = time_step(&model, cli->steps), peak = larger(before, peak_gflops());
        double batch = (double)run->experiment.data.batch, rate = bench_gflop(&model.wiring.graph) / seconds;
        Arena *arena = &cli->arena;
        bench_add(table, bench_name(arena, run));
        bench_add(table, model.numerics->name);
        bench_add_number(table, arena, 0, (double)pool_threads());
        bench_add_number(table, arena, 0, batch);
        bench_add_number(table, arena, 2, seconds * 1e3);
        bench_add_number(table, arena, 0, batch / seconds);
        bench_add_number(table, arena, 1, rate);
        bench_add_number(table, arena, 1, peak);
        bench_add_number(table, arena, 3, peak > 0 ? rate / peak : 0);
    }
    model_release(&model);
    return ok;
}

static bool bench_steps(Cli *cli, const RunList *list, Err *err)
{
    static const char *const headings[] = {"model",        "numerics", "threads",     "batch", "ms_per_step",
                                           "images_per_s", "gflops",   "peak_gflops", "share"};
    BenchTable table = {.columns = sizeof headings / sizeof *headings};
    for (size_t i = 0; i < table.columns; i++) bench_add(&table, headings[i]);
    for (size_t i = 0; i < list->n; i++) {
        if (bench_again(list, i) || bench_run(cli, &list->items[i], &table, err)) continue;
        free(table.cells);
        return false;
    }
    bench_print(cli, &table, 2);
    return true;
}

/* The networks of the targets, or those that lie in the repository. */
static bool find(Cli *cli, char *const *targets, size_t n, RunList *list, Err *err)
{
    static const char folder[] = "tests/bench";
    if (n) return runs_find(list, &cli->place, targets, n, err);
    if (!file_exists(folder))
        return err_config(err, (Loc){0},
                          "bench: the networks that it times without targets lie in the repository, in %s/; elsewhere "
                          "name a target, such as `mayvae bench vae/dim8`",
                          folder);
    return runs_in_folder(list, &cli->place, folder, err) &&
           (list->n || err_config(err, (Loc){0}, "bench: no experiments in %s/", folder));
}

static bool options_agree(const Cli *cli, bool gemm, Err *err)
{
    if (cli->csv && cli->json) return err_config(err, (Loc){0}, "bench: prints --csv or --json, not both");
    if (gemm && cli->layers)
        return err_config(err, (Loc){0}, "bench gemm: times contractions by themselves; --layers is of a step");
    return true;
}

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    const bool gemm = cli->target_count && strcmp(cli->targets[0], "gemm") == 0;
    bool ok = options_agree(cli, gemm, err) && find(cli, cli->targets + gemm, cli->target_count - gemm, &list, err);
    pool_start(cli_threads(cli));
    if (ok) ok = (gemm ? bench_gemm : cli->layers ? bench_layers : bench_steps)(cli, &list, err);
    pool_stop();
    runs_release(&list);
    return ok ? 0 : cli_fail(err);
}

const Command command_bench = {
    .name = "bench",
    .arguments = "[gemm] [TARGET...] ",
    .summary = "time of a training step, images/s, GFLOP/s, share of the peak",
    .help = "Without targets: the networks of tests/bench/. The median of up to 60 training\n"
            "steps (batch, forward, backward, optimizer) on the data set's images, or on\n"
            "made-up ones where it isn't there, beside the peak of fused multiply-adds\n"
            "measured in the same process, which is that of AVX2 where MAYVAE_ISA=avx2 asks\n"
            "for it. Products with zeros, which are left out, count as if they were made.\n"
            "--layers: by layer, and for the rest of the step, the mean time over the middle\n"
            "half of the steps, operations, bytes (each array once), and the roofline\n"
            "min(peak, operations / bytes x bandwidth); share is of the roofline's time, and\n"
            "above 1 where caches spare the memory.\n"
            "bench gemm: every contraction of the networks, forward and for its gradients,\n"
            "with each back end: GFLOP/s, medians of alternating calls, and how many times\n"
            "as fast as openblas the others are.",
    .options = CLI_TARGET_OPTIONS " threads steps layers csv json",
    .run = run,
};
