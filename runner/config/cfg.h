/* A YAML file as a tree in which every node knows its place. cfg.c is the only user of yaml.h. */
#ifndef RUNNER_CONFIG_CFG_H
#define RUNNER_CONFIG_CFG_H

#include "nn/base/alloc.h"
#include "nn/base/err.h"

typedef enum CfgKind { CFG_SCALAR, CFG_LIST, CFG_MAP } CfgKind;

typedef struct Cfg {
    CfgKind kind;
    Loc loc;            /* of the value */
    const char *key;    /* in a map: its key and the key's place */
    Loc key_loc;
    const char *text;   /* of a scalar; a plain empty scalar, ~ and null are "" with null set */
    bool quoted, null;
    struct Cfg **items; /* of a list or a map, in file order */
    size_t n, capacity;
    bool used;          /* set by the binder: what nobody read is an error */
} Cfg;

enum { CFG_BYTES_MAX = 1024 * 1024, CFG_DEPTH_MAX = 64, CFG_EVENTS_MAX = 100000, CFG_SCALAR_MAX = 64 * 1024 };

/* One document of at most CFG_BYTES_MAX bytes; duplicate keys, keys that are not scalars, several documents, undefined
 * or endless aliases and anything beyond the limits are errors with a place. An alias is expanded to a copy and counts.
 * The tree, the texts and the file's name live in the arena. NULL on an error. */
Cfg *cfg_parse_file(Arena *arena, const char *path, Err *err);
/* name stands for the file in places. */
Cfg *cfg_parse_text(Arena *arena, const char *name, const char *text, Err *err);

Cfg *cfg_get(const Cfg *map, const char *key); /* NULL: none, or not a map */
Cfg *cfg_copy(Arena *arena, const Cfg *node);
/* Puts value (not copied) under key in a map, in place of an earlier one. */
void cfg_put(Arena *arena, Cfg *map, const char *key, Loc key_loc, Cfg *value);

/* `over` laid over `base`, as extends does: maps merge key by key; lists and scalars replace. A new tree. */
Cfg *cfg_merge(Arena *arena, const Cfg *base, const Cfg *over);

/* -o KEY=VALUE: a dotted path (numbers index lists) and a YAML value. Missing maps on the way are made; walking through
 * a scalar, or an index out of range, is an error whose file is the option itself. */
bool cfg_override(Arena *arena, Cfg *root, const char *assignment, Err *err);

/* "a map", "a list", "a number", "text" for messages. */
const char *cfg_kind_text(const Cfg *node);

#endif
