/* The study's figures, put together from the runs' as report.yaml says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/base/file.h"
#include "runner/canvas/canvas.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "runner/run/study.h"
#include "tests/support/folder.h"

static Arena arena;
static RunPlace place;
static char *told; /* by the last call of draw */

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
    free(told);
    told = NULL;
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

static bool draw_whole(bool whole, Err *err)
{
    size_t length;
    free(told);
    FILE *tell = open_memstream(&told, &length);
    *err = (Err){0};
    const bool ok = study_draw(&place, whole, tell, err);
    fclose(tell);
    return ok;
}

static bool draw(Err *err)
{
    return draw_whole(true, err);
}

/* What the last call of draw told, the folder of report.yaml left out. */
static void expect_told(const char *wanted)
{
    const char *folder = arena_printf(&arena, "%s/", place.experiments), *from = told;
    char *text = arena_text(&arena, told), *to = text;
    while (*from) {
        if (strncmp(from, folder, strlen(folder)) == 0)
            from += strlen(folder);
        else
            *to++ = *from++;
    }
    *to = '\0';
    assert_string_equal(text, wanted);
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

static void without_all_panels_there_is_no_figure(void **state)
{
    (void)state;
    Err err;
    const char *out = arena_printf(&arena, "%s/figures/figure1.png", place.results);
    write_report(THREE "other:\n  panels: [{run: a/seed1, figure: curve}]\n");
    add_panel("a/seed1", "samples", 40, 30, red);
    const char *curve = add_panel("a/seed1", "curve", 60, 20, green);
    assert_true(draw(&err));
    assert_false(file_exists(out));
    expect_told("figure1: not drawn: report.yaml:6:7: b/x/seed1 is not there yet\n");
    assert_true(draw_whole(false, &err));
    expect_told("");
    assert_true(file_exists(arena_printf(&arena, "%s/figures/other.png", place.results)));
    add_panel("b/x/seed1", "samples", 20, 50, blue);
    assert_true(draw(&err));
    assert_true(file_exists(out));
    unlink(curve);
    assert_true(draw(&err));
    assert_true(file_exists(out)); /* the run may be under way */
    expect_told("figure1: not drawn: report.yaml:5:7: a/seed1 is not there yet\n"
                "other: not drawn: report.yaml:8:12: a/seed1 is not there yet\n");
    assert_true(file_write(arena_printf(&arena, "%s/a/seed1/run.yaml", place.results), "a: 1\n", 5, &err));
    assert_true(draw_whole(false, &err));
    assert_false(file_exists(out));
    expect_told("figure1: not drawn, and its old picture removed: report.yaml:5:7: a/seed1 has no curve\n"
                "other: not drawn, and its old picture removed: report.yaml:8:12: a/seed1 has no curve\n");
    assert_true(draw_whole(false, &err));
    expect_told("");
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

/* Rows x columns: the wide panel takes a row of two columns, and widens the last where it is wider than both. */
static void a_panel_spans_columns(void **state)
{
    (void)state;
    Err err;
    write_report("f:\n  panels:\n    - {run: a/seed1, figure: wide, span: 2}\n    - {run: a/seed1, figure: left}\n"
                 "    - {run: a/seed1, figure: right}\n");
    add_panel("a/seed1", "wide", 100, 10, red);
    add_panel("a/seed1", "left", 40, 20, green);
    add_panel("a/seed1", "right", 30, 20, blue);
    if (!draw(&err)) fail_msg("%s", err.text);
    Canvas out = read_figure("f");
    assert_int_equal(out.width, 12 + 100 + 12);
    assert_int_equal(out.height, 12 + 28 + 10 + 12 + 28 + 20 + 12);
    assert_int_equal(count(&out, red), 1000);
    assert_true(is_color(&out, 12, 90, green));
    /* the second column starts behind 40 and a margin; 48 are left to it */
    assert_true(is_color(&out, 64 + 9, 90, blue) && !is_color(&out, 64 + 8, 90, blue));
    canvas_release(&out);
}

static void a_panel_shows_a_part(void **state)
{
    (void)state;
    Err err;
    add_panel("a/seed1", "samples", 40, 30, red);
    write_report("f:\n  panels: [{run: a/seed1, figure: samples, crop: [5, 10, 35, 20]}]\n");
    if (!draw(&err)) fail_msg("%s", err.text);
    Canvas out = read_figure("f");
    assert_int_equal(count(&out, red), 35 * 20);
    canvas_release(&out);
    write_report("f:\n  panels: [{run: a/seed1, figure: samples, crop: [5, 10, 35, 21]}]\n"
                 "g:\n  panels: [{run: a/seed1, figure: samples}]\n");
    assert_true(draw_whole(false, &err));
    expect_told("f: not drawn, and its old picture removed: report.yaml:2:50: the crop [5, 10, 35, 21] reaches beyond "
                "samples of a/seed1, 40 x 30 pixels\n");
    assert_true(file_exists(arena_printf(&arena, "%s/figures/g.png", place.results)));
}

static void titles_stand_at_the_left(void **state)
{
    (void)state;
    Err err;
    add_panel("a/seed1", "samples", 40, 30, red);
    write_report("f:\n  columns: 1\n  titles: left\n  panels:\n    - {run: a/seed1, figure: samples, title: one}\n"
                 "    - {run: a/seed1, figure: samples, title: longer}\n");
    if (!draw(&err)) fail_msg("%s", err.text);
    Canvas out = read_figure("f");
    size_t room = (size_t)ceil(canvas_text_width(16, "longer")) + 12;
    assert_int_equal(out.width, 12 + room + 40 + 12);
    assert_int_equal(out.height, 12 + 30 + 12 + 30 + 12);
    assert_true(is_color(&out, 12 + room, 12, red) && is_color(&out, 12 + room, 54, red));
    for (size_t y = 0; y < out.height; y++) assert_true(is_color(&out, 11, y, color_paper)); /* no text is cut */
    canvas_release(&out);
}

static void add_metrics(const char *run, const char *rows)
{
    Err err = {0};
    const char *folder = arena_printf(&arena, "%s/%s", place.results, run);
    const char *text = arena_printf(&arena, "metric,split,value,unit,n,detail\n%s", rows);
    if (!file_make_folder(folder, &err) ||
        !file_write(arena_printf(&arena, "%s/metrics.csv", folder), text, strlen(text), &err) ||
        !file_write(arena_printf(&arena, "%s/run.yaml", folder), "epochs: 1\n", 10, &err))
        fail_msg("%s", err.text);
}

/* Of pixels of a colour: how many, and the mean of their coordinates. */
static size_t middle(const Canvas *canvas, Color color, double *x, double *y)
{
    size_t n = 0;
    *x = *y = 0;
    for (size_t j = 0; j < canvas->height; j++)
        for (size_t i = 0; i < canvas->width; i++)
            if (is_color(canvas, i, j, color)) *x += (double)i, *y += (double)j, n++;
    *x /= (double)n, *y /= (double)n;
    return n;
}

#define CHART                                                                                                          \
    "f:\n  chart:\n    metric: score\n    spread: score_sd\n    line: score_real\n    line_title: real\n"              \
    "    runs: [a/*, b]\n"

/* Higher values stand higher and further to the right; a wider spread covers more. */
static void a_chart_ranks_the_values_of_many_runs(void **state)
{
    (void)state;
    Err err;
    write_report(CHART);
    add_metrics("a/x/seed1",
                "score,prior,2,,10,\nscore_sd,prior,0.1,,10,\nscore_real,prior,9.5,,10,\nother,prior,70,,1,\n");
    assert_true(draw(&err));
    assert_false(file_exists(arena_printf(&arena, "%s/figures/f.png", place.results))); /* b has no value yet */
    expect_told("f: not drawn: report.yaml:7:17: no run of \"b\" is there\n");
    add_metrics("b/seed1", "score,prior,8,,10,\nscore_sd,prior,1,,10,\nscore_real,prior,9.5,,10,\n");
    add_metrics("c/seed1", "score,prior,5,,10,\n"); /* not meant */
    if (!draw(&err)) fail_msg("%s", err.text);
    Canvas out = read_figure("f");
    double ax, ay, bx, by;
    size_t a = middle(&out, color_series(0), &ax, &ay), b = middle(&out, color_series(1), &bx, &by);
    assert_true(a > 60 && b > a + 60);
    assert_true(by < ay && bx > ax + 200);
    assert_int_equal(count(&out, color_series(2)), 0);
    size_t height = out.height;
    canvas_release(&out);
    add_metrics("a/x/seed2", "score,prior,3,,10,\nscore,region,4,,10,\n");
    add_metrics("a/x/seed3", "score,prior,nan,,10,\n");
    if (!draw(&err)) fail_msg("%s", err.text);
    out = read_figure("f");
    assert_int_equal(out.height, height + 2 * 27);
    canvas_release(&out);
    write_report(CHART "    splits: [region]\n");
    add_metrics("b/seed1", "score,region,8,,10,\n");
    if (!draw(&err)) fail_msg("%s", err.text);
    out = read_figure("f");
    assert_int_equal(out.height, height); /* two of region */
    canvas_release(&out);
    add_metrics("b/seed1", "score\n");
    assert_false(draw(&err));
}

static void what_a_chart_lacks_is_told(void **state)
{
    (void)state;
    Err err;
    add_metrics("a/x/seed1", "score,prior,2,,10,\n");
    add_metrics("b/seed1", "score,prior,8,,10,\nother,prior,8,,10,\n");
    write_report("f:\n  chart:\n    metric: other\n    runs: [b, a/*]\n");
    assert_true(draw(&err));
    expect_told("f: not drawn: report.yaml:4:15: a/x/seed1 has no other\n");
    write_report("f:\n  chart:\n    metric: score\n    runs: [b]\n    splits: [region, gmm]\n");
    assert_true(draw(&err));
    expect_told("f: not drawn: report.yaml:4:12: b/seed1 has no score of the split region or gmm\n");
    write_report("f:\n  chart:\n    metric: score\n    runs: [b]\n    splits: [prior, prir]\n");
    assert_true(draw(&err));
    expect_told("f: not drawn: report.yaml:5:21: no run of the chart has score of the split \"prir\"\n");
}

/* By the names of the rows that `evaluate` makes. */
static void a_chart_of_what_no_run_measures_is_refused_by_check(void **state)
{
    (void)state;
    static const char *const texts[] = {"metric: inception_scor", "metric: code_nll", "metric: nll, spread: nll_al",
                                        "metric: nll_k50, line: nll_k"};
    static const char *const messages[] = {
        "no run of the chart measures \"inception_scor\"; did you mean \"inception_score\"?",
        "no run of the chart measures \"code_nll\"",
        "no run of the chart measures \"nll_al\"; did you mean \"nll_all\"?", "no run of the chart measures \"nll_k\""};
    static const int cols[] = {19, 19, 32, 34};
    const Spec measured[] = {{.row = table_find(&metrics_table, "nll")},
                             {.row = table_find(&metrics_table, "inception_score")}};
    const Spec code = {.row = table_find(&metrics_table, "code_nll")};
    Run runs[] = {{.path = "a/seed1", .experiment = {.evaluate = {measured, 2}}},
                  {.path = "b/seed1", .experiment = {.evaluate = {&code, 1}}}};
    const RunList list = {.items = runs, .n = 2};
    Err err = {0};
    write_report("f:\n  chart: {metric: nll, spread: nll_k5, line: inception_score_ceiling, runs: [a]}\n");
    if (!study_check(place.experiments, &list, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < 4; i++) {
        err = (Err){0};
        write_report(arena_printf(&arena, "f:\n  chart: {%s, runs: [a]}\n", texts[i]));
        assert_false(study_check(place.experiments, &list, &err));
        assert_string_equal(err.text, messages[i]);
        assert_int_equal(err.loc.line, 2);
        assert_int_equal(err.loc.col, cols[i]);
    }
}

static void refuse(const char *text, int line, const char *message)
{
    Err err;
    write_report(text);
    for (int way = 0; way < 3; way++) {
        err = (Err){0};
        assert_false(way == 0 ? draw(&err) : study_check(place.experiments, way == 1 ? &no_runs : NULL, &err));
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
    refuse("# c\n../f:\n  panels: [{run: a/seed1, figure: samples}]\n", 2, "\"../f\": the name of a figure is made of");
    refuse("a/b:\n  chart: {metric: a, runs: [b]}\n", 1, "letters, digits, _ and -");
    refuse("..: 3\n", 1, "the name of a figure is");
    refuse("f:\n  panels: []\n", 2, "f: wants `panels`");
    refuse("f:\n  panels: {run: a}\n", 2, "f: wants `panels`");
    refuse("f:\n  panels: [a]\n", 2, "a panel wants {run, figure, title}");
    refuse("f:\n  panels: [{run: a/seed1}]\n", 2, "missing key \"figure\"");
    refuse("f:\n  panels: [{run: a/seed1, figur: samples}]\n", 2, "did you mean \"figure\"?");
    refuse("f:\n  column: 2\n  panels: [{run: a/seed1, figure: samples}]\n", 2, "did you mean \"columns\"?");
    refuse("f:\n  titles: below\n  panels: [{run: a/seed1, figure: samples}]\n", 2, "titles in f");
    refuse("f:\n  panels: [{run: a/seed1, figure: samples, crop: [1, 2, 3]}]\n", 2, "crop wants [left, top, width");
    refuse("f:\n  panels: [{run: a/seed1, figure: samples, crop: [1, 2, 0, 4]}]\n", 2, "crop wants [left, top, width");
    refuse("f:\n  columns: 1\n  panels: [{run: a/seed1, figure: samples, span: 2}]\n", 3, "span 2 of 1 column");
    refuse("f: {chart: 3}\n", 1, "chart: wants {metric, runs}");
    refuse("f:\n  columns: 3\n  chart: {metric: a, runs: [b]}\n", 2, "f: a figure with a chart has no \"columns\"");
    refuse("f:\n  chart: {metric: a}\n", 2, "chart: wants `runs`");
    refuse("f:\n  chart: {metric: a, runs: []}\n", 2, "chart: wants `runs`");
    refuse("f:\n  chart: {metric: a, runs: [[b]]}\n", 2, "wants a run such as");
    refuse("f:\n  chart: {metric: a, runs: [b], splits: c}\n", 2, "splits wants a list of names");
    refuse("f:\n  chart: {metric: a, runs: [b], splits: []}\n", 2, "splits wants a list of names");
    refuse("f:\n  chart: {metric: a, runs: [b], splits: [~]}\n", 2, "wants the name of a split");
    refuse("f:\n  chart: {runs: [b]}\n", 2, "missing key \"metric\"");
    refuse("f:\n  chart: {metric: a, spred: b, runs: [b]}\n", 2, "did you mean \"spread\"?");
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
    err = (Err){0};
    write_report("f:\n  chart: {metric: m, runs: [a/*, b]}\n");
    assert_false(study_check(place.experiments, &list, &err));
    assert_string_equal(err.text, "no run matches \"b\"");
    err = (Err){0};
    assert_true(study_check(place.experiments, NULL, &err)); /* of no list: what it names may be anything */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(panels_stand_in_rows),
        TEST(a_title_makes_room),
        TEST(a_panel_spans_columns),
        TEST(a_panel_shows_a_part),
        TEST(titles_stand_at_the_left),
        TEST(a_chart_ranks_the_values_of_many_runs),
        TEST(what_a_chart_lacks_is_told),
        TEST(a_chart_of_what_no_run_measures_is_refused_by_check),
        TEST(without_all_panels_there_is_no_figure),
        TEST(a_panel_of_nothing_is_refused_by_check),
        TEST(without_a_report_there_is_nothing_to_do),
        TEST(a_wrong_report_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
