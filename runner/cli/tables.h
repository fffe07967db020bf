/* Every table that a user can look up, in one list: `describe`, the schema and their tests read it. */
#ifndef RUNNER_CLI_TABLES_H
#define RUNNER_CLI_TABLES_H

#include "nn/base/alloc.h"
#include "nn/base/table.h"

/* How a file uses the rows of a table. */
typedef enum TopicUse {
    USE_KEY,   /* keys at the top of the file */
    USE_ITEM,  /* items of a list: `- relu`, with `when` among or beside their options */
    USE_TERM,  /* terms of the objective: `name: {ROW: {...}, weight: 1}` */
    USE_VALUE, /* the value of a key: `optimizer: {adam: {...}}` */
    USE_NAME,  /* a name and nothing more */
    USE_NONE,  /* not at all: a part of the program, which a bare name finds last */
} TopicUse;

/* A table with what its rows themselves don't say. Ops, back ends and the keys of an experiment's file are no tables of
 * their own; they get rows of the same kind here. */
typedef struct Topic {
    Table table;
    TopicUse use;
    const char *doc;    /* what its rows are */
    const char *before; /* what stands before an example of a row, up to where the row begins */
} Topic;

/* All of them, in the order in which `describe` lists them; rows made here live in the arena. */
const Topic *topics_list(Arena *arena, size_t *n);

/* What a field holds, in words: "whole number", "list of layers". */
const char *field_type_text(Arena *arena, const Field *field);

/* Whether a row can stand without options, as a bare name. */
bool row_is_bare(const Row *row);

/* The names in "none|static|dynamic", one each call: the next one's start and length; NULL: no more. */
const char *choice_next(const char **rest, size_t *length);

#endif
