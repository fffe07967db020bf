/* PNG files. The only user of stb_image_write and stb_image. */
#include <stdlib.h>

#include "nn/base/alloc.h"
#include "nn/base/file.h"
#include "runner/canvas/canvas.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#define STBIW_MALLOC(size) mem_grow(NULL, size, 1)
#define STBIW_REALLOC(old, size) mem_grow(old, size, 1)
#define STBIW_FREE(old) free(old)
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS 16384
/* Static functions that are declared and never defined are found at the end of the file, where a pop would be too
 * early. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

enum { PNG_BYTES_MAX = 64 * 1024 * 1024 };

bool canvas_write(const Canvas *canvas, const char *path, Err *err)
{
    if (canvas->width > STBI_MAX_DIMENSIONS || canvas->height > STBI_MAX_DIMENSIONS)
        return err_failed(err, loc_file(path), "a picture of %zu x %zu pixels is too large: at most %d a side",
                          canvas->width, canvas->height, STBI_MAX_DIMENSIONS);
    int length = 0;
    unsigned char *png = stbi_write_png_to_mem(canvas->rgb, (int)(3 * canvas->width), (int)canvas->width,
                                               (int)canvas->height, 3, &length);
    if (!png) BUG("stb_image_write refuses %zu x %zu pixels", canvas->width, canvas->height);
    const bool ok = file_write(path, png, (size_t)length, err);
    free(png);
    return ok;
}

bool canvas_read(Canvas *canvas, const char *path, Err *err)
{
    char *bytes = NULL;
    size_t length = 0;
    *canvas = (Canvas){0};
    if (!file_read(path, PNG_BYTES_MAX, &bytes, &length, err)) return false;
    int width = 0, height = 0, channels = 0;
    uint8_t *rgb = stbi_load_from_memory((const uint8_t *)bytes, (int)length, &width, &height, &channels, 3);
    free(bytes);
    if (!rgb) return err_failed(err, loc_file(path), "no PNG picture: %s", stbi_failure_reason());
    *canvas = (Canvas){.width = (size_t)width, .height = (size_t)height, .rgb = rgb};
    canvas_unclip(canvas);
    return true;
}
