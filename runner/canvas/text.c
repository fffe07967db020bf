/* Text. The only user of stb_truetype. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "runner/canvas/canvas.h"
#include "runner/canvas/paint.h"

#define STBTT_STATIC
#define STB_TRUETYPE_IMPLEMENTATION
#define STBTT_malloc(size, context) ((void)(context), mem_grow(NULL, size, 1))
#define STBTT_free(old, context) ((void)(context), free(old))
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#include <stb/stb_truetype.h>
#pragma GCC diagnostic pop

extern const unsigned char font_bytes[]; /* font.S */

static stbtt_fontinfo font_open(void)
{
    stbtt_fontinfo font;
    if (!stbtt_InitFont(&font, font_bytes, 0)) BUG("the linked font can't be read");
    return font;
}

/* The next code point of UTF-8 text; a byte that is no UTF-8 stands for U+FFFD. */
static int next_code(const char **text)
{
    const unsigned char *at = (const unsigned char *)*text;
    const int more = at[0] < 0x80                    ? 0
                     : at[0] >= 0xc2 && at[0] < 0xe0 ? 1
                     : at[0] >= 0xe0 && at[0] < 0xf0 ? 2
                     : at[0] >= 0xf0 && at[0] < 0xf5 ? 3
                                                     : -1;
    int code = more <= 0 ? at[0] : at[0] & (0x3f >> more);
    for (int i = 1; i <= more; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            *text += 1;
            return 0xfffd;
        }
        code = code << 6 | (at[i] & 0x3f);
    }
    *text += more < 0 ? 1 : 1 + more;
    return more < 0 ? 0xfffd : code;
}

/* Coverage of a line of text: pixels left of the pen's start and above the baseline have room of `margin`. */
typedef struct TextMask {
    uint8_t *bytes; /* NULL: only measure */
    size_t width, height;
    ptrdiff_t margin, baseline;
} TextMask;

static void add_glyph(const stbtt_fontinfo *font, float scale, int glyph, double pen, TextMask *mask)
{
    const double cell = floor(pen);
    const float shift = (float)(pen - cell);
    int left, top, width, height;
    unsigned char *bitmap =
        stbtt_GetGlyphBitmapSubpixel(font, scale, scale, shift, 0, glyph, &width, &height, &left, &top);
    for (int j = 0; bitmap && j < height; j++) {
        for (int i = 0; i < width; i++) {
            const ptrdiff_t x = (ptrdiff_t)cell + mask->margin + left + i, y = mask->baseline + top + j;
            if (x < 0 || y < 0 || x >= (ptrdiff_t)mask->width || y >= (ptrdiff_t)mask->height) continue;
            uint8_t *at = mask->bytes + (size_t)y * mask->width + (size_t)x;
            const int sum = *at + bitmap[j * width + i];
            *at = (uint8_t)(sum > 255 ? 255 : sum);
        }
    }
    free(bitmap);
}

/* Walks over the text with the pen at `pen`; returns where it ends. mask may be NULL. */
static double set_text(double size, const char *text, double pen, TextMask *mask)
{
    const stbtt_fontinfo font = font_open();
    const float scale = stbtt_ScaleForMappingEmToPixels(&font, (float)size);
    int previous = -1;
    while (*text) {
        int advance, bearing;
        const int glyph = stbtt_FindGlyphIndex(&font, next_code(&text));
        if (previous >= 0) pen += (double)scale * stbtt_GetGlyphKernAdvance(&font, previous, glyph);
        stbtt_GetGlyphHMetrics(&font, glyph, &advance, &bearing);
        if (mask) add_glyph(&font, scale, glyph, pen, mask);
        pen += (double)scale * advance;
        previous = glyph;
    }
    return pen;
}

double canvas_text_width(double size, const char *text)
{
    return set_text(size, text, 0, NULL);
}

static double indent(Align align, double width)
{
    return align == ALIGN_LEFT ? 0 : align == ALIGN_RIGHT ? width : width / 2;
}

/* Text whose pen starts at a whole pixel plus `pen`. */
static TextMask make_mask(double size, double pen, double width, const char *text)
{
    const ptrdiff_t margin = (ptrdiff_t)ceil(size);
    TextMask mask = {.margin = margin, .baseline = 2 * margin};
    mask.width = (size_t)(ceil(width) + 2 * (double)margin + 2);
    mask.height = (size_t)(3 * margin + 1);
    mask.bytes = mem_zeroed(mem_mul(mask.width, mask.height), 1);
    set_text(size, text, pen, &mask);
    return mask;
}

enum { COORDINATE_MAX = 1 << 24 };

static bool drawable(double x, double y, double size)
{
    return fabs(x) < COORDINATE_MAX && fabs(y) < COORDINATE_MAX && size > 0 && size < 4096;
}

static void blend(Canvas *canvas, ptrdiff_t x, ptrdiff_t y, uint8_t coverage, Color color)
{
    const ptrdiff_t *clip = canvas->clip;
    if (coverage && x >= clip[0] && y >= clip[1] && x < clip[2] && y < clip[3])
        paint_pixel(canvas, x, y, coverage / 255.0, color);
}

double canvas_text(Canvas *canvas, double x, double y, double size, Align align, Color color, const char *text)
{
    if (!drawable(x, y, size)) return 0;
    const double width = canvas_text_width(size, text), start = x - indent(align, width);
    const ptrdiff_t left = (ptrdiff_t)floor(start), base = (ptrdiff_t)floor(y + 0.5);
    TextMask mask = make_mask(size, start - floor(start), width, text);
    for (size_t j = 0; j < mask.height; j++)
        for (size_t i = 0; i < mask.width; i++)
            blend(canvas, left - mask.margin + (ptrdiff_t)i, base - mask.baseline + (ptrdiff_t)j,
                  mask.bytes[j * mask.width + i], color);
    free(mask.bytes);
    return width;
}

double canvas_text_up(Canvas *canvas, double x, double y, double size, Align align, Color color, const char *text)
{
    if (!drawable(x, y, size)) return 0;
    const double width = canvas_text_width(size, text), start = -y - indent(align, width); /* grows upwards */
    const ptrdiff_t bottom = (ptrdiff_t)floor(start), base = (ptrdiff_t)floor(x + 0.5);
    TextMask mask = make_mask(size, start - floor(start), width, text);
    for (size_t j = 0; j < mask.height; j++)
        for (size_t i = 0; i < mask.width; i++)
            blend(canvas, base - mask.baseline + (ptrdiff_t)j, -1 - (bottom - mask.margin + (ptrdiff_t)i),
                  mask.bytes[j * mask.width + i], color);
    free(mask.bytes);
    return width;
}
