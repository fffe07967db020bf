/* A picture in memory: 8-bit RGB, with anti-aliased shapes and text (DejaVu Sans through stb_truetype; the font is
 * linked into the program, so that the bytes don't depend on the machine). Coordinates are pixels from the top left. */
#ifndef RUNNER_CANVAS_CANVAS_H
#define RUNNER_CANVAS_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nn/base/err.h"
#include "nn/base/real.h"

typedef struct Color {
    uint8_t r, g, b;
} Color;

typedef struct Canvas {
    size_t width, height;
    uint8_t *rgb;      /* owned */
    ptrdiff_t clip[4]; /* drawing stays within left, top, right, bottom (exclusive) */
} Canvas;

typedef enum Align { ALIGN_LEFT, ALIGN_CENTER, ALIGN_RIGHT } Align;

extern const Color color_ink, color_paper, color_muted, color_grid; /* text, background, second-rank text, grid lines */
Color color_class(size_t i);  /* ten classes, told apart by colour-blind people too */
Color color_series(size_t i); /* lines of a chart */
Color color_ramp(
    double value); /* 0 dark purple .. 1 yellow, clamped: lightness rises evenly, so grey keeps the order */
Color color_pale(Color color, double paleness); /* paleness 0: color .. 1: color_paper */

void canvas_init(Canvas *canvas, size_t width, size_t height); /* filled with color_paper */
void canvas_release(Canvas *canvas);
void canvas_rectangle(Canvas *canvas, double x, double y, double width, double height, Color color);
void canvas_frame(Canvas *canvas, double x, double y, double width, double height, double line, Color color);
void canvas_line(Canvas *canvas, double x0, double y0, double x1, double y1, double line, Color color);
/* Joined lines, blended as one shape; line: its width. */
void canvas_polyline(Canvas *canvas, size_t n, const double *x, const double *y, double line, Color color);
/* Until canvas_unclip, nothing is drawn outside of the rectangle (whole pixels); images and pastes aside. */
void canvas_clip(Canvas *canvas, double x, double y, double width, double height);
void canvas_unclip(Canvas *canvas);
void canvas_dot(Canvas *canvas, double x, double y, double radius, Color color, double alpha);

/* Text with its baseline at y; size is the font's em in pixels (a capital is 0.73 of it). UTF-8. Returns the width. */
double canvas_text(Canvas *canvas, double x, double y, double size, Align align, Color color, const char *text);
double canvas_text_up(Canvas *canvas, double x, double y, double size, Align align, Color color,
                      const char *text); /* rotated by 90 degrees */
double canvas_text_width(double size, const char *text);

/* An image (height,width,channels 1 or 3) of values 0..1, each pixel scale x scale, top left at x, y. */
void canvas_image(Canvas *canvas, size_t x, size_t y, size_t scale, size_t height, size_t width, size_t channels,
                  const real *pixels);
/* Another canvas, copied (clipped at the edges). */
void canvas_paste(Canvas *canvas, size_t x, size_t y, const Canvas *other);

/* PNG through stb_image_write's to-memory writer and the atomic file writer (8 bit, no time stamps: same pixels, same
 * bytes); reading through stb_image. */
bool canvas_write(const Canvas *canvas, const char *path, Err *err);
bool canvas_read(Canvas *canvas, const char *path, Err *err);

#endif
