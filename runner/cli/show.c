#include <string.h>

#include "runner/cli/cli.h"
#include "runner/model/summary.h"
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

static void show_text(Cli *cli, const Run *run, const LayerList *list)
{
    Arena *arena = &cli->arena;
    const char **cells = arena_alloc(arena, (list->n + 2) * COLUMNS, sizeof *cells);
    memcpy(cells, headings, sizeof headings);
    for (size_t i = 0; i < list->n; i++) layer_cells(arena, &list->items[i], cells + (i + 1) * COLUMNS);
    const char **total = cells + (list->n + 1) * COLUMNS;
    total[0] = "total", total[1] = total[2] = total[3] = "";
    total[4] = arena_printf(arena, "%zu", list->parameters);
    total[5] = arena_printf(arena, "%.0f", list->multiply_adds);
    if (!cli->json) printf("%s\n", run->path);
    cli_table(cli, COLUMNS, list->n + 2, cells, 1u << 4 | 1u << 5);
}

static void show_csv(Cli *cli, const Run *run, const LayerList *list)
{
    CsvWriter csv;
    Err ignored = {0};
    csv_begin_stream(&csv, stdout);
    csv_text(&csv, "run");
    for (size_t i = 0; i < COLUMNS; i++) csv_text(&csv, headings[i]);
    csv_end_row(&csv);
    for (size_t i = 0; i < list->n; i++) {
        const char *cells[COLUMNS];
        layer_cells(&cli->arena, &list->items[i], cells);
        csv_text(&csv, run->path);
        for (size_t k = 0; k < COLUMNS; k++) csv_text(&csv, cells[k]);
        csv_end_row(&csv);
    }
    csv_commit(&csv, &ignored);
}

/* The layer before the i-th one: its section's input's last layer, or NULL for a network input. */
static const LayerLine *before(const Run *run, const LayerList *list, size_t i, const char **input)
{
    const LayerLine *line = &list->items[i];
    if (i > 0 && strcmp(list->items[i - 1].section, line->section) == 0) return &list->items[i - 1];
    for (size_t k = 0; k < run->experiment.section_count; k++)
        if (strcmp(run->experiment.sections[k].name, line->section) == 0)
            *input = run->experiment.sections[k].input.name;
    const LayerLine *last = NULL;
    for (size_t k = 0; k < list->n; k++)
        if (strcmp(list->items[k].section, *input) == 0) last = &list->items[k];
    return last;
}

static void show_dot(Cli *cli, const Run *run, const LayerList *list)
{
    (void)cli;
    printf("digraph \"%s\" {\n  rankdir=LR;\n  node [shape=box];\n", run->path);
    for (size_t i = 0; i < list->n; i++) {
        const LayerLine *line = &list->items[i];
        char shape[96];
        printf("  \"%s.%s\" [label=\"%s\\n%s\\n%s\"];\n", line->section, line->name, line->kind, line->detail,
               shape_text(line->shape, shape));
    }
    for (size_t i = 0; i < list->n; i++) {
        const char *input = "";
        const LayerLine *from = before(run, list, i, &input);
        if (from)
            printf("  \"%s.%s\"", from->section, from->name);
        else
            printf("  \"%s\"", input);
        printf(" -> \"%s.%s\";\n", list->items[i].section, list->items[i].name);
    }
    puts("}");
}

/* A TeX text: underscores escaped. */
static void put_tex(const char *text)
{
    for (; *text; text++) printf(*text == '_' ? "\\_" : "%c", *text);
}

static void show_tikz(Cli *cli, const Run *run, const LayerList *list)
{
    (void)cli;
    size_t column = 0, row = 0;
    puts("\\begin{tikzpicture}[every node/.style={font=\\small}, layer/.style={draw, minimum width=3.4cm, "
         "align=center}]");
    for (size_t i = 0; i < list->n; i++, row++) {
        const LayerLine *line = &list->items[i];
        if (i > 0 && strcmp(list->items[i - 1].section, line->section) != 0) column++, row = 0;
        char shape[96];
        printf("\\node[layer] (%s-%s) at (%zu, -%.1f) {", line->section, line->name, column * 5, (double)row * 1.3);
        put_tex(line->kind);
        printf("\\\\{\\footnotesize %s}};\n\\node[anchor=west, font=\\footnotesize] at (%s-%s.east) {%s};\n",
               shape_text(line->shape, shape), line->section, line->name, line->detail[0] ? line->detail : "");
    }
    for (size_t i = 0; i < list->n; i++) {
        const char *input = "";
        const LayerLine *from = before(run, list, i, &input);
        if (from)
            printf("\\draw[->] (%s-%s) -- (%s-%s);\n", from->section, from->name, list->items[i].section,
                   list->items[i].name);
    }
    puts("\\end{tikzpicture}");
}

static const struct {
    const char *name;
    void (*show)(Cli *cli, const Run *run, const LayerList *list);
} formats[] = {{"text", show_text}, {"csv", show_csv}, {"dot", show_dot}, {"tikz", show_tikz}};

static int run(Cli *cli, Err *err)
{
    RunList list = {0};
    const char *format = cli->format ? cli->format : "text";
    size_t chosen = 0, n = sizeof formats / sizeof *formats;
    while (chosen < n && strcmp(formats[chosen].name, format) != 0) chosen++;
    bool ok = chosen < n || err_config(err, (Loc){0}, "--format: wants text, csv, dot or tikz, got \"%s\"", format);
    ok = ok && cli_runs(cli, &list, err);
    for (size_t i = 0; ok && i < list.n; i++) {
        Model model = {0};
        ok = run_check(&list.items[i], &model, err);
        if (ok) {
            LayerList layers = model_layers(&model, &cli->arena);
            formats[chosen].show(cli, &list.items[i], &layers);
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
    .options = "format json",
    .run = run,
};
