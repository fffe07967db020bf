/* Shapes. Coverage is analytic (areas of rectangles, distances to lines and centres) with +, -, *, /, sqrt and floor
 * alone, so that the bytes are the same everywhere. */
#include "runner/canvas/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "runner/canvas/paint.h"

void canvas_init(Canvas *canvas, size_t width, size_t height)
{
    if (width == 0 || height == 0 || width > INT32_MAX || height > INT32_MAX) BUG("canvas of %zu x %zu", width, height);
    *canvas = (Canvas){.width = width, .height = height, .rgb = mem_zeroed(mem_mul(width, height), 3)};
    canvas_unclip(canvas);
    for (size_t i = 0; i < width * height; i++) memcpy(canvas->rgb + 3 * i, &color_paper, 3);
}

void canvas_release(Canvas *canvas)
{
    free(canvas->rgb);
    *canvas = (Canvas){0};
}

static double clamp(double value, double low, double high)
{
    return value < low ? low : value > high ? high : value;
}

/* The first whole number within low .. high that is not below value; low for NaN. */
static ptrdiff_t whole(double value, ptrdiff_t low, ptrdiff_t high)
{
    if (!(value > (double)low)) return low;
    return value >= (double)high ? high : (ptrdiff_t)ceil(value);
}

Box paint_box(const Canvas *canvas, double x0, double y0, double x1, double y1)
{
    const ptrdiff_t *clip = canvas->clip;
    return (Box){.left = whole(floor(x0), clip[0], clip[2]),
                 .top = whole(floor(y0), clip[1], clip[3]),
                 .right = whole(x1, clip[0], clip[2]),
                 .bottom = whole(y1, clip[1], clip[3])};
}

bool paint_empty(Box box)
{
    return box.left >= box.right || box.top >= box.bottom;
}

void paint_pixel(Canvas *canvas, ptrdiff_t x, ptrdiff_t y, double coverage, Color color)
{
    if (!(coverage > 0)) return;
    if (coverage > 1) coverage = 1;
    uint8_t *at = canvas->rgb + 3 * ((size_t)y * canvas->width + (size_t)x);
    const uint8_t over[] = {color.r, color.g, color.b};
    for (size_t i = 0; i < 3; i++) at[i] = (uint8_t)floor(at[i] + (over[i] - at[i]) * coverage + 0.5);
}

void canvas_clip(Canvas *canvas, double x, double y, double width, double height)
{
    canvas_unclip(canvas);
    const Box box = paint_box(canvas, x, y, x + width, y + height);
    memcpy(canvas->clip, (ptrdiff_t[]){box.left, box.top, box.right, box.bottom}, sizeof canvas->clip);
}

void canvas_unclip(Canvas *canvas)
{
    memcpy(canvas->clip, (ptrdiff_t[]){0, 0, (ptrdiff_t)canvas->width, (ptrdiff_t)canvas->height}, sizeof canvas->clip);
}

/* How much of the unit interval that begins at i lies within low .. high. */
static double overlap(ptrdiff_t i, double low, double high)
{
    return clamp(high, (double)i, (double)i + 1) - clamp(low, (double)i, (double)i + 1);
}

void canvas_rectangle(Canvas *canvas, double x, double y, double width, double height, Color color)
{
    const Box box = paint_box(canvas, x, y, x + width, y + height);
    for (ptrdiff_t j = box.top; j < box.bottom; j++)
        for (ptrdiff_t i = box.left; i < box.right; i++)
            paint_pixel(canvas, i, j, overlap(i, x, x + width) * overlap(j, y, y + height), color);
}

void canvas_frame(Canvas *canvas, double x, double y, double width, double height, double line, Color color)
{
    canvas_rectangle(canvas, x, y, width, line, color);
    canvas_rectangle(canvas, x, y + height - line, width, line, color);
    canvas_rectangle(canvas, x, y + line, line, height - 2 * line, color);
    canvas_rectangle(canvas, x + width - line, y + line, line, height - 2 * line, color);
}

void canvas_dot(Canvas *canvas, double x, double y, double radius, Color color, double alpha)
{
    const Box box = paint_box(canvas, x - radius - 1, y - radius - 1, x + radius + 1, y + radius + 1);
    for (ptrdiff_t j = box.top; j < box.bottom; j++) {
        for (ptrdiff_t i = box.left; i < box.right; i++) {
            const double dx = (double)i + 0.5 - x, dy = (double)j + 0.5 - y;
            paint_pixel(canvas, i, j, clamp(radius + 0.5 - sqrt(dx * dx + dy * dy), 0, 1) * alpha, color);
        }
    }
}

typedef struct Segment {
    double x0, y0, x1, y1;
} Segment;

static double distance_to(const Segment *s, double x, double y)
{
    const double dx = s->x1 - s->x0, dy = s->y1 - s->y0, square = dx * dx + dy * dy;
    const double along = square > 0 ? clamp(((x - s->x0) * dx + (y - s->y0) * dy) / square, 0, 1) : 0;
    const double px = s->x0 + along * dx - x, py = s->y0 + along * dy - y;
    return sqrt(px * px + py * py);
}

static bool is_finite(const Segment *s)
{
    return isfinite(s->x0) && isfinite(s->y0) && isfinite(s->x1) && isfinite(s->y1);
}

/* The pixels near one segment; mask (of `whole_box`) keeps the largest coverage that any segment gave. */
static void cover(const Canvas *canvas, Box area, float *mask, const Segment *s, double line)
{
    const double half = line / 2, reach = half + 1;
    const Box box = paint_box(canvas, fmin(s->x0, s->x1) - reach, fmin(s->y0, s->y1) - reach,
                              fmax(s->x0, s->x1) + reach, fmax(s->y0, s->y1) + reach);
    const double thin = line < 1 ? line : 1; /* a hairline is a pale line of one pixel */
    for (ptrdiff_t j = box.top; j < box.bottom; j++) {
        for (ptrdiff_t i = box.left; i < box.right; i++) {
            const double d = distance_to(s, (double)i + 0.5, (double)j + 0.5);
            const float coverage = (float)(thin * clamp(fmax(half, 0.5) + 0.5 - d, 0, 1));
            float *at = mask + (j - area.top) * (area.right - area.left) + (i - area.left);
            if (coverage > *at) *at = coverage;
        }
    }
}

void canvas_polyline(Canvas *canvas, size_t n, const double *x, const double *y, double line, Color color)
{
    double low_x = INFINITY, low_y = INFINITY, high_x = -INFINITY, high_y = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || !isfinite(y[i])) continue;
        low_x = fmin(low_x, x[i]), high_x = fmax(high_x, x[i]);
        low_y = fmin(low_y, y[i]), high_y = fmax(high_y, y[i]);
    }
    const double reach = line / 2 + 1;
    const Box area = paint_box(canvas, low_x - reach, low_y - reach, high_x + reach, high_y + reach);
    if (paint_empty(area)) return;
    const size_t width = (size_t)(area.right - area.left), height = (size_t)(area.bottom - area.top);
    float *mask = mem_zeroed(mem_mul(width, height), sizeof *mask);
    for (size_t i = 0; i + 1 < n; i++) {
        const Segment segment = {x[i], y[i], x[i + 1], y[i + 1]};
        if (is_finite(&segment)) cover(canvas, area, mask, &segment, line);
    }
    for (size_t j = 0; j < height; j++)
        for (size_t i = 0; i < width; i++)
            paint_pixel(canvas, area.left + (ptrdiff_t)i, area.top + (ptrdiff_t)j, mask[j * width + i], color);
    free(mask);
}

void canvas_line(Canvas *canvas, double x0, double y0, double x1, double y1, double line, Color color)
{
    canvas_polyline(canvas, 2, (double[]){x0, x1}, (double[]){y0, y1}, line, color);
}

static uint8_t level(double value)
{
    return value > 0 ? (uint8_t)floor(clamp(value, 0, 1) * 255 + 0.5) : 0; /* NaN: 0 */
}

void canvas_image(Canvas *canvas, size_t x, size_t y, size_t scale, size_t height, size_t width, size_t channels,
                  const real *pixels)
{
    if (channels != 1 && channels != 3) BUG("canvas_image: %zu channels", channels);
    for (size_t j = 0; j < height * scale && y + j < canvas->height; j++) {
        for (size_t i = 0; i < width * scale && x + i < canvas->width; i++) {
            const real *from = pixels + ((j / scale) * width + i / scale) * channels;
            uint8_t *at = canvas->rgb + 3 * ((y + j) * canvas->width + x + i);
            for (size_t c = 0; c < 3; c++) at[c] = level((double)from[channels == 3 ? c : 0]);
        }
    }
}

void canvas_paste(Canvas *canvas, size_t x, size_t y, const Canvas *other)
{
    if (x >= canvas->width || y >= canvas->height) return;
    const size_t width = other->width < canvas->width - x ? other->width : canvas->width - x;
    const size_t height = other->height < canvas->height - y ? other->height : canvas->height - y;
    for (size_t j = 0; j < height; j++)
        memcpy(canvas->rgb + 3 * ((y + j) * canvas->width + x), other->rgb + 3 * j * other->width, 3 * width);
}
