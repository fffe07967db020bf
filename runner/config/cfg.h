/* A YAML file as a tree in which every node knows its place. cfg_parse.c is the only user of yaml.h. */
#ifndef RUNNER_CONFIG_CFG_H
#define RUNNER_CONFIG_CFG_H

#include <stdint.h>

#include "nn/base/alloc.h"
#include "nn/base/err.h"

typedef enum CfgKind { CFG_SCALAR, CFG_LIST, CFG_MAP } CfgKind;

typedef struct Cfg {
    CfgKind kind;
    Loc loc;         /* of the value */
    const char *key; /* in a map: its key and the key's place */
    Loc key_loc;
    const char *text; /* of a scalar; a plain empty scalar, ~ and null are "" with null set */
    bool quoted, null;
    struct Cfg **items; /* of a list or a map, in file order */
    size_t n, capacity;
    const char *from; /* of a scalar that a matrix value replaced: what stood there, "${dim}" */
    Loc from_loc;     /* and the place of the value, where that is all of it */
    struct Cfg *gone; /* of a map: the last value that a null took out of it, which leads to the one before by `next` */
    struct Cfg *next;
    bool unresolved; /* a ${} that refers to nothing, reported already: any type will do */
    bool dropped;    /* an item whose `when` doesn't hold here: checked like the others, then left out */
} Cfg;

enum { CFG_BYTES_MAX = 1024 * 1024, CFG_DEPTH_MAX = 64, CFG_EVENTS_MAX = 100000, CFG_SCALAR_MAX = 64 * 1024 };

/* One document of at most CFG_BYTES_MAX bytes; duplicate keys, keys that are not scalars, several documents, undefined
 * or endless aliases and anything beyond the limits are errors with a place. An alias is expanded to a copy and counts.
 * The tree, the texts and the file's name live in the arena. NULL on an error. */
Cfg *cfg_parse_file(Arena *arena, const char *path, Err *err);
/* name stands for the file in places. */
Cfg *cfg_parse_text(Arena *arena, const char *name, const char *text, Err *err);

Cfg *cfg_get(const Cfg *map, const char *key); /* NULL: none, or not a map */
/* The text of a scalar under key; NULL: there is none. */
const char *cfg_text(const Cfg *map, const char *key);
Cfg *cfg_copy(Arena *arena, const Cfg *node);
/* Puts value (not copied) under key in a map, in place of an earlier one. */
void cfg_put(Arena *arena, Cfg *map, const char *key, Loc key_loc, Cfg *value);

/* Where a null took the key out of a map; NULL: nowhere. */
const Loc *cfg_gone(const Cfg *map, const char *key);

/* Takes the value of a key out of a map; NULL: none. */
Cfg *cfg_take(Cfg *map, const char *key);

/* `over` laid over `base`, as extends does: maps merge key by key; lists and scalars replace; a null takes the base's
 * key out (`optimizer: {adam: ~, sgd: {lr: 0.1}}`). A new tree, in which merged maps keep the base's place and order.
 */
Cfg *cfg_merge(Arena *arena, const Cfg *base, const Cfg *over);

/* -o KEY=VALUE: a dotted path (numbers index lists) and a YAML value. Missing maps on the way are made; walking through
 * a scalar, or an index out of range, is an error whose file is the option itself. As in a file that extends another,
 * null takes a key out. */
bool cfg_override(Arena *arena, Cfg *root, const char *assignment, Err *err);

/* "a map", "a list", "a number", "text" for messages. */
const char *cfg_kind_text(const Cfg *node);

/* "text" in quotes for a message: at most 60 bytes of it, control characters as '?'. */
const char *cfg_quote(Arena *arena, const char *text);

/* What a plain scalar means, by YAML 1.2's core schema: `no` is text, quoted numbers are text. SCALAR_ODD: 0x10, 08,
 * 1_000 and the like, which readers of YAML disagree on. */
typedef enum ScalarKind { SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_REAL, SCALAR_ODD, SCALAR_TEXT } ScalarKind;
ScalarKind cfg_scalar_kind(const Cfg *node);
bool cfg_bool(const Cfg *node, bool *value);
bool cfg_int(const Cfg *node, int64_t *value); /* false: not a whole number, or beyond 64 bits */
bool cfg_real(const Cfg *node, double *value); /* ints too; .inf and .nan are read as such */

#endif
