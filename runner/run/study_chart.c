#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner/canvas/ranking.h"
#include "runner/run/study_parts.h"
#include "runner/run/summary.h"
#include "runner/table/csv.h"

/* The rows of the chart, in the order found; the lines without repetition. */
typedef struct Values {
    RankingRow *rows;
    double *lines;
    size_t n, line_count, capacity;
    const char *experiment[64]; /* each has a colour */
    size_t experiments;
} Values;

static Color color_of(Values *values, const char *experiment)
{
    size_t most = sizeof values->experiment / sizeof *values->experiment;
    for (size_t i = 0; i < values->experiments; i++)
        if (strcmp(values->experiment[i], experiment) == 0) return color_series(i);
    if (values->experiments < most) values->experiment[values->experiments++] = experiment;
    return color_series(values->experiments - 1);
}

/* The value of a metric in a split of a table; NaN where there is none. */
static double value_in(const CsvTable *table, const char *metric, const char *split)
{
    int name = csv_column(table, "metric"), where = csv_column(table, "split"), value = csv_column(table, "value");
    for (size_t row = 0; metric && row < table->rows; row++)
        if (strcmp(csv_cell(table, row, name), metric) == 0 && strcmp(csv_cell(table, row, where), split) == 0)
            return csv_value(table, row, value);
    return NAN;
}

static void add_line(Values *values, double line)
{
    if (!isfinite(line)) return;
    for (size_t i = 0; i < values->line_count; i++)
        if (values->lines[i] == line) return;
    values->lines[values->line_count++] = line;
}

static void add_row(Values *values, const RankingRow *row, double line)
{
    if (values->n == values->capacity) {
        values->capacity = values->capacity ? values->capacity * 2 : 64;
        values->rows = mem_grow(values->rows, values->capacity, sizeof *values->rows);
        values->lines = mem_grow(values->lines, values->capacity, sizeof *values->lines);
    }
    values->rows[values->n++] = *row;
    add_line(values, line);
}

/* "beta_vae dim8-beta2 (prior)"; a seed only where it isn't the first. */
static const char *label_of(Arena *arena, const Found *run, const char *split)
{
    const char *seed = strcmp(run->seed, "1") == 0 ? "" : arena_printf(arena, " seed %s", run->seed);
    return arena_printf(arena, "%s%s%s%s%s%s%s", run->experiment, run->variant[0] ? " " : "", run->variant, seed,
                        split[0] ? " (" : "", split, split[0] ? ")" : "");
}

/* The index of a split that counts, split_count where there is none of that name, 0 where all count. */
static size_t split_of(const StudyChart *chart, const char *split)
{
    size_t i = 0;
    while (i < chart->split_count && strcmp(chart->splits[i].name, split) != 0) i++;
    return i;
}

/* What has brought a value so far, and a run that was meant and has not. */
typedef struct Served {
    bool *pattern, *split;
    const Found **without; /* by pattern; NULL: there is none */
} Served;

/* Adds the values of one run; *any is set where it has one. */
static bool read_values(Arena *arena, const RunPlace *place, const StudyChart *chart, const Found *run, Values *values,
                        Served *served, bool *any, Err *err)
{
    CsvTable table = {0};
    const char *path = arena_printf(arena, "%s/%s/metrics.csv", place->results, run->path);
    if (!csv_read(&table, path, err)) return false;
    int metric = csv_column(&table, "metric"), split = csv_column(&table, "split"), value = csv_column(&table, "value");
    bool ok = (metric >= 0 && split >= 0 && value >= 0) ||
              err_failed(err, loc_file(path), "lacks one of the columns metric, split, value");
    for (size_t row = 0; ok && row < table.rows; row++) {
        double at = csv_value(&table, row, value);
        if (strcmp(csv_cell(&table, row, metric), chart->metric) != 0 || !isfinite(at)) continue;
        const char *where = csv_cell(&table, row, split);
        const size_t counts = split_of(chart, where);
        if (chart->splits && counts == chart->split_count) continue;
        served->split[counts] = true;
        double spread = value_in(&table, chart->spread, where);
        RankingRow ranked = {.label = label_of(arena, run, where),
                             .value = at,
                             .spread = isfinite(spread) && spread > 0 ? spread : 0,
                             .color = color_of(values, run->experiment)};
        add_row(values, &ranked, value_in(&table, chart->line, where));
        *any = true;
    }
    csv_release(&table);
    return ok;
}

/* "prior, region or gmm". */
static const char *any_of(Arena *arena, const Ref *splits, size_t n)
{
    const char *text = "";
    for (size_t i = 0; i < n; i++)
        text = arena_printf(arena, "%s%s%s", text, i == 0 ? "" : i + 1 < n ? ", " : " or ", splits[i].name);
    return text;
}

/* The first pattern or split that has brought no value. */
static void find_lack(Arena *arena, const StudyChart *chart, const Served *served, Err *lacks)
{
    const size_t n = chart->splits ? chart->split_count : 0;
    const char *of = n ? " of the split " : "", *splits = any_of(arena, chart->splits, n);
    for (size_t k = 0; k < chart->n; k++) {
        const RunPattern *pattern = &chart->runs[k];
        if (served->pattern[k]) continue;
        if (served->without[k])
            err_config(lacks, pattern->loc, "%s has no %s%s%s", served->without[k]->path, chart->metric, of, splits);
        else
            err_failed(lacks, pattern->loc, "no run of \"%s\" is there", pattern->text);
    }
    for (size_t i = 0; i < n; i++)
        if (!served->split[i])
            err_config(lacks, chart->splits[i].loc, "no run of the chart has %s of the split \"%s\"", chart->metric,
                       chart->splits[i].name);
}

/* Every run that one of the patterns means, once. */
static bool read_runs(Arena *arena, const RunPlace *place, const StudyChart *chart, Values *values, Err *lacks,
                      Err *err)
{
    Found *found;
    size_t n;
    if (!summary_find(arena, place->results, &found, &n, err)) return false;
    Served served = {.pattern = arena_alloc(arena, chart->n, sizeof(bool)),
                     .split = arena_alloc(arena, chart->split_count + 1, sizeof(bool)),
                     .without = arena_alloc(arena, chart->n, sizeof(Found *))};
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        bool any = false, meant = false;
        for (size_t k = 0; k < chart->n; k++) meant = meant || study_matches(&chart->runs[k], found[i].path);
        if (meant) ok = read_values(arena, place, chart, &found[i], values, &served, &any, err);
        for (size_t k = 0; meant && k < chart->n; k++) {
            if (!study_matches(&chart->runs[k], found[i].path)) continue;
            if (any) served.pattern[k] = true;
            if (!any && !served.without[k]) served.without[k] = &found[i];
        }
    }
    if (ok) find_lack(arena, chart, &served, lacks);
    return ok;
}

/* The highest first; equal ones by name. */
static int by_value(const void *a, const void *b)
{
    const RankingRow *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? 1 : -1;
    return strcmp(x->label, y->label);
}

bool study_draw_chart(Arena *arena, const RunPlace *place, const StudyFigure *figure, Canvas *out, Err *lacks, Err *err)
{
    const StudyChart *chart = figure->chart;
    Values values = {0};
    bool ok = read_runs(arena, place, chart, &values, lacks, err);
    if (ok && lacks->kind == ERR_NONE) {
        if (!values.rows) BUG("a chart that lacks nothing has no value");
        qsort(values.rows, values.n, sizeof *values.rows, by_value);
        ranking_draw(out, &(RankingSpec){.rows = values.rows,
                                         .n = values.n,
                                         .label = chart->label ? chart->label : chart->metric,
                                         .lines = values.lines,
                                         .line_count = values.line_count,
                                         .line_title = chart->line_title});
    }
    free(values.rows);
    free(values.lines);
    return ok;
}
