#include "runner/cli/schema.h"

#include <string.h>

#include "nn/kernel/numerics.h"
#include "runner/cli/cli.h"

/* Names that a user gives: of sections, loss terms and keys of the matrix. */
static json_t *named_map(json_t *value, int least)
{
    return json_pack("{s:s,s:{s:s},s:i,s:o}", "type", "object", "propertyNames", "pattern", "^[A-Za-z0-9_-]{1,100}$",
                     "minProperties", least, "additionalProperties", value);
}

static json_t *matrix(void)
{
    json_t *list = json_pack("{s:s,s:i,s:{s:[s,s,s]}}", "type", "array", "minItems", 1, "items", "type", "number",
                             "string", "boolean");
    return named_map(list, 0);
}

static json_t *seeds(void)
{
    json_t *seed = json_pack("{s:s,s:i}", "type", "integer", "minimum", 0);
    return json_pack("{s:s,s:o,s:i,s:b,s:[i]}", "type", "array", "items", seed, "minItems", 1, "uniqueItems", 1,
                     "default", 1);
}

static json_t *numerics(const Schema *schema, const Table *table)
{
    json_t *names = json_array();
    for (size_t i = 0; i < table->n; i++) json_array_append_new(names, json_string(table->rows[i]->name));
    json_t *value = schema_or_expression(schema, json_pack("{s:o}", "enum", names));
    json_object_set_new(value, "default", json_string(NUMERICS_DEFAULT));
    return value;
}

static json_t *fields_map(const Schema *schema, const Field *fields)
{
    json_t *required = json_array(), *properties = schema_properties(schema, fields, required);
    return schema_map(schema, properties, required);
}

static json_t *data(const Schema *schema)
{
    json_t *map = fields_map(schema, experiment_data_fields);
    json_object_set_new(json_object_get(map, "properties"), "split", fields_map(schema, experiment_split_fields));
    return map;
}

static const Topic *find(const Topic *topics, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(topics[i].table.name, name) == 0) return &topics[i];
    BUG("no table is named %s", name);
}

/* A null over what `extends` brings takes it out. */
static json_t *or_null(const Schema *schema, json_t *value)
{
    return schema->partial ? json_pack("{s:[o,{s:s}]}", "anyOf", value, "type", "null") : value;
}

/* What may stand at the top of an experiment and of a profile. */
static json_t *top(const Schema *schema, const Topic *topics, size_t n)
{
    json_t *sections = or_null(schema, fields_map(schema, experiment_section_fields));
    json_t *terms = or_null(schema, schema_ref(schema, "losses"));
    int least = schema->partial ? 0 : 1;
    json_t *keys = json_object();
    json_object_set_new(keys, "title", json_pack("{s:s}", "type", "string"));
    json_object_set_new(keys, "matrix", or_null(schema, matrix()));
    json_object_set_new(keys, "seeds", or_null(schema, seeds()));
    json_object_set_new(keys, "numerics", numerics(schema, &find(topics, n, "numerics")->table));
    json_object_set_new(keys, "data", data(schema));
    json_object_set_new(keys, "network", named_map(sections, least));
    json_object_set_new(keys, "loss", named_map(terms, least));
    json_object_set_new(keys, "train", fields_map(schema, experiment_train_fields));
    json_object_set_new(keys, "evaluate", or_null(schema, schema_list("metrics")));
    json_object_set_new(keys, "figures", or_null(schema, schema_list("figures")));
    return keys;
}

static json_t *experiment(const Schema *schema, const Topic *topics, size_t n)
{
    json_t *keys = top(schema, topics, n);
    json_object_set_new(keys, "experiment", json_pack("{s:s,s:s}", "type", "string", "pattern", "^[a-z0-9_]+$"));
    if (schema->partial) json_object_set_new(keys, "extends", json_pack("{s:s,s:i}", "type", "string", "minLength", 1));
    const Table *documents = &find(topics, n, "experiment")->table;
    for (size_t i = 0; i < documents->n; i++) {
        json_t *key = json_object_get(keys, documents->rows[i]->name);
        if (key) json_object_set_new(key, "description", json_string(documents->rows[i]->doc));
    }
    json_t *map = schema_map(schema, keys, json_pack("[s,s,s,s,s]", "experiment", "data", "network", "loss", "train"));
    if (schema->partial) json_object_set_new(map, "required", json_pack("[s]", "experiment"));
    return map;
}

/* A profile is laid over each experiment; `experiments` holds what is for single ones. */
static json_t *profile(const Schema *schema, const Topic *topics, size_t n)
{
    json_t *keys = top(schema, topics, n);
    json_t *single = schema_map(schema, top(schema, topics, n), json_array());
    json_object_set_new(keys, "experiments", json_pack("{s:s,s:o}", "type", "object", "additionalProperties", single));
    return schema_map(schema, keys, json_array());
}

/* Items of lists are whole in partial files too. */
static bool is_spec(const Topic *topic, bool partial)
{
    return topic->use == USE_TERM || topic->use == USE_VALUE || (topic->use == USE_ITEM && !partial);
}

json_t *schema_make(void)
{
    Arena arena = {0};
    size_t n;
    const Topic *topics = topics_list(&arena, &n);
    json_t *defs = json_object();
    json_object_set_new(defs, "expression",
                        json_pack("{s:s,s:s,s:s}", "type", "string", "pattern", "\\$\\{[^}]*\\}", "description",
                                  "\"${KEY}\" stands for a value of the matrix."));
    for (int partial = 0; partial < 2; partial++) {
        const Schema schema = {&arena, partial};
        for (size_t i = 0; i < n; i++)
            if (is_spec(&topics[i], partial)) schema_add_topic(&schema, &topics[i], defs);
        json_object_set_new(defs, partial ? "partial.experiment" : "experiment", experiment(&schema, topics, n));
        if (partial) json_object_set_new(defs, "profile", profile(&schema, topics, n));
    }
    arena_release(&arena);
    return json_pack("{s:s,s:s,s:s,s:{s:[s]},s:{s:s},s:{s:s},s:o}", "$schema",
                     "https://json-schema.org/draft/2020-12/schema", "title", "An experiment of mayvae", "type",
                     "object", "if", "required", "extends", "then", "$ref", "#/$defs/partial.experiment", "else",
                     "$ref", "#/$defs/experiment", "$defs", defs);
}

static int run(Cli *cli, Err *err)
{
    if (cli->target_count)
        return err_config(err, (Loc){0}, "schema: takes no target, got \"%.100s\"", cli->targets[0]), cli_fail(err);
    json_t *schema = schema_make();
    int failed = json_dumpf(schema, stdout, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    json_decref(schema);
    printf("\n");
    return failed ? ERR_FAILED : 0;
}

const Command command_schema = {
    .name = "schema",
    .arguments = "",
    .summary = "the JSON Schema of an experiment's file",
    .help = "Draft 2020-12, for editors that complete and check YAML. \"#/$defs/profile\" is\n"
            "the schema of a profile.",
    .run = run,
};
