#include "runner/table/csv.h"

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CSV_BYTES_MAX = 64 * 1024 * 1024 };

bool csv_begin(CsvWriter *csv, const char *path, Err *err)
{
    *csv = (CsvWriter){0};
    if (!file_begin(&csv->file, path, err)) return false;
    csv->stream = csv->file.stream;
    return true;
}

void csv_begin_stream(CsvWriter *csv, FILE *stream)
{
    *csv = (CsvWriter){.stream = stream};
}

static void next_cell(CsvWriter *csv)
{
    if (csv->column++ > 0) putc(',', csv->stream);
}

void csv_text(CsvWriter *csv, const char *text)
{
    next_cell(csv);
    csv->blank = csv->column == 1 && text[0] == '\0';
    if (strpbrk(text, ",\"\r\n"))
        csv_fwrite(csv->stream, text, strlen(text));
    else
        fputs(text, csv->stream);
}

void csv_number(CsvWriter *csv, double value)
{
    next_cell(csv);
    csv->blank = false;
    if (isnan(value))
        fputs("nan", csv->stream);
    else if (isinf(value))
        fputs(value < 0 ? "-inf" : "inf", csv->stream);
    else
        fprintf(csv->stream, "%.9g", value);
}

void csv_integer(CsvWriter *csv, long long value)
{
    next_cell(csv);
    csv->blank = false;
    fprintf(csv->stream, "%lld", value);
}

void csv_end_row(CsvWriter *csv)
{
    /* a line with nothing in it would be no row */
    if (csv->column == 1 && csv->blank) fputs("\"\"", csv->stream);
    putc('\n', csv->stream);
    csv->column = 0;
    csv->blank = false;
}

bool csv_commit(CsvWriter *csv, Err *err)
{
    FILE *stream = csv->stream;
    csv->stream = NULL;
    if (csv->file.stream) return file_commit(&csv->file, err);
    if (stream && (fflush(stream) != 0 || ferror(stream)))
        return err_failed(err, loc_file(NULL), "a table can't be written");
    return true;
}

/* What libcsv's callbacks fill. */
typedef struct Reading {
    CsvTable *table;
    const char *path;   /* the caller's: it outlives the table in an error's place */
    size_t n, capacity; /* cells */
    size_t in_row;      /* cells of the row so far */
    int line, row_line; /* being parsed; where the row began */
    Err *err;
    bool failed;
} Reading;

static void fail(Reading *reading, int line, const char *text)
{
    const Loc loc = {.file = reading->path, .line = line};
    if (!reading->failed) err_failed(reading->err, loc, "%s", text);
    reading->failed = true;
}

static void on_cell(void *bytes, size_t length, void *context)
{
    Reading *reading = context;
    CsvTable *table = reading->table;
    const char *text = bytes ? bytes : "";
    int lines = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') lines++;
        if (text[i] == '\0') fail(reading, reading->line, "a cell holds a zero byte");
    }
    if (reading->in_row++ == 0) reading->row_line = reading->line - lines;
    if (reading->n == reading->capacity) {
        reading->capacity = reading->capacity ? mem_mul(reading->capacity, 2) : 64;
        table->cells = mem_grow(table->cells, reading->capacity, sizeof *table->cells);
    }
    table->cells[reading->n++] = arena_text_n(&table->arena, text, length);
}

static void on_row(int terminator, void *context)
{
    (void)terminator;
    Reading *reading = context;
    CsvTable *table = reading->table;
    if (table->columns == 0) {
        table->columns = reading->in_row;
    } else {
        table->rows++;
        if (reading->in_row != table->columns) {
            char text[100];
            snprintf(text, sizeof text, "%zu cells, but the header has %zu", reading->in_row, table->columns);
            fail(reading, reading->row_line, text);
        }
    }
    reading->in_row = 0;
}

/* libcsv would strip spaces round a plain cell. */
static int never_space(unsigned char c)
{
    (void)c;
    return 0;
}

/* Line by line, so that each cell's line is known. */
static void parse(struct csv_parser *parser, Reading *reading, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length && !reading->failed; reading->line++) {
        const char *newline = memchr(bytes + at, '\n', length - at);
        const size_t n = newline ? (size_t)(newline - (bytes + at)) + 1 : length - at;
        if (csv_parse(parser, bytes + at, n, on_cell, on_row, reading) != n)
            fail(reading, reading->line, csv_strerror(csv_error(parser)));
        at += n;
    }
    if (!reading->failed && csv_fini(parser, on_cell, on_row, reading) != 0)
        fail(reading, reading->line > 1 ? reading->line - 1 : 1, "ends inside a quoted cell");
}

bool csv_read(CsvTable *table, const char *path, Err *err)
{
    char *bytes = NULL;
    size_t length = 0;
    struct csv_parser parser;
    *table = (CsvTable){0};
    if (!file_read(path, CSV_BYTES_MAX, &bytes, &length, err)) return false;
    table->path = arena_text(&table->arena, path);
    Reading reading = {.table = table, .path = path, .line = 1, .err = err};
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) BUG("csv_init failed");
    csv_set_space_func(&parser, never_space);
    parse(&parser, &reading, bytes, length);
    csv_free(&parser);
    free(bytes);
    if (!reading.failed && table->columns == 0) fail(&reading, 0, "no header: the file is empty");
    if (reading.failed) csv_release(table);
    return !reading.failed;
}

void csv_release(CsvTable *table)
{
    free(table->cells);
    arena_release(&table->arena);
    *table = (CsvTable){0};
}

int csv_column(const CsvTable *table, const char *name)
{
    for (size_t i = 0; i < table->columns; i++)
        if (strcmp(table->cells[i], name) == 0) return (int)i;
    return -1;
}

const char *csv_cell(const CsvTable *table, size_t row, int column)
{
    if (row >= table->rows || column < 0 || (size_t)column >= table->columns)
        BUG("csv_cell: row %zu of %zu, column %d of %zu", row, table->rows, column, table->columns);
    return table->cells[(row + 1) * table->columns + (size_t)column];
}

double csv_value(const CsvTable *table, size_t row, int column)
{
    const char *text = csv_cell(table, row, column);
    char *end;
    const double value = strtod(text, &end);
    return end == text || *end != '\0' ? NAN : value;
}
