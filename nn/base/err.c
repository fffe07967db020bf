#include "nn/base/err.h"

#include <stdarg.h>
#include <stdlib.h>

__attribute__((format(printf, 4, 0))) static void err_set(Err *err, ErrKind kind, Loc loc, const char *format,
                                                          va_list args)
{
    if (err->kind != ERR_NONE) return;
    err->kind = kind;
    err->loc = loc;
    if (loc.file) {
        snprintf(err->file, sizeof err->file, "%s", loc.file);
        err->loc.file = err->file;
    }
    vsnprintf(err->text, sizeof err->text, format, args);
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
    if (err->loc.file && err->loc.line > 0) fprintf(out, "%d:%d:", err->loc.line, err->loc.col);
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
