/* The table of the runs under way: on a terminal, a line a run below everything that was said, redrawn in its place.
 * The runs' processes send records through one pipe, and their standard error is another: what they say appears above
 * the table, line by line. Elsewhere (a file, TERM=dumb, --quiet) there is no table and they write for themselves. */
#ifndef RUNNER_RUN_BOARD_H
#define RUNNER_RUN_BOARD_H

#include <sys/types.h>

#include "runner/config/bind.h"
#include "runner/run/progress.h"

typedef struct BoardLine {
    pid_t process;
    const char *label;     /* the run's path; borrowed */
    ProgressRecord record; /* the last one; all zero: none yet */
} BoardLine;

/* Adds the lines as a terminal of that size shows them, each below the width and without a line end behind the last:
 * columns aligned, and as many as there is room for; more lines than fit are counted in a last one. */
void board_text(Text *text, const BoardLine *lines, size_t n, size_t width, size_t height);

typedef struct Board {
    bool live, color, changed;
    int said[2], reported[2]; /* pipes: standard error of the processes, their records */
    Text heard;               /* from the first, not yet shown */
    BoardLine *lines;
    size_t n, shown; /* lines, and how many of them stand on the screen */
    double drawn;    /* when */
} Board;

/* lines: at most that many at once. */
void board_open(Board *board, size_t lines, bool quiet);
/* In a process that is about to become a run's: what it will write goes to the board. Returns the descriptor for its
 * records, or 0. */
int board_join(const Board *board);
void board_add(Board *board, pid_t process, const char *label);
void board_remove(Board *board, pid_t process); /* after what it said last */
/* Waits until something comes, at most so long; shows it. */
void board_wait(Board *board, int milliseconds);
/* A line of the caller's own. */
void board_say(Board *board, const char *format, ...) __attribute__((format(printf, 2, 3)));
void board_close(Board *board); /* clears the table */

#endif
