/* CSV files: libcsv reads and quotes, AtomicFile writes. csv.c is the only user of libcsv's csv.h. */
#ifndef RUNNER_TABLE_CSV_H
#define RUNNER_TABLE_CSV_H

#include "nn/base/alloc.h"
#include "nn/base/file.h"

/* Writes rows; text is quoted where it must be. A number is printed with %.9g; NaN and infinities as nan, inf, -inf; an
 * integer with %lld. */
typedef struct CsvWriter {
    AtomicFile file;
    FILE *stream; /* file.stream, or what csv_begin_stream was given */
    size_t column;
    bool blank; /* the row's only cell so far is empty */
} CsvWriter;

bool csv_begin(CsvWriter *csv, const char *path, Err *err);
void csv_begin_stream(CsvWriter *csv, FILE *stream); /* commit then only flushes */
void csv_text(CsvWriter *csv, const char *text);
void csv_number(CsvWriter *csv, double value);
void csv_integer(CsvWriter *csv, long long value);
void csv_end_row(CsvWriter *csv);
bool csv_commit(CsvWriter *csv, Err *err);

/* A CSV file in memory: the header and rows of texts. Every row has as many cells as the header, else an error with
 * file:line. */
typedef struct CsvTable {
    const char *path;
    size_t columns, rows;
    char **cells; /* header first, then (rows x columns) */
    Arena arena;
} CsvTable;

bool csv_read(CsvTable *table, const char *path, Err *err);
void csv_release(CsvTable *table);
int csv_column(const CsvTable *table, const char *name); /* -1: none */
const char *csv_cell(const CsvTable *table, size_t row, int column);
double csv_value(const CsvTable *table, size_t row, int column); /* NaN where it is no number */

#endif
