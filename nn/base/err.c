#include "nn/base/err.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A text that is longer than its room loses its middle: the beginning says what went wrong, the end why (or, of a path,
 * which file). Cuts lie between characters of UTF-8. */
static void fit(char *room, size_t size, const char *text, size_t length)
{
    static const char gap[] = " ... ";
    if (length < size) {
        memcpy(room, text, length + 1);
        return;
    }
    size_t half = (size - sizeof gap) / 2, head = half, tail = length - half;
    while (head > 0 && ((unsigned char)text[head] & 0xC0) == 0x80) head--;
    while (tail < length && ((unsigned char)text[tail] & 0xC0) == 0x80) tail++;
    memcpy(room, text, head);
    memcpy(room + head, gap, sizeof gap - 1);
    memcpy(room + head + sizeof gap - 1, text + tail, length - tail + 1);
}

void err_move(Err *err, Loc loc)
{
    err->loc = loc;
    if (!loc.file) return;
    fit(err->file, sizeof err->file, loc.file, strlen(loc.file));
    err->loc.file = err->file;
}

__attribute__((format(printf, 4, 0))) static void err_set(Err *err, ErrKind kind, Loc loc, const char *format,
                                                          va_list args)
{
    if (err->kind != ERR_NONE) return;
    err->kind = kind;
    err_move(err, loc);
    char *whole = NULL;
    int length = vasprintf(&whole, format, args);
    if (length < 0) BUG("no memory for a message: %s", format);
    fit(err->text, sizeof err->text, whole, (size_t)length);
    free(whole);
}

bool err_config(Err *err, Loc loc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err_set(err, ERR_CONFIG, loc, format, args);
    va_end(args);
    return false;
}

bool err_failed(Err *err, Loc loc, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err_set(err, ERR_FAILED, loc, format, args);
    va_end(args);
    return false;
}

Loc loc_file(const char *file)
{
    return (Loc){.file = file};
}

void err_print(const Err *err, FILE *out)
{
    if (err->loc.file) fprintf(out, "%s:", err->loc.file);
    if (err->loc.file && err->loc.line > 0) fprintf(out, "%d:", err->loc.line);
    if (err->loc.file && err->loc.line > 0 && err->loc.col > 0) fprintf(out, "%d:", err->loc.col);
    fprintf(out, "%s%s\n", err->loc.file ? " " : "", err->text);
}

void bug_at(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: bug: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}
