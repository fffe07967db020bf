#include <stdarg.h>
#include <stdlib.h>

#include "runner/config/bind.h"

void text_add(Text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) BUG("a format that can't be printed: %s", format);
    size_t wanted = mem_add(mem_add(text->n, (size_t)length), 1);
    if (wanted > text->capacity) {
        text->capacity = mem_add(mem_mul(text->capacity, 2), wanted);
        text->bytes = mem_grow(text->bytes, text->capacity, 1);
    }
    vsnprintf(text->bytes + text->n, text->capacity - text->n, format, again);
    va_end(again);
    text->n += (size_t)length;
}

size_t text_columns(const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

void text_release(Text *text)
{
    free(text->bytes);
    *text = (Text){0};
}
