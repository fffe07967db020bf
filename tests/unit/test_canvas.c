#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "nn/base/alloc.h"
#include "nn/base/file.h"
#include "runner/canvas/canvas.h"
#include "tests/support/folder.h"

static const Color black = {0, 0, 0};

/* How dark the pixel is: 0 paper, 255 black. */
static int ink(const Canvas *canvas, size_t x, size_t y)
{
    return 255 - canvas->rgb[3 * (y * canvas->width + x)];
}

typedef struct Extent {
    size_t left, top, right, bottom; /* of all pixels with ink; left > right where there is none */
    double sum;                      /* in black pixels */
} Extent;

static Extent extent(const Canvas *canvas)
{
    Extent e = {.left = canvas->width, .top = canvas->height};
    for (size_t y = 0; y < canvas->height; y++) {
        for (size_t x = 0; x < canvas->width; x++) {
            if (!ink(canvas, x, y)) continue;
            e.left = x < e.left ? x : e.left, e.right = x > e.right ? x : e.right;
            e.top = y < e.top ? y : e.top, e.bottom = y > e.bottom ? y : e.bottom;
            e.sum += ink(canvas, x, y) / 255.0;
        }
    }
    return e;
}

static void expect_near(double got, double want, double within)
{
    if (!(fabs(got - want) <= within)) fail_msg("got %.6g, not %.6g within %.3g", got, want, within);
}

static void test_a_new_canvas_is_paper(void **state)
{
    (void)state;
    Canvas canvas;
    canvas_init(&canvas, 7, 3);
    for (size_t i = 0; i < 7 * 3; i++) assert_memory_equal(canvas.rgb + 3 * i, &color_paper, 3);
    canvas_release(&canvas);
    canvas_release(&canvas);
}

static void test_a_rectangle_covers_its_area(void **state)
{
    (void)state;
    Canvas canvas;
    canvas_init(&canvas, 20, 20);
    canvas_rectangle(&canvas, 3, 4, 5, 6, black);
    const Extent whole = extent(&canvas);
    assert_true(whole.left == 3 && whole.top == 4 && whole.right == 7 && whole.bottom == 9);
    assert_true(whole.sum == 30);
    canvas_release(&canvas);

    canvas_init(&canvas, 20, 20);
    canvas_rectangle(&canvas, 3.25, 4.5, 5, 6.25, black);
    assert_int_equal(ink(&canvas, 5, 7), 255);
    expect_near(ink(&canvas, 3, 7), 255 * 0.75, 1);
    expect_near(ink(&canvas, 3, 4), 255 * 0.75 * 0.5, 1);
    expect_near(ink(&canvas, 8, 10), 255 * 0.25 * 0.75, 1);
    expect_near(extent(&canvas).sum, 5 * 6.25, 0.1);
    canvas_release(&canvas);

    canvas_init(&canvas, 20, 20);
    canvas_frame(&canvas, 2, 3, 10, 8, 2, black);
    assert_true(extent(&canvas).sum == 10 * 8 - 6 * 4);
    assert_int_equal(ink(&canvas, 6, 6), 0);
    canvas_release(&canvas);
}

static void test_a_dot_covers_its_disc(void **state)
{
    (void)state;
    for (double radius = 1; radius < 12; radius += 0.75) {
        Canvas canvas;
        canvas_init(&canvas, 40, 40);
        canvas_dot(&canvas, 19.3, 20.6, radius, black, 1);
        expect_near(extent(&canvas).sum, 3.14159265 * radius * radius, 0.1 + 0.35 * radius);
        canvas_release(&canvas);
    }
    Canvas canvas;
    canvas_init(&canvas, 20, 20);
    canvas_dot(&canvas, 10, 10, 5, black, 0.4);
    expect_near(ink(&canvas, 10, 10), 255 * 0.4, 1);
    canvas_release(&canvas);
}

static void test_a_line_covers_length_times_width(void **state)
{
    (void)state;
    for (int degrees = 0; degrees < 360; degrees += 15) {
        for (double line = 1; line <= 4; line += 1.5) {
            Canvas canvas;
            canvas_init(&canvas, 100, 100);
            const double dx = 40 * cos(degrees * 0.01745329252), dy = 40 * sin(degrees * 0.01745329252);
            canvas_line(&canvas, 50, 50, 50 + dx, 50 + dy, line, black);
            /* the ends are round; coverage by distance makes diagonals up to 0.17 bolder for each sqrt(2) of length */
            expect_near(extent(&canvas).sum, 40 * line + 3.14159265 * line * line / 4, 40 * 0.17 / 1.41 + 1);
            canvas_release(&canvas);
        }
    }
}

/* Joints are not blended twice: a line in two halves is the line. */
static void test_a_polyline_is_one_shape(void **state)
{
    (void)state;
    Canvas whole, halves;
    canvas_init(&whole, 60, 40);
    canvas_init(&halves, 60, 40);
    canvas_line(&whole, 5, 5, 45, 25, 3, black);
    canvas_polyline(&halves, 3, (double[]){5, 25, 45}, (double[]){5, 15, 25}, 3, black);
    for (size_t i = 0; i < 3 * 60 * 40; i++) expect_near(halves.rgb[i], whole.rgb[i], 1);
    canvas_release(&whole);
    canvas_release(&halves);
    canvas_init(&whole, 60, 40);
    canvas_polyline(&whole, 4, (double[]){5, 25, NAN, 45}, (double[]){5, 15, 20, 25}, 3, black);
    assert_int_equal(ink(&whole, 45, 25), 0);
    assert_int_not_equal(ink(&whole, 15, 10), 0);
    canvas_release(&whole);
}

static void test_a_capital_is_where_it_should_be(void **state)
{
    (void)state;
    Canvas canvas;
    canvas_init(&canvas, 100, 100);
    const double width = canvas_text(&canvas, 30, 60, 40, ALIGN_LEFT, black, "H");
    const Extent h = extent(&canvas);
    expect_near(width, canvas_text_width(40, "H"), 0);
    expect_near(width, 0.752 * 40, 0.1); /* the font's own advance */
    assert_int_equal(h.bottom, 59);
    expect_near((double)h.top, 60 - 0.729 * 40, 1);
    assert_true(h.left >= 30 && (double)h.right < 30 + width);
    assert_int_equal(ink(&canvas, h.left + 2, 40), 255);
    assert_int_equal(ink(&canvas, (h.left + h.right) / 2, 35), 0);
    canvas_release(&canvas);
}

static void test_alignment(void **state)
{
    (void)state;
    const Align aligns[] = {ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT};
    const char *text = "Latent 8";
    for (size_t i = 0; i < 3; i++) {
        Canvas across, up;
        canvas_init(&across, 300, 300);
        canvas_init(&up, 300, 300);
        const double width = canvas_text(&across, 150, 150, 20, aligns[i], black, text);
        assert_true(canvas_text_up(&up, 150, 150, 20, aligns[i], black, text) == width);
        const Extent a = extent(&across), u = extent(&up);
        const double start = 150 - (double)i * width / 2;
        expect_near((double)a.left, start, 3);
        expect_near((double)a.right, start + width, 3);
        /* upwards: what was right is up, what was above is left */
        expect_near((double)u.bottom, 300 - start, 3);
        expect_near((double)u.top, 300 - start - width, 3);
        expect_near((double)u.left, (double)a.top, 1);
        expect_near((double)u.right, (double)a.bottom, 1);
        expect_near(u.sum, a.sum, 0.02 * a.sum);
        canvas_release(&across);
        canvas_release(&up);
    }
}

static void test_text_is_utf8(void **state)
{
    (void)state;
    const double replaced = canvas_text_width(20, "\xef\xbf\xbd");
    assert_true(canvas_text_width(20, "") == 0);
    assert_true(canvas_text_width(20, "\u2212") > canvas_text_width(20, "-"));
    assert_true(canvas_text_width(20, "\xff") == replaced);
    assert_true(canvas_text_width(20, "\xe2\x88") == 2 * replaced); /* cut off: one for each byte */
    expect_near(canvas_text_width(20, "a\xc3z"), canvas_text_width(20, "a\xef\xbf\xbdz"), 1e-9);
}

/* Far outside, across each edge, and with numbers that are none: the sanitizers see a write outside. */
static void test_nothing_is_drawn_outside(void **state)
{
    (void)state;
    static const double places[] = {-1e300, -1e9, -30, -3.5, 0, 10, 28.5, 31, 1e9, 1e300, NAN, INFINITY, -INFINITY};
    enum { PLACES = sizeof places / sizeof *places };
    const real pixels[4] = {0, 0, 0, 0};
    Canvas canvas, small;
    canvas_init(&small, 9, 9);
    canvas_init(&canvas, 30, 30);
    for (size_t i = 0; i < PLACES; i++) {
        for (size_t j = 0; j < PLACES; j++) {
            const double x = places[i], y = places[j];
            canvas_rectangle(&canvas, x, y, 8, 8, black);
            canvas_rectangle(&canvas, 5, 5, x, y, black);
            canvas_frame(&canvas, x, y, 20, 20, 1.5, black);
            canvas_dot(&canvas, x, y, 6, black, 1);
            canvas_line(&canvas, x, y, 15, 15, 2, black);
            canvas_line(&canvas, x, y, y, x, 2, black);
            canvas_text(&canvas, x, y, 14, ALIGN_CENTER, black, "Wgj");
            canvas_text_up(&canvas, x, y, 14, ALIGN_CENTER, black, "Wgj");
        }
    }
    for (size_t x = 0; x < 40; x += 3) {
        canvas_image(&canvas, x, 39 - x, 5, 2, 2, 1, pixels);
        canvas_paste(&canvas, x, 39 - x, &small);
    }
    canvas_release(&canvas);

    canvas_init(&canvas, 30, 30);
    canvas_clip(&canvas, 10, 12, 6, 5);
    canvas_rectangle(&canvas, 0, 0, 30, 30, black);
    canvas_line(&canvas, 0, 0, 30, 30, 5, black);
    canvas_dot(&canvas, 12, 12, 9, black, 1);
    canvas_text(&canvas, 5, 20, 30, ALIGN_LEFT, black, "MM");
    const Extent e = extent(&canvas);
    assert_true(e.left == 10 && e.top == 12 && e.right == 15 && e.bottom == 16);
    canvas_unclip(&canvas);
    canvas_rectangle(&canvas, 0, 0, 30, 30, black);
    assert_true(extent(&canvas).sum == 900);
    canvas_release(&canvas);
    canvas_release(&small);
}

static void test_images(void **state)
{
    (void)state;
    const real gray[] = {0, 1, (real)0.5, -3, 7, NAN};
    const uint8_t expected[] = {0, 255, 128, 0, 255, 0};
    const real rgb[] = {1, 0, (real)0.2};
    Canvas canvas;
    canvas_init(&canvas, 20, 20);
    canvas_image(&canvas, 2, 3, 4, 2, 3, 1, gray);
    for (size_t y = 0; y < 8; y++)
        for (size_t x = 0; x < 12; x++)
            for (size_t c = 0; c < 3; c++)
                assert_int_equal(canvas.rgb[3 * ((y + 3) * 20 + x + 2) + c], expected[y / 4 * 3 + x / 4]);
    assert_int_equal(ink(&canvas, 1, 3), 0);
    assert_int_equal(ink(&canvas, 14, 3), 0);
    canvas_image(&canvas, 0, 0, 1, 1, 1, 3, rgb);
    assert_memory_equal(canvas.rgb, ((uint8_t[]){255, 0, 51}), 3);
    canvas_release(&canvas);
}

static void test_colors(void **state)
{
    (void)state;
    assert_memory_equal(&color_paper, ((uint8_t[]){255, 255, 255}), 3);
    assert_int_equal(color_ramp(-1).r, 68);
    assert_int_equal(color_ramp(2).r, 253);
    for (int i = 1; i <= 127; i++) { /* luma rises at every step */
        const Color a = color_ramp((i - 1) / 127.0), b = color_ramp(i / 127.0);
        assert_true(299 * a.r + 587 * a.g + 114 * a.b < 299 * b.r + 587 * b.g + 114 * b.b);
    }
    for (size_t i = 0; i < 10; i++) {
        for (size_t j = 0; j < i; j++) {
            const Color a = color_class(i), b = color_class(j);
            assert_true(abs(a.r - b.r) + abs(a.g - b.g) + abs(a.b - b.b) > 60);
        }
    }
}

static void test_png_round_trip(void **state)
{
    (void)state;
    Arena arena = {0};
    Err err = {0};
    Canvas canvas, back;
    const char *path = arena_printf(&arena, "%s/a.png", test_folder());
    canvas_init(&canvas, 61, 47);
    canvas_dot(&canvas, 30, 20, 15, color_class(3), 0.6);
    canvas_text(&canvas, 5, 40, 14, ALIGN_LEFT, color_ink, "β = 0.5");
    assert_true(canvas_write(&canvas, path, &err));
    assert_true(canvas_read(&back, path, &err));
    assert_int_equal(back.width, 61);
    assert_int_equal(back.height, 47);
    assert_memory_equal(back.rgb, canvas.rgb, 3 * 61 * 47);
    canvas_rectangle(&back, 0, 0, 61, 47, black); /* and can be drawn on */
    assert_true(extent(&back).sum == 61 * 47);
    canvas_release(&back);

    /* the same bytes each time, from every compiler, on every machine: shapes and text together */
    char hex[65];
    sha256_hex(canvas.rgb, 3 * 61 * 47, hex);
    assert_string_equal(hex, "0893941307b92726cb0ce74b678cf55bdc5a943566004b54580d321f082d4543");
    assert_true(sha256_file(path, hex, &err));
    assert_string_equal(hex, "a34f91bc98aba8657cf5cfa83feb4a0074ed70f5d8ee4868d01a4d707a2fe463");

    assert_true(file_write(path, "no picture", 10, &err));
    assert_false(canvas_read(&back, path, &err));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_string_equal(err.loc.file, path);
    unlink(path);
    err = (Err){0};
    assert_false(canvas_read(&back, path, &err));
    canvas_release(&back);
    err = (Err){0};
    assert_false(canvas_write(&canvas, arena_printf(&arena, "%s/none/a.png", test_folder()), &err));
    canvas_release(&canvas);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_canvas_is_paper),
        cmocka_unit_test(test_a_rectangle_covers_its_area),
        cmocka_unit_test(test_a_dot_covers_its_disc),
        cmocka_unit_test(test_a_line_covers_length_times_width),
        cmocka_unit_test(test_a_polyline_is_one_shape),
        cmocka_unit_test(test_a_capital_is_where_it_should_be),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_text_is_utf8),
        cmocka_unit_test(test_nothing_is_drawn_outside),
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_colors),
        cmocka_unit_test(test_png_round_trip),
    };
    return cmocka_run_group_tests_name("canvas", tests, NULL, NULL);
}
