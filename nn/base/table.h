/* Tables of rows. Every layer, loss, optimizer, schedule, metric, figure, ... is one Row in one Table; what it can be
 * told is an array of Fields. Binding, validation, `describe`, the JSON Schema, the frozen configuration and the tests
 * read these, so none of them knows a row by name. */
#ifndef NN_BASE_TABLE_H
#define NN_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/base/err.h"

typedef struct Table Table;

/* One row's identity. It is the first member of Layer, Loss, Metric, ..., so a pointer to it is a pointer to them. */
typedef struct Row {
    const char *name;
    const char *doc;            /* a sentence or two, with the paper and equation where there is one */
    const struct Field *fields; /* ends with a NULL key; NULL where there are no options */
    size_t size;                /* of the options' struct */
    const char *shorthand;      /* the key that a bare value sets (`reshape: [7, 7, 64]`), or NULL */
    const char *example; /* options as YAML that are valid, for docs and tests, e.g. "{units: 8}"; NULL: none needed */
} Row;

struct Table {
    const char *name; /* "layers" */
    const char *noun; /* "layer" */
    const Row *const *rows;
    size_t n;
    bool named; /* its items take a `name:` besides their own options (layers) */
};

/* What kind of value a Field holds, and as which C type it is stored at its offset. */
typedef enum FieldKind {
    FIELD_BOOL,    /* bool */
    FIELD_INT,     /* int64_t */
    FIELD_REAL,    /* double; never NaN */
    FIELD_TEXT,    /* const char *, NULL where absent */
    FIELD_CHOICE,  /* const char *, one of choices */
    FIELD_INTS,    /* IntList; a single int is a list of one */
    FIELD_PAIR,    /* int64_t[2]; one int stands for both */
    FIELD_PADDING, /* Padding: same, valid, n, [h, w] or [top, bottom, left, right] */
    FIELD_REF,     /* Ref: the name of a section or of an input of the network */
    FIELD_RUN,     /* Ref: the name of another run, which this one then needs; it has no default but FIELD_ABSENT */
    FIELD_SPEC,    /* Spec: one row of a table with its options; row is NULL where absent */
    FIELD_SPECS,   /* SpecList: a list of them */
} FieldKind;

typedef struct IntList {
    const int64_t *items;
    size_t n;
} IntList;

typedef struct Padding {
    const char *mode; /* "same", "valid" or NULL: explicit */
    int64_t top, bottom, left, right;
} Padding;

typedef struct Ref {
    const char *name; /* NULL where absent */
    Loc loc;
} Ref;

/* One use of a row: which one, its bound options, and where it stands. */
typedef struct Spec {
    const Row *row;
    const void *options;
    const char *name; /* the `name:` of an item of a named table, or NULL */
    Loc loc;
} Spec;

typedef struct SpecList {
    const Spec *items;
    size_t n;
} SpecList;

/* `fallback` of a Field that may be left out and is then zero. */
#define FIELD_ABSENT ""

typedef struct Field {
    const char *key;
    FieldKind kind;
    size_t offset;
    const char *fallback; /* the default, as YAML text; FIELD_ABSENT; or NULL: required */
    double min, max;      /* inclusive bounds of numbers (each element); both 0: unbounded */
    bool above_min;       /* min itself is out of bounds */
    const char *unit;     /* or NULL */
    const char *help;
    const char *choices; /* FIELD_CHOICE: "none|static|dynamic" */
    const Table *table;  /* FIELD_SPEC, FIELD_SPECS */
} Field;

/* A field's bounds; false: it has none on that side. */
bool field_lower(const Field *field, double *bound);
bool field_upper(const Field *field, double *bound);

/* The row of that name, or NULL. */
const Row *table_find(const Table *table, const char *name);

/* The candidate nearest to name by edit distance (adjacent swaps count one), or NULL where none is near enough to be
 * meant: at most a third of the longer one's length, and at least one edit. */
const char *nearest_name(const char *name, const char *const *candidates, size_t n);
const char *table_nearest(const Table *table, const char *name);

#endif
