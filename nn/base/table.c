#include "nn/base/table.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"

const Row *table_find(const Table *table, const char *name)
{
    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->rows[i]->name, name) == 0) return table->rows[i];
    return NULL;
}

/* No valid name is longer; a longer misspelling has no nearest name. */
enum { NAME_MAX_LENGTH = 128 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance in its restricted form (optimal string alignment): insertions, deletions, substitutions
 * and swaps of neighbours, no part edited twice. Both lengths are at most NAME_MAX_LENGTH. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][NAME_MAX_LENGTH + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b_length; j++) above[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = smaller(smaller(row[j - 1], above[j]) + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b_length];
}

const char *nearest_name(const char *name, const char *const *candidates, size_t n)
{
    size_t length = strlen(name);
    if (length > NAME_MAX_LENGTH) return NULL;
    const char *nearest = NULL;
    size_t best = NAME_MAX_LENGTH + 1;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]);
        if (other > NAME_MAX_LENGTH) continue;
        size_t distance = edit_distance(name, length, candidates[i], other);
        size_t longer = length > other ? length : other;
        /* Short names may be one edit off, or nothing would ever be suggested for them. */
        size_t allowed = longer / 3 > 1 ? longer / 3 : 1;
        if (distance >= best || distance > allowed || distance == longer) continue;
        best = distance;
        nearest = candidates[i];
    }
    return nearest;
}

const char *table_nearest(const Table *table, const char *name)
{
    const char **names = mem_zeroed(table->n, sizeof *names);
    for (size_t i = 0; i < table->n; i++) names[i] = table->rows[i]->name;
    const char *nearest = nearest_name(name, names, table->n);
    free(names);
    return nearest;
}

bool field_lower(const Field *field, double *bound)
{
    *bound = field->min;
    bool unbounded = field->min == 0 && field->max == 0 && !field->above_min;
    return !unbounded && field->min > -1e300;
}

bool field_upper(const Field *field, double *bound)
{
    *bound = field->max;
    return field->max > field->min && field->max < 1e300;
}
