/* Inside of runner/config: what is wrong with a tree, in the order in which the design reports it, whatever the order
 * in which it is found. The binder goes on after an error; the one to show is the one of the lowest rank, and of those
 * the first in the file. */
#ifndef RUNNER_CONFIG_REPORT_H
#define RUNNER_CONFIG_REPORT_H

#include "runner/config/bind.h"
#include "runner/config/run_names.h"

typedef enum Rank {
    RANK_NONE,    /* nothing is wrong */
    RANK_KEY,     /* an unknown key */
    RANK_VALUE,   /* a type or a bound */
    RANK_NAME,    /* a name or a ${} that refers to nothing */
    RANK_MISSING, /* a key that isn't there */
    RANK_UNUSED,  /* a section or a matrix key that nothing uses */
    RANK_MEANING, /* valid, but it can't be meant: a schedule that kills the learning rate */
} Rank;

typedef struct Report {
    Rank rank;
    Err err;
} Report;

void report_add(Report *report, Rank rank, Loc loc, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* As report_add, of an error that won't outlive the report: its place is copied. */
void report_take(Report *report, Rank rank, Arena *arena, const Err *err);
void report_merge(Report *report, const Report *other);

/* true when nothing is wrong; else sets err and returns false. */
bool report_flush(const Report *report, Err *err);

/* What binding needs at hand. refs: every FIELD_REF bound so far, those of dropped items too. runs: every FIELD_RUN,
 * but of dropped items none. */
typedef struct Binder {
    Arena *arena;
    Report *report;
    Ref *refs;
    size_t ref_count, ref_capacity;
    Ref *runs;
    size_t run_count, run_capacity;
    RunNames *names; /* what they stand for; NULL: each is a path already */
} Binder;

void binder_release(Binder *binder);

/* As bind_fields and bind_spec of bind.h, without stopping. extra: further keys that the caller reads itself. */
void binder_fields(Binder *binder, const Field *fields, const char *const *extra, const char *what, Loc where,
                   const Cfg *map, void *options);
void binder_spec(Binder *binder, const Table *table, const Cfg *node, const char *const *extra, Spec *spec);
void binder_specs(Binder *binder, const Table *table, const Cfg *list, SpecList *specs);

/* Checks a map's keys against fields and extra (each may be NULL); hidden is valid, but not listed (may be NULL). */
void binder_check_keys(Binder *binder, const Cfg *map, const Field *fields, const char *const *extra,
                       const char *hidden, const char *what);

/* `; did you mean "x"?`, or "" where nothing is near. */
const char *binder_suggest(Arena *arena, const char *name, const char *const *candidates, size_t n);

/* "got 3", "got a list", with what it came from. */
const char *binder_got(Arena *arena, const Cfg *node);
/* Reports that a map lacks a key: at `where`, or where a null took it out. what: whose key it is; help: what it is for;
 * both may be NULL. */
void binder_missing(Binder *binder, const char *key, const char *what, const char *help, Loc where, const Cfg *map);

#endif
