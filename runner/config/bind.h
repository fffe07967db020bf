/* Binds trees to structs by their Field rows, and prints bound structs back as canonical YAML. Strict: unknown keys,
 * wrong types and values out of bounds are errors with a place, and a name that is wrong comes with the nearest one. */
#ifndef RUNNER_CONFIG_BIND_H
#define RUNNER_CONFIG_BIND_H

#include "nn/base/table.h"
#include "runner/config/cfg.h"

/* Fills options (zeroed) from a map, or from NULL where every field has a default. what: for messages, e.g. "conv2d".
 * where: the place for a missing key. Texts and lists live in the arena. Errors in the order of the design: unknown
 * keys first, then types and bounds, then what is missing. */
bool bind_fields(Arena *arena, const Field *fields, const char *what, Loc where, Cfg *map, void *options, Err *err);

/* One use of a row: `relu`, `dense: {units: 3}` or, with a shorthand, `reshape: [7, 7]` or a bare scalar where the
 * table's first row has a shorthand (a number for a schedule is `constant`). In a named table `name:` is taken out
 * first. extra: keys beside the row's own that the caller reads itself (loss terms: "weight"), NULL-terminated or NULL.
 */
bool bind_spec(Arena *arena, const Table *table, Cfg *node, const char *const *extra, Spec *spec, Err *err);

/* A name for a section, a loss term or a figure, which may be a file's: [A-Za-z0-9_-]+. */
bool is_name(const char *text);

/* Growing text for canonical output. */
typedef struct Text {
    char *bytes; /* NUL-terminated; NULL while empty */
    size_t n, capacity;
    bool places; /* a line that begins a row ends with "  # FILE:LINE:COL", where the row was written */
} Text;
void text_add(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_release(Text *text);
/* Columns that the first bytes of a text take on a terminal: continuation bytes of UTF-8 take none. */
size_t text_columns(const char *text, size_t bytes);

/* Canonical YAML, every field with its value, defaults included, in the order of the Field rows, numbers as %.9g (%.17g
 * where %.9g doesn't read back the same), strings quoted where plain ones would read back as something else. Binding
 * the output again gives the same options. indent: spaces before each line. */
void print_fields(Text *text, int indent, const Field *fields, const void *options);
void print_spec(Text *text, int indent, const Spec *spec);       /* "dense: {...}" or "relu" and a newline */
void print_specs(Text *text, int indent, const SpecList *specs); /* a list of "- ..." lines; "[]" where empty */
void print_scalar(Text *text, const char *value);                /* quoted if need be, no newline */
void print_real(Text *text, double value);

#endif
