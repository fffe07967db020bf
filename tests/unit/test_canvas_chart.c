#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "runner/canvas/chart.h"
#include "runner/canvas/ticks.h"

static void test_ticks_are_round(void **state)
{
    (void)state;
    double power = 1e-9;
    for (int exponent = -9; exponent < 9; exponent++, power *= 10) {
        for (int k = 0; k < 200; k++) {
            const double min = (k * 7 % 41 - 20) * power, max = min + (1 + k * 13 % 97) * power * 0.37;
            for (size_t most = 2; most < 12; most += 3) {
                const Ticks out = ticks_make(min, max, most, true, false),
                            in = ticks_make(min, max, most, false, false);
                assert_true(out.factor == 1 || out.factor == 2 || out.factor == 5);
                assert_true(out.n >= 2 && out.n <= most + 1);
                const double slack = 1e-5 * (max - min);
                assert_true(ticks_value(&out, 0) <= min + slack && ticks_value(&out, out.n - 1) >= max - slack);
                assert_true(in.n <= most + 1);
                if (in.n) assert_true(ticks_value(&in, 0) >= min - slack && ticks_value(&in, in.n - 1) <= max + slack);
            }
        }
    }
}

typedef struct Labelled {
    double min, max;
    size_t most;
    bool outside, integer;
    const char *labels; /* with a space between */
} Labelled;

static const Labelled labelled[] = {
    {0, 30, 6, true, true, "0 5 10 15 20 25 30"},
    {98.2, 160, 8, true, false, "90 100 110 120 130 140 150 160"},
    {-1, 1, 4, true, false, "−1.0 −0.5 0 0.5 1.0"},
    {-1, 1, 5, true, false, "−1.0 −0.5 0 0.5 1.0"},
    {0, 0.003, 3, true, false, "0 0.001 0.002 0.003"},
    {0, 3e-5, 3, true, false, "0 1×10⁻⁵ 2×10⁻⁵ 3×10⁻⁵"},
    {-1e6, 3e7, 4, true, false, "−1×10⁷ 0 1×10⁷ 2×10⁷ 3×10⁷"},
    {0, 90000, 5, true, false, "0 20000 40000 60000 80000 100000"},
    {1, 1, 4, true, true, "0 1 2"},
    {0, 0, 4, true, false, "−1.0 −0.5 0 0.5 1.0"},
    {3, 0, 3, true, false, "0 1 2 3"},
    {0.3, 0.7, 4, false, true, ""},
    {-0.2, 2.4, 4, false, true, "0 1 2"},
    {0, 0.3, 3, true, false, "0 0.1 0.2 0.3"}, /* 0.3 / 0.1 is a little below 3 */
    {0.1, 0.7, 6, false, false, "0.1 0.2 0.3 0.4 0.5 0.6 0.7"},
    {NAN, INFINITY, 4, true, false, "−1.0 −0.5 0 0.5 1.0"},
};

static void test_labels(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof labelled / sizeof *labelled; i++) {
        const Labelled *row = &labelled[i];
        const Ticks ticks = ticks_make(row->min, row->max, row->most, row->outside, row->integer);
        char all[1000] = "", label[TICK_LABEL_BYTES];
        for (size_t k = 0; k < ticks.n; k++) {
            ticks_label(&ticks, k, label);
            if (k) strcat(all, " ");
            strcat(all, label);
        }
        if (strcmp(all, row->labels) != 0) fail_msg("row %zu: got \"%s\", not \"%s\"", i, all, row->labels);
    }
}

static bool has_color(const Canvas *canvas, size_t x, size_t y, Color color)
{
    return memcmp(canvas->rgb + 3 * (y * canvas->width + x), &color, 3) == 0;
}

/* The pixel of a point in data coordinates. */
static size_t column(const Chart *chart, double x)
{
    return (size_t)(chart->left + (x - chart->x_min) / (chart->x_max - chart->x_min) * chart->width);
}

static size_t row(const Chart *chart, double y)
{
    return (size_t)(chart->top + (chart->y_max - y) / (chart->y_max - chart->y_min) * chart->height);
}

static const ChartSpec spec = {.x = 20,
                               .y = 10,
                               .width = 400,
                               .height = 300,
                               .title = "title",
                               .x_label = "across",
                               .y_label = "up",
                               .x_min = 0.3,
                               .x_max = 9.6,
                               .y_min = -4.2,
                               .y_max = 3,
                               .legend = 5};

static void test_lines_and_points_lie_where_the_data_say(void **state)
{
    (void)state;
    Canvas canvas;
    canvas_init(&canvas, 440, 320);
    const Chart chart = chart_begin(&canvas, &spec);
    assert_true(chart.x_min == 0 && chart.x_max == 10 && chart.y_min <= -4.2 && chart.y_max >= 3);
    const Color red = {255, 0, 0}, blue = {0, 0, 255};
    chart_point(&chart, 7, -2, 4, red, 1);
    assert_true(has_color(&canvas, column(&chart, 7), row(&chart, -2), red));
    const double x[] = {1, 3, NAN, 6, 8}, y[] = {1, 1, 2, 1, 1};
    chart_line(&chart, 5, x, y, blue);
    assert_true(has_color(&canvas, column(&chart, 2), row(&chart, 1), blue));
    assert_true(has_color(&canvas, column(&chart, 7), row(&chart, 1), blue));
    assert_false(has_color(&canvas, column(&chart, 4.6), row(&chart, 1), blue));
    const double alone_x[] = {2, 4, 6}, alone_y[] = {-1, NAN, -1};
    chart_line(&chart, 3, alone_x, alone_y, red);
    assert_true(has_color(&canvas, column(&chart, 2), row(&chart, -1), red));
    assert_true(has_color(&canvas, column(&chart, 6), row(&chart, -1), red));
    assert_false(has_color(&canvas, column(&chart, 4), row(&chart, -1), red));
    chart_legend(&chart, 1, false, red, "entry");
    size_t reds = 0;
    for (size_t j = 0; j < 320; j++)
        for (size_t i = (size_t)(chart.left + chart.width); i < 440; i++) reds += has_color(&canvas, i, j, red);
    assert_true(reds > 40);
    canvas_release(&canvas);
}

/* Everything stays in the rectangle that the chart was given, the data in the plotting area. */
static void test_nothing_outside_of_the_rectangle(void **state)
{
    (void)state;
    const Color red = {255, 0, 0};
    for (int variant = 0; variant < 8; variant++) {
        ChartSpec wanted = spec;
        if (variant & 1) wanted.equal = true;
        if (variant & 2) wanted.legend = 0;
        if (variant & 4) wanted.x_max = 4e7, wanted.y_min = -3e-5, wanted.y_max = 0;
        Canvas canvas;
        canvas_init(&canvas, 440, 320);
        const Chart chart = chart_begin(&canvas, &wanted);
        for (int i = -10; i <= 10; i++) {
            const double x = chart.x_min + (chart.x_max - chart.x_min) * i / 5, y = chart.y_min;
            chart_point(&chart, x, y + (chart.y_max - y) * i / 4, 9, red, 1);
            chart_line(&chart, 2, (double[]){x, -x}, (double[]){1e9 * i, -3e9 * i}, red);
        }
        for (size_t j = 0; j < 320; j++) {
            for (size_t i = 0; i < 440; i++) {
                const bool inside = i >= 20 && j >= 10 && i < 420 && j < 310;
                if (!inside && !has_color(&canvas, i, j, color_paper)) fail_msg("variant %d: %zu, %zu", variant, i, j);
                if (has_color(&canvas, i, j, red))
                    assert_true((double)i >= chart.left && (double)i <= chart.left + chart.width + 2 &&
                                (double)j >= chart.top - 1 && (double)j <= chart.top + chart.height + 1);
            }
        }
        canvas_release(&canvas);
    }
}

static void test_equal_units(void **state)
{
    (void)state;
    Canvas canvas;
    canvas_init(&canvas, 440, 320);
    ChartSpec equal = spec;
    equal.equal = true;
    const Chart chart = chart_begin(&canvas, &equal);
    const double x_unit = chart.width / (chart.x_max - chart.x_min),
                 y_unit = chart.height / (chart.y_max - chart.y_min);
    assert_true(fabs(x_unit - y_unit) < 1e-9 * x_unit);
    assert_true(chart.x_min <= spec.x_min + 1e-9 && chart.x_max >= spec.x_max - 1e-9);
    assert_true(chart.y_min <= spec.y_min + 1e-9 && chart.y_max >= spec.y_max - 1e-9);
    canvas_release(&canvas);
}

/* The marks that an axis has outside of the plotting area. */
static size_t marks(const Canvas *canvas, const Chart *chart, bool of_x)
{
    size_t n = 0;
    for (int i = 0; i <= (of_x ? (int)chart->width : (int)chart->height); i++)
        n += of_x ? has_color(canvas, chart->left + i, chart->top + chart->height + 2, color_muted)
                  : has_color(canvas, chart->left - 3, chart->top + i, color_muted);
    return n;
}

static void test_equal_axes_tell_their_scale(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        const double width = exp(i * 0.1 - 14), middle = width * (i % 7) / 9;
        ChartSpec equal = spec;
        equal.equal = true;
        equal.x_min = middle - width, equal.x_max = middle + width;
        equal.y_min = -width / 50, equal.y_max = width / 40;
        Canvas canvas;
        canvas_init(&canvas, 440, 320);
        const Chart chart = chart_begin(&canvas, &equal);
        const size_t x = marks(&canvas, &chart, true), y = marks(&canvas, &chart, false);
        if (x < 2 || y < 2) fail_msg("%g round %g: %zu and %zu ticks", width, middle, x, y);
        canvas_release(&canvas);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticks_are_round),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_lines_and_points_lie_where_the_data_say),
        cmocka_unit_test(test_nothing_outside_of_the_rectangle),
        cmocka_unit_test(test_equal_units),
        cmocka_unit_test(test_equal_axes_tell_their_scale),
    };
    return cmocka_run_group_tests_name("canvas/chart", tests, NULL, NULL);
}
