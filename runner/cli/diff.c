#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/cli/cli.h"
#include "runner/run/summary.h"
#include "runner/table/csv.h"

enum { COLUMNS = 6, TROUBLE = 2 };

typedef struct Side {
    const char *folder;
    Found *runs;
    size_t n;
} Side;

typedef struct Difference {
    const char *cells[COLUMNS]; /* run, metric, split, A, B, difference */
} Difference;

typedef struct Diff {
    Arena *arena;
    Side a, b;
    double absolute, relative;
    Difference *items;
    size_t n, capacity;
    size_t runs, values, values_differ, histories_differ; /* on both sides */
    size_t runs_differ, only_one;                         /* only_one: runs, metrics or histories */
} Diff;

static void add(Diff *diff, const char *run, const char *metric, const char *split, const char *a, const char *b,
                const char *difference)
{
    if (diff->n == diff->capacity) {
        diff->capacity = diff->capacity ? mem_mul(diff->capacity, 2) : 64;
        diff->items = mem_grow(diff->items, diff->capacity, sizeof *diff->items);
    }
    const char *const cells[COLUMNS] = {run, metric, split, a, b, difference};
    for (size_t i = 0; i < COLUMNS; i++) diff->items[diff->n].cells[i] = arena_text(diff->arena, cells[i]);
    diff->n++;
}

static void add_only(Diff *diff, const char *run, const char *what, const char *split, const char *a, const char *b)
{
    diff->only_one++;
    add(diff, run, what, split, a, b, *a ? "only in A" : "only in B");
}

/* |a - b| <= atol + rtol |b|; NaN equals NaN, and an infinity itself alone. */
static bool same_number(const Diff *diff, double a, double b)
{
    if (a == b || (isnan(a) && isnan(b))) return true;
    if (!isfinite(a) || !isfinite(b)) return false;
    return fabs(a - b) <= diff->absolute + diff->relative * fabs(b);
}

static bool read_number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && !*end;
}

static bool same_cell(const Diff *diff, const char *a, const char *b)
{
    double x, y;
    if (strcmp(a, b) == 0) return true;
    return read_number(a, &x) && read_number(b, &y) && same_number(diff, x, y);
}

/* metrics.csv of one side, and the columns that are compared. */
typedef struct Metrics {
    CsvTable table;
    int metric, split, value;
} Metrics;

static bool read_metrics(Arena *arena, const Side *side, const char *run, Metrics *metrics, Err *err)
{
    const char *path = arena_printf(arena, "%s/%s/metrics.csv", side->folder, run);
    if (!csv_read(&metrics->table, path, err)) return false;
    metrics->metric = csv_column(&metrics->table, "metric");
    metrics->split = csv_column(&metrics->table, "split");
    metrics->value = csv_column(&metrics->table, "value");
    if (metrics->metric < 0 || metrics->split < 0 || metrics->value < 0)
        return err_failed(err, loc_file(path), "lacks one of the columns metric, split, value");
    for (size_t row = 0; row < metrics->table.rows; row++) {
        double value;
        const char *text = csv_cell(&metrics->table, row, metrics->value);
        if (!read_number(text, &value))
            return err_failed(err, loc_file(path), "%s: \"%.60s\" is no number",
                              csv_cell(&metrics->table, row, metrics->metric), text);
    }
    return true;
}

static const char *metric_of(const Metrics *metrics, size_t row)
{
    return csv_cell(&metrics->table, row, metrics->metric);
}

static const char *split_of(const Metrics *metrics, size_t row)
{
    return csv_cell(&metrics->table, row, metrics->split);
}

static bool same_name(const Metrics *x, size_t i, const Metrics *y, size_t k)
{
    return strcmp(metric_of(x, i), metric_of(y, k)) == 0 && strcmp(split_of(x, i), split_of(y, k)) == 0;
}

/* The row of `to` that goes with a row of `from`: the nth of its metric and split with the nth. `to.table.rows`: none.
 */
static size_t partner(const Metrics *from, size_t row, const Metrics *to)
{
    size_t nth = 0, k = 0;
    for (size_t i = 0; i < row; i++) nth += same_name(from, i, from, row);
    for (; k < to->table.rows; k++)
        if (same_name(from, row, to, k) && nth-- == 0) break;
    return k;
}

static void compare_metrics(Diff *diff, const char *run, const Metrics *a, const Metrics *b)
{
    for (size_t row = 0; row < a->table.rows; row++) {
        size_t other = partner(a, row, b);
        const char *left = csv_cell(&a->table, row, a->value);
        if (other == b->table.rows) {
            add_only(diff, run, metric_of(a, row), split_of(a, row), left, "");
            continue;
        }
        const char *right = csv_cell(&b->table, other, b->value);
        diff->values++;
        if (same_cell(diff, left, right)) continue;
        double x, y;
        read_number(left, &x);
        read_number(right, &y);
        diff->values_differ++;
        add(diff, run, metric_of(a, row), split_of(a, row), left, right, arena_printf(diff->arena, "%+.6g", y - x));
    }
    for (size_t row = 0; row < b->table.rows; row++)
        if (partner(b, row, a) == a->table.rows)
            add_only(diff, run, metric_of(b, row), split_of(b, row), "", csv_cell(&b->table, row, b->value));
}

static bool same_table(const Diff *diff, const CsvTable *a, const CsvTable *b)
{
    if (a->columns != b->columns || a->rows != b->rows) return false;
    for (size_t i = 0; i < (a->rows + 1) * a->columns; i++)
        if (!same_cell(diff, a->cells[i], b->cells[i])) return false;
    return true;
}

static bool compare_histories(Diff *diff, const char *run, Err *err)
{
    const char *left = arena_printf(diff->arena, "%s/%s/history.csv", diff->a.folder, run);
    const char *right = arena_printf(diff->arena, "%s/%s/history.csv", diff->b.folder, run);
    bool in_a = file_exists(left), in_b = file_exists(right);
    if (in_a != in_b) add_only(diff, run, "history.csv", "", in_a ? "there" : "", in_b ? "there" : "");
    if (!in_a || !in_b) return true;
    CsvTable a = {0}, b = {0};
    bool ok = csv_read(&a, left, err) && csv_read(&b, right, err);
    if (ok && !same_table(diff, &a, &b)) {
        diff->histories_differ++;
        add(diff, run, "", "", "", "", "history.csv differs");
    }
    csv_release(&a);
    csv_release(&b);
    return ok;
}

static bool compare_run(Diff *diff, const char *run, Err *err)
{
    Metrics a = {0}, b = {0};
    size_t before = diff->n;
    diff->runs++;
    bool ok = read_metrics(diff->arena, &diff->a, run, &a, err) && read_metrics(diff->arena, &diff->b, run, &b, err);
    if (ok) compare_metrics(diff, run, &a, &b);
    csv_release(&a.table);
    csv_release(&b.table);
    ok = ok && compare_histories(diff, run, err);
    diff->runs_differ += diff->n > before;
    return ok;
}

static bool has_run(const Side *side, const char *run)
{
    for (size_t i = 0; i < side->n; i++)
        if (strcmp(side->runs[i].path, run) == 0) return true;
    return false;
}

static bool compare(Diff *diff, Err *err)
{
    Side *sides[] = {&diff->a, &diff->b};
    for (size_t i = 0; i < 2; i++)
        if (!summary_find(diff->arena, sides[i]->folder, &sides[i]->runs, &sides[i]->n, err)) return false;
    if (diff->a.n + diff->b.n == 0)
        return err_failed(err, loc_file(diff->a.folder),
                          "neither folder has finished runs below it; wanted are folders of results, such as results/, "
                          "in which a run is EXPERIMENT[/VARIANT]/SEED");
    for (size_t i = 0; i < diff->a.n; i++) {
        const char *run = diff->a.runs[i].path;
        if (!has_run(&diff->b, run))
            add_only(diff, run, "", "", "there", "");
        else if (!compare_run(diff, run, err))
            return false;
    }
    for (size_t i = 0; i < diff->b.n; i++)
        if (!has_run(&diff->a, diff->b.runs[i].path)) add_only(diff, diff->b.runs[i].path, "", "", "", "there");
    return true;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static void print_summary(const Diff *diff)
{
    if (diff->n == 0) {
        printf("same: %zu run%s, %zu value%s\n", diff->runs, plural(diff->runs), diff->values, plural(diff->values));
        return;
    }
    size_t histories = diff->histories_differ;
    printf("%zu of %zu run%s differ%s: %zu of %zu value%s, %zu histor%s; %zu only on one side\n", diff->runs_differ,
           diff->runs, plural(diff->runs), diff->runs_differ == 1 ? "s" : "", diff->values_differ, diff->values,
           plural(diff->values), histories, histories == 1 ? "y" : "ies", diff->only_one);
}

static void print_markdown(const Diff *diff, const char *const *heading)
{
    printf("|");
    for (size_t i = 0; i < COLUMNS; i++) printf(" %s |", heading[i]);
    printf("\n| --- | --- | --- | ---: | ---: | ---: |\n");
    for (size_t i = 0; i < diff->n; i++) {
        printf("|");
        for (size_t k = 0; k < COLUMNS; k++) {
            putchar(' ');
            for (const char *c = diff->items[i].cells[k]; *c; c++) {
                if (*c == '|') putchar('\\');
                putchar(*c == '\n' ? ' ' : *c);
            }
            printf(" |");
        }
        putchar('\n');
    }
    putchar('\n');
}

static void print(const Cli *cli, const Diff *diff)
{
    static const char *const heading[COLUMNS] = {"run", "metric", "split", "A", "B", "difference"};
    if (diff->n && cli->markdown)
        print_markdown(diff, heading);
    else if (diff->n) {
        const char **cells = arena_alloc(diff->arena, mem_mul(diff->n + 1, COLUMNS), sizeof *cells);
        memcpy(cells, heading, sizeof heading);
        for (size_t i = 0; i < diff->n; i++) memcpy(cells + (i + 1) * COLUMNS, diff->items[i].cells, sizeof heading);
        const unsigned numbers = 1u << 3 | 1u << 4 | 1u << 5;
        cli_table(cli, COLUMNS, diff->n + 1, cells, numbers, numbers);
    }
    if (!cli->json) print_summary(diff);
}

static int run(Cli *cli, Err *err)
{
    if (cli->target_count != 2) {
        err_config(err, (Loc){0}, "diff: wants two folders of results, got %zu: `mayvae diff results other`",
                   cli->target_count);
        return TROUBLE;
    }
    if (cli->markdown && cli->json) {
        err_config(err, (Loc){0}, "diff: prints --md or --json, not both");
        return TROUBLE;
    }
    Diff diff = {.arena = &cli->arena, .absolute = cli->absolute, .relative = cli->relative};
    diff.a.folder = cli->targets[0];
    diff.b.folder = cli->targets[1];
    bool ok = compare(&diff, err);
    if (ok) print(cli, &diff);
    int code = !ok ? TROUBLE : diff.n ? 1 : 0;
    free(diff.items);
    return code;
}

const Command command_diff = {
    .name = "diff",
    .arguments = "A B ",
    .summary = "compares two results folders by run and metric",
    .help = "Prints what differs in metrics.csv, the runs and metrics that one folder alone\n"
            "has, and the runs whose history.csv differ. Values a and b are the same where\n"
            "|a - b| <= atol + rtol |b|. Exit: 0 same, 1 differs, 2 trouble.",
    .options = "atol rtol md json",
    .run = run,
};
