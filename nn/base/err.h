/* Errors with a place. A user's fault or a failing system call sets an Err and returns false; a programmer's
 * fault calls BUG; running out of memory is fatal (alloc.h). The first error set wins. */
#ifndef NN_BASE_ERR_H
#define NN_BASE_ERR_H

#include <stdbool.h>
#include <stdio.h>

/* A place in a text file. line and col count from 1; 0 means "the file as a whole", or the line as a whole. file is
 * borrowed and may be NULL where there is no place. */
typedef struct Loc {
    const char *file;
    int line;
    int col;
} Loc;

/* The values are the process's exit codes. */
typedef enum ErrKind { ERR_NONE = 0, ERR_FAILED = 1, ERR_CONFIG = 2 } ErrKind;

/* Owns its texts: loc.file points into `file`, so that an error outlives what it tells of. Not to be copied. Texts that
 * are longer than their room lose their middle (" ... "), not their end. */
typedef struct Err {
    ErrKind kind;
    Loc loc;
    char file[512];
    char text[1024];
} Err;

/* Both set err (unless one is set already) and return false, so that callers write `return err_config(...)`.
 * err_config: the configuration or the command line is wrong. err_failed: something outside failed. */
bool err_config(Err *err, Loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool err_failed(Err *err, Loc loc, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Gives an error that is set another place: that of which the old one is a copy. */
void err_move(Err *err, Loc loc);

/* A Loc for a whole file. */
Loc loc_file(const char *file);

/* Prints `file:line:col: text` and a newline; the parts of the place that are unknown are left out. */
void err_print(const Err *err, FILE *out);

/* A broken invariant of the program itself: prints the place and aborts. */
#define BUG(...) bug_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void bug_at(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
