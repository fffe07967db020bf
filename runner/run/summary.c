#include "runner/run/summary.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/run/alike.h"
#include "runner/table/csv.h"

/* One value of one run. n and detail: as they stand in metrics.csv. */
typedef struct RunValue {
    size_t run, column;
    double value;
    const char *n, *detail;
} RunValue;

typedef struct Summary {
    Arena arena;
    Found *found;
    size_t runs;
    bool *left_out; /* of groups.csv, by run */
    struct {
        const char *metric, *split, *unit, *name;
    } * column;
    size_t columns, column_capacity;
    const size_t *order; /* of the columns, in both files */
    RunValue *values;
    size_t n, capacity;
} Summary;

/* The column of a metric and a split; a new one is the last. */
static size_t column_of(Summary *summary, const char *metric, const char *split, const char *unit)
{
    for (size_t i = 0; i < summary->columns; i++)
        if (strcmp(summary->column[i].metric, metric) == 0 && strcmp(summary->column[i].split, split) == 0) return i;
    if (summary->columns == summary->column_capacity) {
        summary->column_capacity = summary->column_capacity ? summary->column_capacity * 2 : 16;
        summary->column = mem_grow(summary->column, summary->column_capacity, sizeof *summary->column);
    }
    Arena *arena = &summary->arena;
    size_t i = summary->columns++;
    summary->column[i].metric = arena_text(arena, metric);
    summary->column[i].split = arena_text(arena, split);
    summary->column[i].unit = arena_text(arena, unit);
    summary->column[i].name = split[0] ? arena_printf(arena, "%s_%s", metric, split) : summary->column[i].metric;
    return i;
}

static bool read_run(Summary *summary, const char *results, size_t run, Err *err)
{
    CsvTable table = {0};
    const char *path = arena_printf(&summary->arena, "%s/%s/metrics.csv", results, summary->found[run].path);
    Err own = {0};
    if (!csv_read(&table, path, &own))
        return err_failed(err, own.loc, "%s; `mayvae run %s` makes it anew", own.text, summary->found[run].path);
    int metric = csv_column(&table, "metric"), split = csv_column(&table, "split"), value = csv_column(&table, "value"),
        unit = csv_column(&table, "unit"), n = csv_column(&table, "n"), detail = csv_column(&table, "detail");
    bool ok =
        (metric >= 0 && split >= 0 && value >= 0 && unit >= 0 && n >= 0 && detail >= 0) ||
        err_failed(err, loc_file(path),
                   "lacks one of the columns metric, split, value, unit, n, detail; `mayvae run %s` makes it anew",
                   summary->found[run].path);
    for (size_t row = 0; ok && row < table.rows; row++) {
        if (summary->n == summary->capacity) {
            summary->capacity = summary->capacity ? summary->capacity * 2 : 256;
            summary->values = mem_grow(summary->values, summary->capacity, sizeof *summary->values);
        }
        size_t column = column_of(summary, csv_cell(&table, row, metric), csv_cell(&table, row, split),
                                  csv_cell(&table, row, unit));
        summary->values[summary->n++] =
            (RunValue){.run = run,
                       .column = column,
                       .value = csv_value(&table, row, value),
                       .n = arena_text(&summary->arena, csv_cell(&table, row, n)),
                       .detail = arena_text(&summary->arena, csv_cell(&table, row, detail))};
    }
    csv_release(&table);
    return ok;
}

/* NULL where the run has no such value, or one that is no number. */
static const RunValue *find_value(const Summary *summary, size_t run, size_t column)
{
    for (size_t i = 0; i < summary->n; i++) {
        const RunValue *value = &summary->values[i];
        if (value->run == run && value->column == column) return isnan(value->value) ? NULL : value;
    }
    return NULL;
}

/* kl_dim[1] and kl_dim[2] are one metric: parts of a list. */
static bool same_metric(const char *a, const char *b)
{
    const size_t length = strcspn(a, "[");
    return length == strcspn(b, "[") && strncmp(a, b, length) == 0;
}

/* The columns in the order of both files: metrics as they come first, the splits and parts of each side by side. */
static void order_columns(Summary *summary)
{
    size_t *order = arena_alloc(&summary->arena, summary->columns + 1, sizeof *order), n = 0;
    for (size_t i = 0; i < summary->columns; i++) {
        size_t at = n;
        for (size_t k = 0; k < n; k++)
            if (same_metric(summary->column[order[k]].metric, summary->column[i].metric)) at = k + 1;
        memmove(order + at + 1, order + at, (n++ - at) * sizeof *order);
        order[at] = i;
    }
    summary->order = order;
}

static const char *provenance(Arena *arena, const char *results, const Found *run, const char *key)
{
    Err ignored = {0};
    const char *path = arena_printf(arena, "%s/%s/run.yaml", results, run->path);
    const char *text = cfg_text(cfg_parse_file(arena, path, &ignored), key);
    return text ? text : "";
}

static bool write_runs(Summary *summary, const char *results, Err *err)
{
    static const char *const fixed[] = {"run", "experiment", "variant", "seed", "epochs", "parameters"};
    CsvWriter csv;
    if (!csv_begin(&csv, arena_printf(&summary->arena, "%s/summary.csv", results), err)) return false;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) csv_text(&csv, fixed[i]);
    for (size_t i = 0; i < summary->columns; i++) csv_text(&csv, summary->column[summary->order[i]].name);
    csv_end_row(&csv);
    for (size_t run = 0; run < summary->runs; run++) {
        const Found *found = &summary->found[run];
        csv_text(&csv, found->path);
        csv_text(&csv, found->experiment);
        csv_text(&csv, found->variant);
        csv_text(&csv, found->seed);
        csv_text(&csv, provenance(&summary->arena, results, found, "epochs"));
        csv_text(&csv, provenance(&summary->arena, results, found, "parameters"));
        for (size_t i = 0; i < summary->columns; i++) {
            const RunValue *value = find_value(summary, run, summary->order[i]);
            if (value)
                csv_number(&csv, value->value);
            else
                csv_text(&csv, "");
        }
        csv_end_row(&csv);
    }
    return csv_commit(&csv, err);
}

static bool same_group(const Found *a, const Found *b)
{
    return strcmp(a->experiment, b->experiment) == 0 && strcmp(a->variant, b->variant) == 0;
}

static void say_left_out(const RunPlace *place, const Found *first, const Found *run, const char *keys)
{
    const char *slash = first->variant[0] ? "/" : "";
    fprintf(stderr, "%s: not in groups.csv, since its configuration isn't that of %s (%s); ", run->path, first->path,
            keys);
    fprintf(stderr, "`mayvae run %s%s%s --seed %s` and `--seed %s`%s make them alike\n", first->experiment, slash,
            first->variant, first->seed, run->seed, place->again ? ", with the other options of this call," : "");
}

/* A mean over runs of several configurations would be of none: a group's runs are those of its first one's. */
static void leave_out(Summary *summary, const RunPlace *place, bool tell)
{
    summary->left_out = arena_alloc(&summary->arena, summary->runs + 1, sizeof *summary->left_out);
    for (size_t run = 1, first = 0; run < summary->runs; run++) {
        const Found *found = summary->found;
        if (!same_group(&found[first], &found[run])) {
            first = run;
            continue;
        }
        const char *keys = found_differences(&summary->arena, place->results, &found[first], &found[run]);
        summary->left_out[run] = keys[0] != '\0';
        if (tell && keys[0]) say_left_out(place, &found[first], &found[run], keys);
    }
}

/* The value of a run that counts for its group. */
static const RunValue *find_counted(const Summary *summary, size_t run, size_t column)
{
    return summary->left_out[run] ? NULL : find_value(summary, run, column);
}

/* Mean and sd (n - 1) of a column over the runs [first, last) of one group; a single seed has no sd. The protocol is
 * that of its first run. */
static void write_group(const Summary *summary, CsvWriter *csv, size_t first, size_t last, size_t column)
{
    const RunValue *protocol = NULL;
    double sum = 0, square = 0;
    size_t n = 0;
    for (size_t run = first; run < last; run++) {
        const RunValue *value = find_counted(summary, run, column);
        if (!value) continue;
        if (!protocol) protocol = value;
        sum += value->value, n++;
    }
    if (!protocol) return;
    double mean = sum / (double)n;
    for (size_t run = first; run < last; run++) {
        const RunValue *value = find_counted(summary, run, column);
        if (value) square += (value->value - mean) * (value->value - mean);
    }
    csv_text(csv, summary->found[first].experiment);
    csv_text(csv, summary->found[first].variant);
    csv_text(csv, summary->column[column].metric);
    csv_text(csv, summary->column[column].split);
    csv_text(csv, summary->column[column].unit);
    csv_number(csv, mean);
    if (n > 1)
        csv_number(csv, sqrt(square / (double)(n - 1)));
    else
        csv_text(csv, "");
    csv_integer(csv, (long long)n);
    csv_text(csv, protocol->n);
    csv_text(csv, protocol->detail);
    csv_end_row(csv);
}

static bool write_groups(Summary *summary, const char *results, Err *err)
{
    static const char *const columns[] = {"experiment", "variant", "metric", "split",  "unit",
                                          "mean",       "sd",      "n",      "images", "detail"};
    CsvWriter csv;
    if (!csv_begin(&csv, arena_printf(&summary->arena, "%s/groups.csv", results), err)) return false;
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) csv_text(&csv, columns[i]);
    csv_end_row(&csv);
    for (size_t first = 0, last; first < summary->runs; first = last) {
        for (last = first + 1; last < summary->runs && same_group(&summary->found[first], &summary->found[last]);
             last++) {
        }
        for (size_t i = 0; i < summary->columns; i++) write_group(summary, &csv, first, last, summary->order[i]);
    }
    return csv_commit(&csv, err);
}

bool summary_write(const RunPlace *place, bool tell, Err *err)
{
    Summary summary = {0};
    const char *results = place->results;
    bool ok = summary_find(&summary.arena, results, &summary.found, &summary.runs, err);
    for (size_t run = 0; ok && run < summary.runs; run++) ok = read_run(&summary, results, run, err);
    order_columns(&summary);
    if (ok) leave_out(&summary, place, tell);
    ok = ok && write_runs(&summary, results, err) && write_groups(&summary, results, err);
    free(summary.column);
    free(summary.values);
    arena_release(&summary.arena);
    return ok;
}
