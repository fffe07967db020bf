#include <string.h>

#include "runner/cli/cli.h"
#include "runner/cli/show_graph.h"
#include "runner/table/csv.h"

enum { COLUMNS = 6 };

static const char *const headings[COLUMNS] = {"layer", "kind", "options", "output", "parameters", "multiply-adds"};

static void layer_cells(Arena *arena, const LayerLine *line, const char **cells)
{
    char shape[96];
    cells[0] = arena_printf(arena, "%s.%s", line->section, line->name);
    cells[1] = line->kind;
    cells[2] = line->detail;
    cells[3] = arena_text(arena, shape_text(line->shape, shape));
    cells[4] = arena_printf(arena, "%zu", line->parameters);
    cells[5] = arena_printf(arena, "%.0f", line->multiply_adds);
}

/* The headings, the layers, and their total; first: a column of the run before them, which is JSON's alone. */
static void print_layers(Cli *cli, const Run *run, const LayerList *list, size_t first)
{
    Arena *arena = &cli->arena;
    const size_t columns = first + COLUMNS, rows = list->n + 2;
    const unsigned numbers = (1u << 4 | 1u << 5) << first;
    const char **cells = arena_alloc(arena, rows * columns, sizeof *cells);
    for (size_t i = 0; first && i < rows; i++) cells[i * columns] = i ? run->path : "run";
    memcpy(cells + first, headings, sizeof headings);
    for (size_t i = 0; i < list->n; i++) layer_cells(arena, &list->items[i], cells + (i + 1) * columns + first);
    const char **total = cells + (rows - 1) * columns + first;
    total[0] = "total", total[1] = total[2] = total[3] = "";
    total[4] = arena_printf(arena, "%zu", list->parameters);
    total[5] = arena_printf(arena, "%.0f", list->multiply_adds);
    cli_table(cli, columns, rows, cells, numbers, numbers);
}

static void show_text(Cli *cli, const Run *run, const LayerList *list, bool heading)
{
    (void)heading;
    if (!cli->json) printf("%s\n", run->path);
    print_layers(cli, run, list, cli->json);
}

static void show_csv(Cli *cli, const Run *run, const LayerList *list, bool heading)
{
    CsvWriter csv;
    Err ignored = {0};
    csv_begin_stream(&csv, stdout);
    if (heading) {
        csv_text(&csv, "run");
        for (size_t i = 0; i < COLUMNS; i++) csv_text(&csv, headings[i]);
        csv_end_row(&csv);
    }
    for (size_t i = 0; i < list->n; i++) {
        const char *cells[COLUMNS];
        layer_cells(&cli->arena, &list->items[i], cells);
        csv_text(&csv, run->path);
        for (size_t k = 0; k < COLUMNS; k++) csv_text(&csv, cells[k]);
        csv_end_row(&csv);
    }
    csv_commit(&csv, &ignored);
}

static const struct {
    const char *name;
    /* heading: it is the first of the call's runs */
    void (*show)(Cli *cli, const Run *run, const LayerList *list, bool heading);
} formats[] = {{"text", show_text}, {"csv", show_csv}, {"dot", show_dot}, {"tikz", show_tikz}};

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    const char *format = cli->format ? cli->format : "text";
    size_t chosen = 0, n = sizeof formats / sizeof *formats;
    while (chosen < n && strcmp(formats[chosen].name, format) != 0) chosen++;
    bool ok = chosen < n || err_config(err, (Loc){0}, "--format: wants text, csv, dot or tikz, got \"%s\"", format);
    if (ok && cli->json && cli->format)
        ok = err_config(err, (Loc){0}, "show: --json is a format of its own; leave out --format or --json");
    ok = ok && cli_runs(cli, &list, err);
    for (size_t i = 0; ok && i < list.n; i++) {
        Model model = {0};
        ok = run_check(&list.items[i], &model, err);
        if (ok) {
            LayerList layers = model_layers(&model, &cli->arena);
            formats[chosen].show(cli, &list.items[i], &layers, i == 0);
        }
        model_release(&model);
    }
    runs_release(&list);
    return ok ? 0 : cli_fail(err);
}

const Command command_show = {
    .name = "show",
    .arguments = "[TARGET...] ",
    .summary = "the layers: name, output shape, parameters, multiply-adds",
    .help = "Multiply-adds are those of one image forward, taps that lie in the image only.",
    .options = CLI_TARGET_OPTIONS " format json",
    .run = run,
};
