#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "nn/base/table.h"

static const Row dense = {.name = "dense"}, conv2d = {.name = "conv2d"}, relu = {.name = "relu"};
static const Row *const rows[] = {&dense, &conv2d, &relu};
static const Table table = {.name = "layers", .noun = "layer", .rows = rows, .n = 3};

static void find_by_exact_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < table.n; i++) assert_ptr_equal(table_find(&table, rows[i]->name), rows[i]);
    assert_null(table_find(&table, "conv"));
    assert_null(table_find(&table, "Dense"));
    assert_null(table_find(&table, ""));
    Table empty = {0};
    assert_null(table_find(&empty, "dense"));
}

static void nearest_of_a_table(void **state)
{
    (void)state;
    assert_string_equal(table_nearest(&table, "dnese"), "dense");
    assert_string_equal(table_nearest(&table, "conv2"), "conv2d");
    assert_string_equal(table_nearest(&table, "rleu"), "relu");
    assert_null(table_nearest(&table, "softmax"));
    Table empty = {0};
    assert_null(table_nearest(&empty, "dense"));
}

static void nearest_by_edit_distance(void **state)
{
    (void)state;
    static const struct {
        const char *name, *candidate;
        bool near;
    } cases[] = {
        {"filters", "filters", true},
        {"fitlers", "filters", true},            /* a swap */
        {"filter", "filters", true},             /* an insertion */
        {"ffilters", "filters", true},           /* a deletion */
        {"fixters", "filters", true},            /* a substitution */
        {"uv", "vu", true},                      /* a swap counts one, and one is always allowed */
        {"ab", "bcd", false},                    /* three of three */
        {"abcdef", "badcef", true},              /* two of six */
        {"abcdef", "badcfe", false},             /* three of six */
        {"a", "b", false},                       /* nothing in common */
        {"", "x", false},                        /* nothing in common */
        {"reconstruct", "reconstruction", true}, /* three of fourteen */
        {"kl", "kl_divergence", false},          /* eleven of thirteen */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = nearest_name(cases[i].name, &cases[i].candidate, 1);
        if ((found != NULL) != cases[i].near) fail_msg("%s against %s", cases[i].name, cases[i].candidate);
        if (found) assert_ptr_equal(found, cases[i].candidate);
    }
}

static void the_nearest_and_the_first_of_equals(void **state)
{
    (void)state;
    const char *names[] = {"batches", "batch", "match"};
    assert_string_equal(nearest_name("btach", names, 3), "batch");
    assert_string_equal(nearest_name("xatch", names, 3), "batch");
    assert_null(nearest_name("epochs", names, 3));
    assert_null(nearest_name("batch", names, 0));
}

static void very_long_names_are_no_misspellings(void **state)
{
    (void)state;
    static char name[70000];
    memset(name, 'x', sizeof name - 1);
    const char *candidates[] = {name, "dense"};
    assert_null(nearest_name(name, candidates, 2));
    assert_string_equal(nearest_name("densa", candidates, 2), "dense");
    name[128] = '\0';
    assert_ptr_equal(nearest_name(name, candidates, 2), name);
}

static void bounds_are_one_sided_or_none(void **state)
{
    (void)state;
    static const struct {
        Field field;
        bool low, high;
    } cases[] = {
        {{.min = 0, .max = 0}, false, false},         {{.min = 1, .max = 8}, true, true},
        {{.min = 0, .above_min = true}, true, false}, {{.min = 0, .max = 1e300}, true, false},
        {{.min = -1e300, .max = 3}, false, true},     {{.min = -2, .max = 0}, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double low = 0, high = 0;
        assert_int_equal(field_lower(&cases[i].field, &low), cases[i].low);
        assert_int_equal(field_upper(&cases[i].field, &high), cases[i].high);
        if (cases[i].low) assert_true(low == cases[i].field.min);
        if (cases[i].high) assert_true(high == cases[i].field.max);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find_by_exact_name),
        cmocka_unit_test(nearest_of_a_table),
        cmocka_unit_test(nearest_by_edit_distance),
        cmocka_unit_test(the_nearest_and_the_first_of_equals),
        cmocka_unit_test(very_long_names_are_no_misspellings),
        cmocka_unit_test(bounds_are_one_sided_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
