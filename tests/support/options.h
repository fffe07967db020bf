/* Options of rows out of short texts, for tests below the configuration: "{filters: 4, kernel: 3}". Knows flow maps and
 * lists without quotes or comments; anything else is a BUG. */
#ifndef TESTS_SUPPORT_OPTIONS_H
#define TESTS_SUPPORT_OPTIONS_H

#include "nn/base/alloc.h"
#include "nn/base/table.h"

/* text: a map, a bare value for a row with a shorthand, or NULL: all defaults. */
const void *options_of(Arena *arena, const Row *row, const char *text);

/* "relu", "dense: {units: 3}" or "{dense: {units: 3}}". */
Spec spec_of(Arena *arena, const Table *table, const char *text);

/* Several of them, as an array that ends with NULL. */
SpecList specs_of(Arena *arena, const Table *table, const char *const *texts);

#endif
