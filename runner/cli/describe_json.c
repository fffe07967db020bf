#include "runner/cli/describe_json.h"

#include <jansson.h>

/* Numbers that a field may have, whole ones without a fraction. */
static json_t *number(double value)
{
    return value > -1e15 && value < 1e15 && value == (double)(json_int_t)value ? json_integer((json_int_t)value)
                                                                               : json_real(value);
}

static json_t *option(Arena *arena, const Field *field)
{
    double bound;
    json_t *out = json_pack("{s:s,s:s,s:b}", "option", field->key, "type", field_type_text(arena, field), "required",
                            field->fallback == NULL);
    if (field->fallback && *field->fallback) json_object_set_new(out, "default", json_string(field->fallback));
    if (field_lower(field, &bound)) json_object_set_new(out, field->above_min ? "above" : "least", number(bound));
    if (field_upper(field, &bound)) json_object_set_new(out, "most", number(bound));
    if (field->kind == FIELD_CHOICE) {
        json_t *names = json_array();
        const char *rest = field->choices;
        size_t length;
        for (const char *name; (name = choice_next(&rest, &length));)
            json_array_append_new(names, json_stringn(name, length));
        json_object_set_new(out, "choices", names);
    }
    if (field->table) json_object_set_new(out, "table", json_string(field->table->name));
    if (field->unit) json_object_set_new(out, "unit", json_string(field->unit));
    json_object_set_new(out, "help", json_string(field->help ? field->help : ""));
    return out;
}

void describe_json(Arena *arena, const Topic *topic, const Row *row)
{
    json_t *options = json_array();
    for (const Field *field = row->fields; field && field->key; field++)
        json_array_append_new(options, option(arena, field));
    json_t *out = json_pack("{s:s,s:s,s:s,s:o}", "table", topic->table.name, "row", row->name, "doc", row->doc,
                            "options", options);
    if (row->shorthand) json_object_set_new(out, "shorthand", json_string(row->shorthand));
    if (row->example) json_object_set_new(out, "example", json_string(row->example));
    json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(out);
    putchar('\n');
}
