/* Rows of no meaning with every kind of field, for tests of binding and printing. */
#ifndef TESTS_SUPPORT_TOY_ROWS_H
#define TESTS_SUPPORT_TOY_ROWS_H

#include "nn/base/table.h"

typedef struct ToyOptions {
    bool flag;
    int64_t count, pair[2];
    double ratio, free;
    const char *text, *choice;
    IntList ints;
    Padding padding;
    Ref ref;
    Spec spec;
    SpecList body;
} ToyOptions;

/* "all" (every kind), "plain" (no fields), "short" (a required `sizes` with a shorthand), "nest" (a required `body`).
 */
extern const Table toy_table;

/* Not named; its first row, "number", has the shorthand `value`. */
extern const Table toy_numbers;

extern const Field toy_fields[];

#endif
