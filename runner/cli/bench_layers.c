/* Where the time of a training step goes: by layer, beside the least time that its operations and bytes allow. */
#include <stdlib.h>

#include "nn/kernel/peak.h"
#include "runner/cli/bench.h"

/* The pieces of a step, besides forward and backward of each node. */
enum { PIECE_BATCH, PIECE_LOSSES, PIECE_RESET, PIECE_OPTIMIZER, PIECES };

/* The times of a step's pieces: the four above, then forward of every node, then backward of every node. */
typedef struct Watch {
    size_t nodes;
    double *seconds; /* of this step's pieces */
    double last;     /* when the last piece ended */
    bool forward;    /* this step's forward pass has begun */
} Watch;

typedef struct Profile {
    const Graph *graph;
    const Exec *exec;
    size_t pieces;
    double *mean; /* (pieces) seconds */
    double shuffle;
} Profile;

/* What a row of the table is about. */
typedef struct Line {
    const char *name;
    double forward, backward, seconds, gflop, gbyte, least;
} Line;

typedef struct Machine {
    double peak, bandwidth;
} Machine;

static void end_piece(Watch *watch, size_t piece)
{
    const double now = seconds_now();
    watch->seconds[piece] += now - watch->last;
    watch->last = now;
}

static void after(void *context, ExecPhase phase, int node)
{
    Watch *watch = context;
    switch (phase) {
    case EXEC_BEGIN: /* before backward, the step reads and sums its losses */
        end_piece(watch, watch->forward ? PIECE_LOSSES : PIECE_BATCH);
        watch->forward = true;
        break;
    case EXEC_FORWARD:
        end_piece(watch, PIECES + (size_t)node);
        break;
    case EXEC_RESET:
        end_piece(watch, PIECE_RESET);
        break;
    case EXEC_BACKWARD:
        end_piece(watch, PIECES + watch->nodes + (size_t)node);
        break;
    }
}

typedef struct Taken {
    double seconds; /* of a step */
    size_t at;      /* of its pieces */
} Taken;

static int by_seconds(const void *left, const void *right)
{
    const Taken *a = left, *b = right;
    return (a->seconds > b->seconds) - (a->seconds < b->seconds);
}

/* The mean over the steps between the quartiles: pieces add up to such a step, and outliers are out of it. */
static void average(Profile *profile, const double *seconds, size_t steps)
{
    Taken *taken = mem_zeroed(steps, sizeof *taken);
    for (size_t s = 0; s < steps; s++) {
        taken[s].at = s * profile->pieces;
        for (size_t p = 0; p < profile->pieces; p++) taken[s].seconds += seconds[taken[s].at + p];
    }
    qsort(taken, steps, sizeof *taken, by_seconds);
    const size_t first = steps / 4, end = steps - first;
    for (size_t s = first; s < end; s++)
        for (size_t p = 0; p < profile->pieces; p++)
            profile->mean[p] += seconds[taken[s].at + p] / (double)(end - first);
    free(taken);
}

static void profile_steps(Profile *profile, BenchStep *step, size_t to_do)
{
    const Graph *graph = &step->stepper.pass.wiring.graph;
    *profile = (Profile){.graph = graph,
                         .exec = &step->stepper.pass.exec,
                         .pieces = PIECES + 2 * graph->n,
                         .shuffle = step->shuffle_seconds};
    profile->mean = mem_zeroed(profile->pieces, sizeof *profile->mean);
    double *warm = mem_zeroed(profile->pieces, sizeof *warm);
    double *seconds = mem_zeroed(mem_mul(to_do ? to_do : BENCH_STEPS_MAX, profile->pieces), sizeof *seconds);
    double begin = seconds_now();
    Watch watch = {.nodes = graph->n};
    step->stepper.pass.exec.watch = (ExecWatch){after, &watch};
    size_t n = 0;
    for (uint64_t i = 0; bench_goes_on(n, to_do, begin); i++) {
        watch.seconds = i < BENCH_WARM_STEPS ? warm : seconds + n++ * profile->pieces;
        watch.forward = false;
        watch.last = seconds_now();
        bench_step_batch(step, i);
        bench_step_train(step, i);
        end_piece(&watch, PIECE_OPTIMIZER);
    }
    step->stepper.pass.exec.watch = (ExecWatch){0};
    average(profile, seconds, n);
    free(warm);
    free(seconds);
}

static void add_node(Line *line, const Profile *profile, size_t i)
{
    const double forward = profile->mean[PIECES + i], backward = profile->mean[PIECES + profile->graph->n + i];
    line->forward += forward;
    line->backward += backward;
    line->seconds += forward + backward;
    line->gflop += bench_flop(profile->graph, i) * 1e-9;
    if (exec_runs(profile->exec, (int)i)) line->gbyte += bench_bytes(profile->graph, i) * 1e-9;
}

static bool takes_time(const Graph *graph, size_t i)
{
    return graph->nodes[i].op && !graph->nodes[i].op->view;
}

/* A row a layer that isn't only a view, then one for each node of a loss; returns how many. */
static size_t list_layers(const Profile *profile, Line *lines)
{
    const Graph *graph = profile->graph;
    size_t n = 0;
    for (size_t layer = 0; layer < graph->mark_count; layer++) {
        Line line = {.name = graph->marks[layer].path};
        bool any = false;
        for (size_t i = graph->marks[layer].first; i < graph->marks[layer].end; i++) {
            if (!takes_time(graph, i) || bench_layer(graph, i) != layer) continue;
            add_node(&line, profile, i);
            any = true;
        }
        if (any) lines[n++] = line;
    }
    for (size_t i = 0; i < graph->n; i++) {
        if (!takes_time(graph, i) || bench_layer(graph, i) < graph->mark_count) continue;
        lines[n] = (Line){.name = graph->nodes[i].name};
        add_node(&lines[n++], profile, i);
    }
    return n;
}

static size_t list_rest(const Profile *profile, const BenchStep *step, Line *lines)
{
    const DatasetInfo *info = &step->model->info;
    const double pixels = (double)(step->batch * info->height * info->width * info->channels);
    const double terms = (double)(step->batch * step->model->experiment->loss_count);
    const double slots = (double)step->stepper.optimizer->slots, size = sizeof(real);
    const double *mean = profile->mean;
    lines[0] = (Line){.name = "batch", .seconds = mean[PIECE_BATCH] + profile->shuffle, .gbyte = pixels * (1 + size)};
    lines[1] = (Line){.name = "loss sums", .seconds = mean[PIECE_LOSSES], .gbyte = terms * size};
    lines[2] =
        (Line){.name = "zeroing", .seconds = mean[PIECE_RESET], .gbyte = (double)step->stepper.pass.exec.zeroed * size};
    /* reads values, gradients and slots; writes values and slots */
    lines[3] = (Line){.name = "optimizer",
                      .seconds = mean[PIECE_OPTIMIZER],
                      .gbyte = (3 + 2 * slots) * (double)step->model->params.trainable_total * size};
    for (size_t i = 0; i < PIECES; i++) lines[i].gbyte *= 1e-9;
    return PIECES;
}

static void add_line(BenchTable *table, Arena *arena, const char *model, const Line *line, double step, Machine machine)
{
    const bool both = line->forward > 0 || line->backward > 0;
    bench_add(table, model);
    bench_add(table, arena_text(arena, line->name));
    bench_add(table, both ? arena_printf(arena, "%.3f", line->forward * 1e3) : "");
    bench_add(table, both ? arena_printf(arena, "%.3f", line->backward * 1e3) : "");
    bench_add_number(table, arena, 3, line->seconds * 1e3);
    bench_add_number(table, arena, 3, line->seconds / step);
    bench_add_number(table, arena, 4, line->gflop);
    bench_add_number(table, arena, 1, line->seconds > 0 ? line->gflop / line->seconds : 0);
    bench_add_number(table, arena, 1, machine.peak);
    bench_add_number(table, arena, 2, line->gbyte * 1e3);
    bench_add_number(table, arena, 1, machine.bandwidth);
    bench_add_number(table, arena, 1, line->least > 0 ? line->gflop / line->least : 0);
    bench_add_number(table, arena, 3, line->seconds > 0 ? line->least / line->seconds : 0);
}

static void add_profile(BenchTable *table, Arena *arena, const char *model, const Profile *profile,
                        const BenchStep *step, Machine machine)
{
    const Graph *graph = profile->graph;
    Line *lines = mem_zeroed(graph->n + graph->mark_count + PIECES, sizeof *lines), total = {.name = "step"};
    size_t n = list_layers(profile, lines);
    n += list_rest(profile, step, lines + n);
    for (size_t i = 0; i < n; i++) {
        lines[i].least = bench_least_seconds(lines[i].gflop, lines[i].gbyte, machine.peak, machine.bandwidth);
        total.forward += lines[i].forward;
        total.backward += lines[i].backward;
        total.seconds += lines[i].seconds;
        total.gflop += lines[i].gflop;
        total.gbyte += lines[i].gbyte;
        total.least += lines[i].least;
    }
    for (size_t i = 0; i < n; i++) add_line(table, arena, model, &lines[i], total.seconds, machine);
    add_line(table, arena, model, &total, total.seconds, machine);
    free(lines);
}

bool bench_layers(Cli *cli, const RunList *list, Err *err)
{
    static const char *const headings[] = {"model",       "layer",           "forward_ms", "backward_ms", "ms",
                                           "part",        "gflop",           "gflops",     "peak_gflops", "mbytes",
                                           "gbyte_per_s", "roofline_gflops", "share"};
    BenchTable table = {.columns = sizeof headings / sizeof *headings};
    for (size_t i = 0; i < table.columns; i++) bench_add(&table, headings[i]);
    const double bandwidth = peak_gbytes();
    bool ok = true;
    for (size_t i = 0; ok && i < list->n; i++) {
        if (bench_again(list, i)) continue;
        Model model = {0};
        ok = bench_model(&list->items[i], &model, err);
        if (ok) {
            BenchStep step;
            Profile profile;
            bench_step_init(&step, &model);
            const double before = peak_gflops();
            profile_steps(&profile, &step, cli->steps);
            const double behind = peak_gflops();
            add_profile(&table, &cli->arena, bench_name(&cli->arena, &list->items[i]), &profile, &step,
                        (Machine){before > behind ? before : behind, bandwidth});
            free(profile.mean);
            bench_step_release(&step);
        }
        model_release(&model);
    }
    if (ok) bench_print(cli, &table, 2);
    free(table.cells);
    return ok;
}
