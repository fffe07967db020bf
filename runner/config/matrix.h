/* Inside of runner/config: the matrix of an experiment, and what each of its combinations makes of the tree. */
#ifndef RUNNER_CONFIG_MATRIX_H
#define RUNNER_CONFIG_MATRIX_H

#include "runner/config/report.h"

enum { VARIANTS_MAX = 10000 };

typedef struct MatrixKey {
    const char *name;
    Loc loc;
    Cfg **values; /* scalars */
    size_t n;
    bool used; /* by a ${} or a `when` */
} MatrixKey;

typedef struct Matrix {
    MatrixKey *keys; /* in file order */
    size_t n;
    size_t variants; /* the product of the keys' n; 1 without keys */
    size_t texts;    /* bytes of the texts that ${} has made so far */
    bool broken;     /* reported already; then ${} and `when` are taken as they come */
} Matrix;

/* node: what stands under `matrix:`, or NULL. nodes: how many nodes the rest of the tree has, which bounds the memory
 * that all variants take together. */
void matrix_read(Arena *arena, const Cfg *node, size_t nodes, Matrix *matrix, Report *report);

/* The values of one combination, one a key; the last key changes fastest. */
const Cfg **matrix_values(Arena *arena, const Matrix *matrix, size_t variant);

/* "dim8-beta2"; one that is too long for a folder is reported, and the matrix is broken then. */
const char *matrix_name(Arena *arena, Matrix *matrix, const Cfg *const *values, Report *report);

/* Takes each list item's `when` out and marks the item as dropped where it doesn't hold, then puts values in for ${}.
 */
void matrix_apply(Arena *arena, Matrix *matrix, const Cfg *const *values, Cfg *root, Report *report);

void matrix_check_used(Arena *arena, const Matrix *matrix, Report *report);

size_t cfg_count(const Cfg *node);

#endif
