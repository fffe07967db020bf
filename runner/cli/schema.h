/* The JSON Schema (draft 2020-12) of an experiment's file, made from the Field rows that bind it. */
#ifndef RUNNER_CLI_SCHEMA_H
#define RUNNER_CLI_SCHEMA_H

#include <jansson.h>

#include "runner/cli/tables.h"

/* What the parts are made with. partial: of a file that is laid over another (extends, a profile), in which nothing is
 * required and a null takes a key out; its definitions are named "partial.NAME". Items of lists are whole in both. */
typedef struct Schema {
    Arena *arena;
    bool partial;
} Schema;

/* The whole schema; json_decref it. Its $defs hold "TABLE" and "TABLE.ROW" for each table that files name, and
 * "profile" for the files in experiments/profiles. */
json_t *schema_make(void);

/* {"$ref": "#/$defs/NAME"}, of the partial definitions where schema is. */
json_t *schema_ref(const Schema *schema, const char *name);

/* value, or text with a ${} in it (in a partial schema: or null). Takes over value. */
json_t *schema_or_expression(const Schema *schema, json_t *value);

/* A map with these keys and no others. Takes over properties and required; neither may be NULL. */
json_t *schema_map(const Schema *schema, json_t *properties, json_t *required);

/* The keys of fields with their types, bounds, defaults and help; what is required is added to required. */
json_t *schema_properties(const Schema *schema, const Field *fields, json_t *required);

/* A list of the items of a table. */
json_t *schema_list(const char *table);

/* Conditions on the values of the matrix: {dim: 2} or {dim: [2, 8]}. */
json_t *schema_when(void);

/* Adds "TABLE" and "TABLE.ROW" for every row to defs. */
void schema_add_topic(const Schema *schema, const Topic *topic, json_t *defs);

#endif
