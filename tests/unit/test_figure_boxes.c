/* Which layer takes what, and the boxes, arrows and lanes of a drawing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "runner/figure/boxes.h"
#include "tests/support/tiny.h"

static Tiny tiny;
static LayerList list;
static Boxes boxes;

static void begin(const char *layers)
{
    char section[1024];
    snprintf(section, sizeof section, "network.classifier={input: image, layers: [%s, flatten, dense: {units: 3}]}",
             layers);
    tiny_make(&tiny, TINY_WITH(section, "loss.class={cross_entropy: {logits: classifier, target: label}, weight: 1}"));
    list = model_layers(&tiny.model, &tiny.arena);
    boxes = boxes_of(&list, &tiny.arena);
}

static void end(void)
{
    tiny_release(&tiny);
}

static size_t line_of(const char *name)
{
    for (size_t i = 0; i < list.n; i++)
        if (strcmp(list.items[i].section, "classifier") == 0 && strcmp(list.items[i].name, name) == 0) return i;
    fail_msg("no layer %s", name);
    return 0;
}

static void expect_from(const char *name, const char *first, const char *second)
{
    const LayerLine *line = &list.items[line_of(name)];
    assert_int_equal(line->from_count, second ? 2 : 1);
    assert_int_equal(line->from[0], line_of(first));
    if (second) assert_int_equal(line->from[1], line_of(second));
}

static size_t box_of(const char *kinds, size_t nth)
{
    for (size_t i = 0; i < boxes.n; i++)
        if (strcmp(boxes.items[i].section, "classifier") == 0 && strcmp(boxes.items[i].kinds, kinds) == 0 && nth-- == 0)
            return i;
    fail_msg("no box \"%s\"", kinds);
    return 0;
}

static void expect_side(size_t from, size_t to, bool from_input, size_t lane)
{
    for (size_t i = 0; i < boxes.side_count; i++) {
        const Side *side = &boxes.sides[i];
        if (side->from == from && side->to == to && side->from_input == from_input) {
            assert_int_equal(side->lane, lane);
            return;
        }
    }
    fail_msg("no arrow from box %zu to %zu", from, to);
}

static void a_residual_takes_its_body_and_its_input(void **state)
{
    (void)state;
    begin("conv2d: {filters: 2, kernel: 1}, residual: {body: [relu, conv2d: {filters: 2, kernel: 1}]}, relu");
    assert_string_equal(list.items[line_of("conv2d")].input, "image");
    expect_from("residual.body.relu", "conv2d", NULL);
    expect_from("residual.body.conv2d", "residual.body.relu", NULL);
    expect_from("residual", "residual.body.conv2d", "conv2d");
    expect_from("relu", "residual", NULL);
    const size_t first = box_of("conv2d, relu", 0), sum = box_of("residual, relu", 0);
    assert_int_equal(sum, first + 2);
    expect_side(first, sum, false, 0);
    assert_int_equal(boxes.side_count, 1);
    assert_int_equal(boxes.lanes, 1);
    for (size_t i = 0; i < boxes.n; i++) assert_true(boxes.items[i].straight);
    end();
}

static void a_shortcut_takes_what_the_body_takes(void **state)
{
    (void)state;
    begin("conv2d: {filters: 2, kernel: 1}, residual: {body: [conv2d: {filters: 4, kernel: 1}], "
          "shortcut: [conv2d: {filters: 4, kernel: 1}]}");
    expect_from("residual.shortcut.conv2d", "conv2d", NULL);
    expect_from("residual", "residual.body.conv2d", "residual.shortcut.conv2d");
    const size_t first = box_of("conv2d", 0), body = box_of("conv2d", 1), shortcut = box_of("conv2d", 2);
    assert_false(boxes.items[shortcut].straight);
    expect_side(first, shortcut, false, 0);
    expect_side(body, box_of("residual", 0), false, 1);
    assert_int_equal(boxes.lanes, 2);
    end();
}

/* Repetitions are there one by one; what holds them is none. A sum whose input is the section's has an arrow from above
 * its column. */
static void a_repeat_is_its_repetitions(void **state)
{
    (void)state;
    begin("repeat: {times: 2, body: [residual: {body: [conv2d: {filters: 1, kernel: 1}]}]}");
    assert_false(list.items[line_of("repeat")].computes);
    expect_from("repeat.2.residual.body.conv2d", "repeat.1.residual", NULL);
    expect_from("flatten", "repeat.2.residual", NULL);
    const size_t sum = box_of("residual", 0);
    expect_side(sum - 1, sum, true, 0);
    expect_side(sum, box_of("residual", 1), false, 0);
    assert_int_equal(boxes.side_count, 2);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_residual_takes_its_body_and_its_input),
        cmocka_unit_test(a_shortcut_takes_what_the_body_takes),
        cmocka_unit_test(a_repeat_is_its_repetitions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
