/* The study's figures, put together from the runs' as report.yaml says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/canvas/canvas.h"
#include "runner/figure/figure.h"
#include "runner/run/study.h"
#include "tests/support/folder.h"

static Arena arena;
static RunPlace place;

static int setup(void **state)
{
    static int number;
    Err err = {0};
    (void)state;
    const char *folder = arena_printf(&arena, "%s/study%d", test_folder(), number++);
    place = (RunPlace){.experiments = folder, .results = arena_printf(&arena, "%s/results", folder)};
    return file_make_folder(place.results, &err) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static void write_report(const char *text)
{
    Err err = {0};
    if (!file_write(arena_printf(&arena, "%s/report.yaml", place.experiments), text, strlen(text), &err))
        fail_msg("%s", err.text);
}

/* A panel of one colour. */
static const char *add_panel(const char *run, const char *figure, size_t width, size_t height, Color color)
{
    Canvas canvas;
    Err err = {0};
    const char *folder = arena_printf(&arena, "%s/%s/figures", place.results, run);
    const char *path = arena_printf(&arena, "%s/%s.png", folder, figure);
    canvas_init(&canvas, width, height);
    canvas_rectangle(&canvas, 0, 0, (double)width, (double)height, color);
    if (!file_make_folder(folder, &err) || !canvas_write(&canvas, path, &err)) fail_msg("%s", err.text);
    canvas_release(&canvas);
    return path;
}

static const RunList no_runs;

static const Color red = {255, 0, 0}, green = {0, 255, 0}, blue = {0, 0, 255};

static bool draw(Err *err)
{
    *err = (Err){0};
    return study_draw(&place, err);
}

static Canvas read_figure(const char *name)
{
    Canvas canvas;
    Err err = {0};
    if (!canvas_read(&canvas, arena_printf(&arena, "%s/figures/%s.png", place.results, name), &err))
        fail_msg("%s", err.text);
    return canvas;
}

static bool is_color(const Canvas *canvas, size_t x, size_t y, Color color)
{
    const uint8_t *at = canvas->rgb + (y * canvas->width + x) * 3;
    return at[0] == color.r && at[1] == color.g && at[2] == color.b;
}

static size_t count(const Canvas *canvas, Color color)
{
    size_t n = 0;
    for (size_t i = 0; i < canvas->width * canvas->height; i++) n += is_color(canvas, i, 0, color);
    return n;
}

#define THREE                                                                                                          \
    "figure1:\n  columns: 2\n  panels:\n"                                                                              \
    "    - {run: a/seed1, figure: samples}\n    - {run: a/seed1, figure: curve}\n    - {run: b/x/seed1, figure: "      \
    "samples}\n"

/* Margins of 12, room of 28 for a title above each panel. */
static void panels_stand_in_rows(void **state)
{
    (void)state;
    Err err;
    write_report(THREE);
    add_panel("a/seed1", "samples", 40, 30, red);
    add_panel("a/seed1", "curve", 60, 35, green);
    add_panel("b/x/seed1", "samples", 20, 50, blue);
    if (!draw(&err)) fail_msg("%s", err.text);
    Canvas out = read_figure("figure1");
    assert_int_equal(out.width, 12 + 40 + 12 + 60 + 12);
    assert_int_equal(out.height, 12 + 28 + 35 + 12 + 28 + 50 + 12);
    assert_int_equal(count(&out, red), 40 * 30);
    assert_int_equal(count(&out, green), 60 * 35);
    assert_int_equal(count(&out, blue), 20 * 50);
    assert_true(is_color(&out, 12, 40, red) && is_color(&out, 51, 69, red));
    assert_true(is_color(&out, 64, 40, green));
    assert_true(is_color(&out, 22, 115, blue) && is_color(&out, 41, 164, blue)); /* in the middle of its column */
    canvas_release(&out);
}

static void a_title_makes_room(void **state)
{
    (void)state;
    Err err;
    add_panel("a/seed1", "samples", 10, 10, red);
    write_report("plain:\n  panels: [{run: a/seed1, figure: samples}]\n"
                 "titled:\n  panels: [{run: a/seed1, figure: samples, title: A long title above it}]\n");
    if (!draw(&err)) fail_msg("%s", err.text);
    Canvas plain = read_figure("plain"), titled = read_figure("titled");
    assert_int_equal(plain.width, 34);
    assert_true(titled.width >= 24 + (size_t)canvas_text_width(16, "A long title above it"));
    assert_int_equal(titled.height, plain.height);
    assert_int_equal(count(&plain, red) + count(&plain, color_paper), plain.width * plain.height);
    assert_true(count(&titled, red) + count(&titled, color_paper) < titled.width * titled.height);
    canvas_release(&plain);
    canvas_release(&titled);
}

static void without_all_panels_a_figure_is_left_as_it_is(void **state)
{
    (void)state;
    Err err;
    const char *out = arena_printf(&arena, "%s/figures/figure1.png", place.results);
    write_report(THREE "other:\n  panels: [{run: a/seed1, figure: curve}]\n");
    add_panel("a/seed1", "samples", 40, 30, red);
    const char *curve = add_panel("a/seed1", "curve", 60, 20, green);
    assert_true(draw(&err));
    assert_false(file_exists(out));
    assert_true(file_exists(arena_printf(&arena, "%s/figures/other.png", place.results)));
    add_panel("b/x/seed1", "samples", 20, 50, blue);
    assert_true(draw(&err));
    assert_true(file_exists(out));
    unlink(curve);
    assert_true(draw(&err));
    assert_true(file_exists(out));
    /* one that is no picture is an error with its name */
    assert_true(file_write(curve, "no picture", 10, &err));
    assert_false(draw(&err));
    assert_string_equal(err.loc.file, curve);
}

static void without_a_report_there_is_nothing_to_do(void **state)
{
    (void)state;
    Err err;
    assert_true(draw(&err));
    assert_true(study_check(place.experiments, &no_runs, &err));
    assert_false(file_exists(arena_printf(&arena, "%s/figures", place.results)));
}

static void refuse(const char *text, int line, const char *message)
{
    Err err;
    write_report(text);
    for (int by_check = 0; by_check < 2; by_check++) {
        err = (Err){0};
        assert_false(by_check ? study_check(place.experiments, &no_runs, &err) : draw(&err));
        assert_int_equal(err.kind, ERR_CONFIG);
        assert_non_null(strstr(err.loc.file, "report.yaml"));
        assert_int_equal(err.loc.line, line);
        if (!strstr(err.text, message)) fail_msg("\"%s\" is not in \"%s\"", message, err.text);
    }
}

static void a_wrong_report_is_refused(void **state)
{
    (void)state;
    refuse("[a]\n", 1, "wants a map of figures by name");
    refuse("f: 3\n", 1, "f: wants `panels`, a list of {run, figure, title}");
    refuse("f:\n  panels: []\n", 2, "f: wants `panels`");
    refuse("f:\n  panels: {run: a}\n", 2, "f: wants `panels`");
    refuse("f:\n  panels: [a]\n", 2, "a panel wants {run, figure, title}");
    refuse("f:\n  panels: [{run: a/seed1}]\n", 2, "missing key \"figure\"");
    refuse("f:\n  panels: [{run: a/seed1, figur: samples}]\n", 2, "did you mean \"figure\"?");
    refuse("f:\n  column: 2\n  panels: [{run: a/seed1, figure: samples}]\n", 2, "did you mean \"columns\"?");
    refuse("f:\n  columns: 0\n  panels: [{run: a/seed1, figure: samples}]\n", 2, "columns in f");
}

/* Every panel names a run that there is and one of its figures. */
static void a_panel_of_nothing_is_refused_by_check(void **state)
{
    (void)state;
    Err err = {0};
    const Spec samples = {.row = table_find(&figures_table, "samples")};
    Run run = {.path = "a/seed1", .experiment = {.figures = {&samples, 1}}};
    const RunList list = {.items = &run, .n = 1};
    write_report("f:\n  panels: [{run: a/seed1, figure: samples}]\n");
    assert_true(study_check(place.experiments, &list, &err));
    write_report("f:\n  panels: [{run: a/seed2, figure: samples}]\n");
    assert_false(study_check(place.experiments, &list, &err));
    assert_string_equal(err.text, "no run \"a/seed2\"; did you mean \"a/seed1\"?");
    assert_int_equal(err.loc.line, 2);
    err = (Err){0};
    write_report("f:\n  panels: [{run: a/seed1, figure: sample}]\n");
    assert_false(study_check(place.experiments, &list, &err));
    assert_string_equal(err.text, "no figure \"sample\"; did you mean \"samples\"?");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(panels_stand_in_rows),
        TEST(a_title_makes_room),
        TEST(without_all_panels_a_figure_is_left_as_it_is),
        TEST(a_panel_of_nothing_is_refused_by_check),
        TEST(without_a_report_there_is_nothing_to_do),
        TEST(a_wrong_report_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
