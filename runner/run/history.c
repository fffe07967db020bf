#include "runner/run/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "runner/table/csv.h"

size_t history_splits(const Experiment *experiment, const char *split[2])
{
    const char *choice = experiment->train.history;
    size_t n = 0;
    if (strcmp(choice, "valid") == 0 || strcmp(choice, "both") == 0) split[n++] = "valid";
    if (strcmp(choice, "test") == 0 || strcmp(choice, "both") == 0) split[n++] = "test";
    return n;
}

void history_init(History *history, const Experiment *experiment)
{
    *history = (History){0};
    Arena *arena = &history->arena;
    const char *split[2];
    size_t splits = history_splits(experiment, split), terms = experiment->loss_count, n = 0;
    history->columns = 3 + 2 * terms + splits * (1 + terms);
    history->column = arena_alloc(arena, history->columns, sizeof *history->column);
    history->column[n++] = "epoch";
    history->column[n++] = "learning_rate";
    history->column[n++] = "objective_train";
    for (size_t i = 0; i < terms; i++) {
        history->column[n++] = arena_printf(arena, "%s_train", experiment->losses[i].name);
        history->column[n++] = arena_printf(arena, "%s_weight", experiment->losses[i].name);
    }
    for (size_t s = 0; s < splits; s++) {
        history->column[n++] = arena_printf(arena, "objective_%s", split[s]);
        for (size_t i = 0; i < terms; i++)
            history->column[n++] = arena_printf(arena, "%s_%s", experiment->losses[i].name, split[s]);
    }
}

void history_release(History *history)
{
    free(history->values);
    arena_release(&history->arena);
    *history = (History){0};
}

double *history_add(History *history)
{
    if (history->rows == history->capacity) {
        history->capacity = history->capacity ? history->capacity * 2 : 64;
        history->values = mem_grow(history->values, mem_mul(history->capacity, history->columns), sizeof(double));
    }
    double *row = history->values + history->rows++ * history->columns;
    memset(row, 0, history->columns * sizeof *row);
    return row;
}

HistoryView history_view(const History *history)
{
    return (HistoryView){history->columns, history->rows, history->column, history->values};
}

static bool write_rows(const History *history, const char *path, bool hasty, Err *err)
{
    CsvWriter csv;
    if (!csv_begin(&csv, path, err)) return false;
    csv.file.hasty = hasty;
    for (size_t i = 0; i < history->columns; i++) csv_text(&csv, history->column[i]);
    csv_end_row(&csv);
    for (size_t row = 0; row < history->rows; row++) {
        for (size_t i = 0; i < history->columns; i++) csv_number(&csv, history->values[row * history->columns + i]);
        csv_end_row(&csv);
    }
    return csv_commit(&csv, err);
}

bool history_write(const History *history, const char *path, Err *err)
{
    return write_rows(history, path, false, err);
}

bool history_show(const History *history, const char *path, Err *err)
{
    return write_rows(history, path, true, err);
}

static bool same_columns(const History *history, const CsvTable *table, Err *err)
{
    if (table->columns != history->columns)
        return err_failed(err, loc_file(table->path),
                          "has %zu columns, this configuration's history has %zu; `run --force` makes it anew",
                          table->columns, history->columns);
    for (size_t i = 0; i < history->columns; i++)
        if (strcmp(table->cells[i], history->column[i]) != 0)
            return err_failed(err, loc_file(table->path),
                              "column %zu is \"%s\", in this configuration's history it is \"%s\"; `run --force` "
                              "makes it anew",
                              i + 1, table->cells[i], history->column[i]);
    return true;
}

bool history_read(History *history, const char *path, Err *err)
{
    CsvTable table = {0};
    bool ok = csv_read(&table, path, err) && same_columns(history, &table, err);
    for (size_t row = 0; ok && row < table.rows; row++) {
        double *values = history_add(history);
        for (size_t i = 0; ok && i < history->columns; i++) {
            values[i] = csv_value(&table, row, (int)i);
            if (isnan(values[i]))
                ok = err_failed(err, loc_file(path), "row %zu: %s is no number; `run --force` makes it anew", row + 1,
                                history->column[i]);
        }
    }
    csv_release(&table);
    return ok;
}
