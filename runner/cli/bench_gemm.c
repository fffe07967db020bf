/* The back ends beside each other on every contraction that the networks have. A contraction is run as its op runs it,
 * so that nothing here knows what ops or slots there are: forward; or backward with one gradient wanted. */
#include <stdlib.h>
#include <string.h>

#include "nn/base/rng.h"
#include "runner/cli/bench.h"

enum { CALLS = 25, BACK_ENDS_MAX = 8, PARTS = 3 };

static const char reference[] = "openblas";
static const char *const part_suffix[PARTS] = {"", "_grad_input", "_grad_weight"};

/* One op at one shape, with numbers to work on. part: 0 forward, 1 + k: the gradient of input k. */
typedef struct Contraction {
    const Graph *graph;
    const Node *node;
    size_t count; /* how often the network has it */
    real *in[OP_INPUTS_MAX], *in_grad[OP_INPUTS_MAX], *out, *out_grad;
} Contraction;

typedef struct Tool {
    const Numerics *numerics;
    real *keep, *scratch;
} Tool;

static bool is_contraction(const Node *node)
{
    return node->op && node->multiply_adds > 0 && node->op->backward;
}

/* Whether two nodes do the same work. Attributes are compared through what they make of the shapes: output and
 * multiply-adds. */
static bool same(const Graph *graph, const Node *a, const Node *b)
{
    if (a->op != b->op || a->inputs != b->inputs || !shape_equal(a->shape, b->shape)) return false;
    for (size_t k = 0; k < a->inputs; k++) {
        const Node *left = &graph->nodes[a->input[k]], *right = &graph->nodes[b->input[k]];
        if (!shape_equal(left->shape, right->shape) || left->wants_grad != right->wants_grad) return false;
    }
    return a->multiply_adds == b->multiply_adds;
}

static real *noise(uint32_t which, size_t n)
{
    real *numbers = mem_zeroed(n, sizeof *numbers);
    rng_uniform(rng_stream(1, "bench"), 0, which, n, numbers);
    return numbers;
}

static void contraction_init(Contraction *c)
{
    const size_t n = shape_count(c->node->shape);
    for (size_t k = 0; k < c->node->inputs; k++) {
        const size_t inputs = shape_count(c->graph->nodes[c->node->input[k]].shape);
        c->in[k] = noise((uint32_t)k, inputs);
        c->in_grad[k] = mem_zeroed(inputs, sizeof(real));
    }
    c->out = mem_zeroed(n, sizeof(real));
    c->out_grad = noise(OP_INPUTS_MAX, n);
}

static void contraction_release(Contraction *c)
{
    for (size_t k = 0; k < c->node->inputs; k++) {
        free(c->in[k]);
        free(c->in_grad[k]);
    }
    free(c->out);
    free(c->out_grad);
}

/* What a back end wants beside the arrays. */
static void tool_init(Tool *tool, const Contraction *c, const char *name)
{
    Err err = {0};
    *tool = (Tool){.numerics = numerics_find(name)};
    OpShape shape = {.attributes = c->node->attributes,
                     .numerics = tool->numerics,
                     .name = c->node->name,
                     .loc = c->node->loc,
                     .training = true,
                     .inputs = c->node->inputs};
    for (size_t k = 0; k < c->node->inputs; k++) shape.in[k] = c->graph->nodes[c->node->input[k]].shape;
    if (!c->node->op->shape(&shape, &err)) BUG("a checked node: %s", err.text);
    tool->keep = mem_zeroed(shape.keep + 1, sizeof(real));
    tool->scratch = mem_zeroed(shape.scratch + 1, sizeof(real));
}

static double time_call(const Contraction *c, const Tool *tool, size_t part)
{
    OpRun run = {.attributes = c->node->attributes,
                 .numerics = tool->numerics,
                 .inputs = c->node->inputs,
                 .out_shape = c->node->shape,
                 .out = c->out,
                 .out_grad = c->out_grad,
                 .keep = tool->keep,
                 .scratch = tool->scratch,
                 .training = true};
    for (size_t k = 0; k < c->node->inputs; k++) {
        run.in_shape[k] = c->graph->nodes[c->node->input[k]].shape;
        run.in[k] = c->in[k];
    }
    if (part > 0) run.in_grad[part - 1] = c->in_grad[part - 1];
    const double start = seconds_now();
    (part == 0 ? c->node->op->forward : c->node->op->backward)(&run);
    return seconds_now() - start;
}

/* Median seconds of each back end, called in turn. */
static void time_part(const Contraction *c, const Tool *tools, size_t part, size_t calls, double *seconds)
{
    double *times = mem_zeroed(mem_mul(numerics_count, calls), sizeof *times);
    for (size_t b = 0; b < numerics_count; b++) time_call(c, &tools[b], part);
    for (size_t i = 0; i < calls; i++)
        for (size_t b = 0; b < numerics_count; b++) times[b * calls + i] = time_call(c, &tools[b], part);
    for (size_t b = 0; b < numerics_count; b++) seconds[b] = bench_median(times + b * calls, calls);
    free(times);
}

/* "128x14x14x32 3x3x32x64 128x7x7x64": input, weight, output. */
static const char *shapes_text(Arena *arena, const Contraction *c)
{
    const Shape shapes[] = {c->graph->nodes[c->node->input[0]].shape, c->graph->nodes[c->node->input[1]].shape,
                            c->node->shape};
    const char *text = "";
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t k = 0; k < shapes[i].rank; k++)
            text = arena_printf(arena, "%s%s%zu", text, k ? "x" : i ? " " : "", shapes[i].dim[k]);
    return text;
}

/* GFLOP/s by back end, then how many times the reference's speed each other one has. */
static void add_rates(BenchTable *table, Arena *arena, double gflop, const double *seconds)
{
    double base = 0;
    for (size_t b = 0; b < numerics_count; b++) {
        bench_add_number(table, arena, 1, gflop / seconds[b]);
        if (strcmp(numerics_names[b], reference) == 0) base = seconds[b];
    }
    for (size_t b = 0; b < numerics_count; b++)
        if (strcmp(numerics_names[b], reference) != 0) bench_add_number(table, arena, 2, base / seconds[b]);
}

static void add_contraction(BenchTable *table, Arena *arena, const char *model, Contraction *c, size_t calls,
                            double *total)
{
    const size_t layer = bench_layer(c->graph, (size_t)(c->node - c->graph->nodes));
    const double gflop = 2e-9 * c->node->multiply_adds;
    Tool tools[BACK_ENDS_MAX];
    contraction_init(c);
    for (size_t b = 0; b < numerics_count; b++) tool_init(&tools[b], c, numerics_names[b]);
    for (size_t part = 0; part < PARTS; part++) {
        if (part > 0 && !c->graph->nodes[c->node->input[part - 1]].wants_grad) continue;
        double seconds[BACK_ENDS_MAX];
        time_part(c, tools, part, calls, seconds);
        bench_add(table, model);
        bench_add(table, arena_text(arena, layer < c->graph->mark_count ? c->graph->marks[layer].path : c->node->name));
        bench_add(table, arena_printf(arena, "%s%s", c->node->op->name, part_suffix[part]));
        bench_add(table, shapes_text(arena, c));
        bench_add_number(table, arena, 0, (double)c->count);
        add_rates(table, arena, gflop, seconds);
        for (size_t b = 0; b < numerics_count; b++) total[b] += seconds[b] * (double)c->count;
    }
    for (size_t b = 0; b < numerics_count; b++) {
        free(tools[b].keep);
        free(tools[b].scratch);
    }
    contraction_release(c);
}

/* A row for each part of each contraction, the same ones once; then one for all of them. */
static void add_graph(BenchTable *table, Arena *arena, const char *model, const Graph *graph, size_t calls)
{
    double total[BACK_ENDS_MAX] = {0}, gflop = 0;
    for (size_t i = 0; i < graph->n; i++) {
        Contraction c = {.graph = graph, .node = &graph->nodes[i]};
        if (!is_contraction(c.node)) continue;
        gflop += bench_flop(graph, i) * 1e-9;
        bool before = false;
        for (size_t k = 0; k < i; k++) before = before || same(graph, &graph->nodes[k], c.node);
        for (size_t k = i; k < graph->n; k++) c.count += same(graph, &graph->nodes[k], c.node);
        if (!before) add_contraction(table, arena, model, &c, calls, total);
    }
    if (gflop == 0) return;
    bench_add(table, model);
    for (const char *const *cell = (const char *const[]){"all", "", "", "", NULL}; *cell; cell++)
        bench_add(table, *cell);
    add_rates(table, arena, gflop, total);
}

bool bench_gemm(Cli *cli, const RunList *list, Err *err)
{
    BenchTable table = {0};
    if (numerics_count > BACK_ENDS_MAX) BUG("%zu back ends", numerics_count);
    for (const char *const *heading = (const char *const[]){"model", "layer", "op", "shape", "count", NULL}; *heading;
         heading++)
        bench_add(&table, *heading);
    for (size_t b = 0; b < numerics_count; b++)
        bench_add(&table, arena_printf(&cli->arena, "%s_gflops", numerics_names[b]));
    for (size_t b = 0; b < numerics_count; b++)
        if (strcmp(numerics_names[b], reference) != 0)
            bench_add(&table, arena_printf(&cli->arena, "%s_ratio", numerics_names[b]));
    table.columns = table.n;
    bool ok = true;
    for (size_t i = 0; ok && i < list->n; i++) {
        if (bench_again(list, i)) continue;
        Model model = {0};
        ok = run_check(&list->items[i], &model, err);
        if (ok)
            add_graph(&table, &cli->arena, bench_name(&cli->arena, &list->items[i]), &model.wiring.graph,
                      cli->steps ? cli->steps : CALLS);
        model_release(&model);
    }
    if (ok) bench_print(cli, &table, 4);
    free(table.cells);
    return ok;
}
