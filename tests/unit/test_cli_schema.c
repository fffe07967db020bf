/* The schema and the list of tables that it is made from: every row and field of every table occurs, with the bounds
 * that the binder holds values against. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runner/cli/schema.h"
#include "runner/config/bind.h"
#include "runner/config/experiment.h"

typedef struct Fixture {
    Arena arena;
    const Topic *topics;
    size_t n;
    json_t *schema, *defs;
} Fixture;

static int set_up(void **state)
{
    static Fixture fixture;
    fixture = (Fixture){.schema = schema_make()};
    fixture.topics = topics_list(&fixture.arena, &fixture.n);
    fixture.defs = json_object_get(fixture.schema, "$defs");
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    Fixture *fixture = *state;
    json_decref(fixture->schema);
    arena_release(&fixture->arena);
    return 0;
}

static bool is_spec(const Topic *topic)
{
    return topic->use == USE_ITEM || topic->use == USE_TERM || topic->use == USE_VALUE;
}

/* The first map of options in a definition's alternatives. */
static const json_t *map_of(const json_t *definition)
{
    return json_array_get(json_object_get(definition, "anyOf"), 0);
}

static void check_fields(const json_t *map, const char *what, const Field *fields)
{
    const json_t *properties = json_object_get(map, "properties");
    assert_true(json_is_false(json_object_get(map, "additionalProperties")));
    for (const Field *field = fields; field && field->key; field++) {
        const json_t *value = json_object_get(properties, field->key), *name;
        if (!value) fail_msg("%s: %s is not in the schema", what, field->key);
        if (!strstr(json_string_value(json_object_get(value, "description")), field->help))
            fail_msg("%s: %s has another description", what, field->key);
        bool fallback = field->fallback && *field->fallback;
        if (fallback != (json_object_get(value, "default") != NULL)) fail_msg("%s: %s: default", what, field->key);
        bool required = false;
        size_t i;
        json_array_foreach(json_object_get(map, "required"), i, name)
        {
            required = required || strcmp(json_string_value(name), field->key) == 0;
        }
        if (required != !field->fallback) fail_msg("%s: %s: required", what, field->key);
    }
}

static void test_every_row_and_field_occurs(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < fixture->n; i++) {
        const Topic *topic = &fixture->topics[i];
        if (!is_spec(topic)) continue;
        char *uses = json_dumps(json_object_get(fixture->defs, topic->table.name), JSON_COMPACT);
        assert_non_null(uses);
        for (size_t k = 0; k < topic->table.n; k++) {
            const Row *row = topic->table.rows[k];
            char *name = arena_printf(&fixture->arena, "%s.%s", topic->table.name, row->name);
            const json_t *definition = json_object_get(fixture->defs, name);
            if (!definition) fail_msg("%s is not in the schema", name);
            assert_string_equal(json_string_value(json_object_get(definition, "description")), row->doc);
            check_fields(map_of(definition), name, row->fields);
            if (!strstr(uses, arena_printf(&fixture->arena, "\"#/$defs/%s\"", name)))
                fail_msg("%s can't be used", name);
            bool bare = strstr(uses, arena_printf(&fixture->arena, "\"const\":\"%s\"", row->name)) != NULL;
            if (bare != row_is_bare(row)) fail_msg("%s as a bare name", name);
        }
        free(uses);
    }
}

static void test_the_maps_of_an_experiment_have_their_fields(void **state)
{
    Fixture *fixture = *state;
    const json_t *keys = json_object_get(json_object_get(fixture->defs, "experiment"), "properties");
    const json_t *data = json_object_get(keys, "data");
    check_fields(data, "data", experiment_data_fields);
    check_fields(json_object_get(json_object_get(data, "properties"), "split"), "split", experiment_split_fields);
    check_fields(json_object_get(keys, "train"), "train", experiment_train_fields);
    check_fields(json_object_get(json_object_get(keys, "network"), "additionalProperties"), "section",
                 experiment_section_fields);
    static const char *const others[] = {"experiment", "title",    "matrix",  "seeds",
                                         "numerics",   "evaluate", "figures", "loss"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_non_null(json_object_get(keys, others[i]));
    assert_non_null(json_object_get(json_object_get(json_object_get(fixture->defs, "partial.experiment"), "properties"),
                                    "extends"));
}

/* How often `"key":` stands in the definition of a table's uses. */
static size_t count_key(const Fixture *fixture, const char *table, const char *key)
{
    char *text = json_dumps(json_object_get(fixture->defs, table), JSON_COMPACT), quoted[64];
    size_t n = 0;
    assert_non_null(text);
    snprintf(quoted, sizeof quoted, "\"%s\":{", key);
    for (const char *at = text; (at = strstr(at, quoted)); at++) n++;
    free(text);
    return n;
}

static void test_what_stands_beside_a_row(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < fixture->n; i++) {
        const Topic *topic = &fixture->topics[i];
        if (!is_spec(topic)) continue;
        const char *name = topic->table.name;
        bool term = strcmp(name, "losses") == 0;
        bool item = strcmp(name, "layers") == 0 || strcmp(name, "metrics") == 0 || strcmp(name, "figures") == 0;
        assert_int_equal(count_key(fixture, name, "weight"), term ? topic->table.n : 0);
        assert_int_equal(count_key(fixture, name, "when"), item ? topic->table.n : 0);
    }
}

/* Follows each $ref, level by level. */
static void test_every_reference_leads_somewhere(void **state)
{
    Fixture *fixture = *state;
    json_t *queue = json_pack("[O]", fixture->schema);
    size_t references = 0;
    for (size_t at = 0; at < json_array_size(queue); at++) {
        json_t *node = json_array_get(queue, at), *value;
        const char *key;
        size_t i;
        json_array_foreach(node, i, value) json_array_append(queue, value);
        json_object_foreach(node, key, value)
        {
            json_array_append(queue, value);
            if (strcmp(key, "$ref") != 0 || !json_is_string(value)) continue;
            const char *to = json_string_value(value);
            references++;
            assert_memory_equal(to, "#/$defs/", 8);
            if (!json_object_get(fixture->defs, to + 8)) fail_msg("%s leads nowhere", to);
        }
    }
    assert_true(references > 100);
    json_decref(queue);
}

static bool binds(Arena *arena, const Field *field, double value)
{
    Err err = {0};
    const Field fields[] = {*field, {0}};
    void *options = arena_alloc(arena, 1, field->offset + 64);
    const char *text = arena_printf(arena, "{%s: %.17g}", field->key, value);
    Cfg *map = cfg_parse_text(arena, "test", text, &err);
    assert_non_null(map);
    return bind_fields(arena, fields, "test", (Loc){0}, map, options, &err);
}

static void check_bounds(Arena *arena, const char *row, const Field *field)
{
    double low, high, step = field->kind == FIELD_REAL ? 1e-3 : 1;
    if (field_lower(field, &low)) {
        if (binds(arena, field, low) == field->above_min) fail_msg("%s.%s: at %g", row, field->key, low);
        if (binds(arena, field, low - step)) fail_msg("%s.%s: takes %g", row, field->key, low - step);
    } else if (!binds(arena, field, -1e6))
        fail_msg("%s.%s: refuses -1e6", row, field->key);
    if (field_upper(field, &high)) {
        double above = high + (high > 1e6 ? high * 1e-3 : step);
        if (!binds(arena, field, high)) fail_msg("%s.%s: refuses %g", row, field->key, high);
        if (binds(arena, field, field->kind == FIELD_REAL ? above : (double)(int64_t)(above + 0.5)))
            fail_msg("%s.%s: takes %g", row, field->key, above);
    } else if (!binds(arena, field, 1e6))
        fail_msg("%s.%s: refuses 1e6", row, field->key);
}

static void test_bounds_are_those_of_the_binder(void **state)
{
    Fixture *fixture = *state;
    size_t checked = 0;
    for (size_t i = 0; i < fixture->n; i++)
        for (size_t k = 0; k < fixture->topics[i].table.n; k++) {
            const Row *row = fixture->topics[i].table.rows[k];
            for (const Field *field = row->fields; field && field->key; field++) {
                if (field->kind != FIELD_REAL && field->kind != FIELD_INT) continue;
                check_bounds(&fixture->arena, row->name, field);
                checked++;
            }
        }
    assert_true(checked > 20);
}

static void test_choices_come_one_by_one(void **state)
{
    (void)state;
    const char *rest = "none|static|x", *name;
    static const char *const expected[] = {"none", "static", "x"};
    size_t length, n = 0;
    for (; (name = choice_next(&rest, &length)); n++) {
        assert_true(n < 3 && strlen(expected[n]) == length);
        assert_memory_equal(name, expected[n], length);
    }
    assert_int_equal(n, 3);
}

static void test_every_table_is_listed_once(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < fixture->n; i++) {
        const Table *table = &fixture->topics[i].table;
        assert_true(table->n > 0 && table->noun && fixture->topics[i].doc);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(table->name, fixture->topics[k].table.name);
        for (size_t k = 0; k < table->n; k++)
            if (!table->rows[k]->doc || !*table->rows[k]->doc) fail_msg("%s has no document", table->rows[k]->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_row_and_field_occurs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_maps_of_an_experiment_have_their_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_stands_beside_a_row, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_reference_leads_somewhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bounds_are_those_of_the_binder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_table_is_listed_once, set_up, tear_down),
        cmocka_unit_test(test_choices_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
