#include <math.h>
#include <string.h>

#include "runner/cli/schema.h"
#include "runner/config/cfg.h"

json_t *schema_ref(const Schema *schema, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s%s", schema->partial ? "partial." : "", name));
}

/* Definitions that both kinds share. */
static json_t *ref_shared(const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/$defs/%s", name));
}

json_t *schema_or_expression(const Schema *schema, json_t *value)
{
    json_t *any = json_pack("[o,o]", value, ref_shared("expression"));
    if (schema->partial) json_array_append_new(any, json_pack("{s:s}", "type", "null"));
    return json_pack("{s:o}", "anyOf", any);
}

json_t *schema_map(const Schema *schema, json_t *properties, json_t *required)
{
    json_t *map = json_pack("{s:s,s:o,s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
    if (!schema->partial && json_array_size(required)) json_object_set(map, "required", required);
    json_decref(required);
    return map;
}

json_t *schema_list(const char *table)
{
    return json_pack("{s:s,s:o}", "type", "array", "items", ref_shared(table));
}

json_t *schema_when(void)
{
    json_t *scalar = json_pack("{s:[s,s,s]}", "type", "number", "string", "boolean");
    json_t *list = json_pack("{s:s,s:O}", "type", "array", "items", scalar);
    return json_pack("{s:s,s:s,s:{s:[o,o]}}", "description", "Ties the item to values of the matrix.", "type", "object",
                     "additionalProperties", "anyOf", scalar, list);
}

/* ---- values ---- */

/* Whole numbers without a fraction in the text of the schema. */
static json_t *number(double value)
{
    return value == floor(value) && fabs(value) < 1e15 ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *bounded(const char *type, const Field *field)
{
    double bound;
    json_t *value = json_pack("{s:s}", "type", type);
    if (field_lower(field, &bound))
        json_object_set_new(value, field->above_min ? "exclusiveMinimum" : "minimum", number(bound));
    if (field_upper(field, &bound)) json_object_set_new(value, "maximum", number(bound));
    return value;
}

static json_t *integers(const Field *field, int least, int most)
{
    json_t *item = json_pack("{s:[o,o]}", "anyOf", bounded("integer", field), ref_shared("expression"));
    return json_pack("{s:s,s:o,s:i,s:i}", "type", "array", "items", item, "minItems", least, "maxItems", most);
}

static json_t *choices(const char *rest)
{
    json_t *list = json_array();
    size_t length;
    for (const char *name; (name = choice_next(&rest, &length));)
        json_array_append_new(list, json_stringn(name, length));
    return json_pack("{s:o}", "enum", list);
}

/* One number or a list of them. */
static json_t *one_or_list(const Field *field, int most)
{
    return json_pack("{s:[o,o]}", "anyOf", bounded("integer", field), integers(field, 1, most));
}

static json_t *padding(const Field *field)
{
    return json_pack("{s:[o,o,o,o]}", "anyOf", choices("same|valid"), bounded("integer", field), integers(field, 2, 2),
                     integers(field, 4, 4));
}

static json_t *value_of(const Schema *schema, const Field *field)
{
    enum { INTS_MAX = 64 };
    switch (field->kind) {
    case FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_INT:
        return bounded("integer", field);
    case FIELD_REAL:
        return bounded("number", field);
    case FIELD_TEXT:
    case FIELD_REF:
    case FIELD_RUN:
        return json_pack("{s:s}", "type", "string");
    case FIELD_CHOICE:
        return choices(field->choices);
    case FIELD_INTS:
        return one_or_list(field, INTS_MAX);
    case FIELD_PAIR:
        return one_or_list(field, 2);
    case FIELD_PADDING:
        return padding(field);
    case FIELD_SPEC:
        return schema_ref(schema, field->table->name);
    case FIELD_SPECS:
        return schema_list(field->table->name);
    }
    return NULL;
}

/* The recursion is as deep as a row's default. */
static json_t *json_of(const Cfg *node)
{
    bool truth;
    int64_t whole;
    double real;
    if (node->kind != CFG_SCALAR) {
        json_t *all = node->kind == CFG_LIST ? json_array() : json_object();
        for (size_t i = 0; i < node->n; i++) {
            if (node->kind == CFG_LIST)
                json_array_append_new(all, json_of(node->items[i]));
            else
                json_object_set_new(all, node->items[i]->key, json_of(node->items[i]));
        }
        return all;
    }
    if (cfg_bool(node, &truth)) return json_boolean(truth);
    if (cfg_int(node, &whole)) return json_integer(whole);
    if (cfg_real(node, &real)) return json_real(real);
    return node->null ? json_null() : json_string(node->text);
}

static json_t *fallback(const Schema *schema, const Field *field)
{
    Err err = {0};
    const Cfg *node = cfg_parse_text(schema->arena, "default", field->fallback, &err);
    if (!node) BUG("the default of %s, %s: %s", field->key, field->fallback, err.text);
    return json_of(node);
}

json_t *schema_properties(const Schema *schema, const Field *fields, json_t *required)
{
    json_t *properties = json_object();
    for (const Field *field = fields; field && field->key; field++) {
        json_t *value = schema_or_expression(schema, value_of(schema, field));
        const char *help = field->help ? field->help : "", *unit = field->unit;
        json_object_set_new(value, "description", json_sprintf(unit ? "%s (%s)" : "%s", help, unit));
        if (field->fallback && *field->fallback) json_object_set_new(value, "default", fallback(schema, field));
        json_object_set_new(properties, field->key, value);
        if (!field->fallback) json_array_append_new(required, json_string(field->key));
    }
    return properties;
}

/* ---- rows ---- */

/* What stands behind a row's name: a map of its options, what the shorthand takes, or nothing. */
static json_t *options_of(const Schema *schema, const Topic *topic, const Row *row)
{
    json_t *required = json_array(), *properties = schema_properties(schema, row->fields, required);
    if (topic->table.named)
        json_object_set_new(properties, "name",
                            json_pack("{s:s,s:s,s:s}", "type", "string", "pattern", "^[A-Za-z0-9_-]+$", "description",
                                      "a name of its own"));
    if (topic->use == USE_ITEM) json_object_set_new(properties, "when", schema_when());
    json_t *any = json_pack("[o]", schema_map(schema, properties, required));
    for (const Field *field = row->fields; row->shorthand && field && field->key; field++)
        if (strcmp(field->key, row->shorthand) == 0)
            json_array_append_new(any, schema_or_expression(schema, value_of(schema, field)));
    if (row_is_bare(row) || schema->partial) json_array_append_new(any, json_pack("{s:s}", "type", "null"));
    return json_pack("{s:s,s:o}", "description", row->doc, "anyOf", any);
}

static const char *row_name(const Schema *schema, const Topic *topic, const Row *row)
{
    return arena_printf(schema->arena, "%s.%s", topic->table.name, row->name);
}

/* Keys beside the row's: `when` in lists, the weight of a loss term. */
static void add_beside(const Schema *schema, const Topic *topic, json_t *properties)
{
    if (topic->use == USE_ITEM) json_object_set_new(properties, "when", schema_when());
    if (topic->use == USE_TERM) json_object_set_new(properties, "weight", schema_ref(schema, "schedules"));
}

/* A map over one that may name another row: that one is taken out with a null. */
static json_t *partial_use(const Schema *schema, const Topic *topic)
{
    json_t *properties = json_object();
    for (size_t i = 0; i < topic->table.n; i++) {
        const Row *row = topic->table.rows[i];
        json_object_set_new(properties, row->name, schema_ref(schema, row_name(schema, topic, row)));
    }
    add_beside(schema, topic, properties);
    return schema_map(schema, properties, json_array());
}

static json_t *use(const Schema *schema, const Topic *topic, const Row *row)
{
    json_t *properties = json_pack("{s:o}", row->name, schema_ref(schema, row_name(schema, topic, row)));
    add_beside(schema, topic, properties);
    return schema_map(schema, properties, json_pack("[s]", row->name));
}

/* The bare number that stands for the first row's shorthand. */
static json_t *bare_number(const Row *row)
{
    for (const Field *field = row->fields; row->shorthand && field && field->key; field++)
        if (strcmp(field->key, row->shorthand) == 0 && (field->kind == FIELD_REAL || field->kind == FIELD_INT))
            return bounded(field->kind == FIELD_REAL ? "number" : "integer", field);
    return NULL;
}

void schema_add_topic(const Schema *schema, const Topic *topic, json_t *defs)
{
    const char *prefix = schema->partial ? "partial." : "";
    json_t *forms = json_array(), *bare = topic->table.n ? bare_number(topic->table.rows[0]) : NULL;
    for (size_t i = 0; i < topic->table.n; i++) {
        const Row *row = topic->table.rows[i];
        json_object_set_new(defs, arena_printf(schema->arena, "%s%s", prefix, row_name(schema, topic, row)),
                            options_of(schema, topic, row));
        if (row_is_bare(row))
            json_array_append_new(forms, json_pack("{s:s,s:s}", "const", row->name, "description", row->doc));
        if (!schema->partial) json_array_append_new(forms, use(schema, topic, row));
    }
    if (schema->partial) json_array_append_new(forms, partial_use(schema, topic));
    if (bare) json_array_append_new(forms, bare);
    if (topic->use != USE_TERM) json_array_append_new(forms, ref_shared("expression"));
    json_object_set_new(defs, arena_printf(schema->arena, "%s%s", prefix, topic->table.name),
                        json_pack("{s:s,s:o}", "description", topic->doc, "oneOf", forms));
}
