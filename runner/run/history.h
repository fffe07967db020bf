/* history.csv: one row an epoch. The rows are kept as doubles in checkpoints, so a resumed run writes the same bytes.
 */
#ifndef RUNNER_RUN_HISTORY_H
#define RUNNER_RUN_HISTORY_H

#include "runner/figure/figure.h"

typedef struct History {
    Arena arena;
    size_t columns, rows, capacity;
    const char **column;
    double *values; /* (rows, columns) */
} History;

/* Columns: epoch, learning_rate, objective_train, then NAME_train and NAME_weight of each term, then objective_SPLIT
 * and NAME_SPLIT for each tracked split. */
void history_init(History *history, const Experiment *experiment);
void history_release(History *history); /* safe on a zeroed one */
double *history_add(History *history);  /* a new row, zeroed, to be filled */
/* The rows as figures see them; borrows them until the next history_add. */
HistoryView history_view(const History *history);
/* Replaces the file by the header and all rows, numbers as %.9g. */
bool history_write(const History *history, const char *path, Err *err);
/* The same for those who look on while it trains: it costs no wait for the disk, and a power cut may take it. */
bool history_show(const History *history, const char *path, Err *err);
/* The file back into rows; other columns than the experiment's are an error. */
bool history_read(History *history, const char *path, Err *err);

/* The splits that are evaluated after every epoch, in order. */
size_t history_splits(const Experiment *experiment, const char *split[2]);

#endif
