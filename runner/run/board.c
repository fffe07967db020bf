#include "runner/run/board.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const double redraw_seconds = 0.1;
enum { DESCRIPTOR_MAX = 1024 }; /* what --report takes */

static bool is_live_terminal(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && !(terminal && strcmp(terminal, "dumb") == 0);
}

static void set_nonblocking(int descriptor)
{
    fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

static void close_pipe(const int ends[2])
{
    if (ends[0] > 0) close(ends[0]);
    if (ends[1] > 0) close(ends[1]);
}

/* A run that can't report at once loses a record; what it says waits until there is room. */
static bool open_pipes(Board *board)
{
    if (pipe2(board->said, O_CLOEXEC) != 0 || pipe2(board->reported, O_CLOEXEC) != 0 ||
        board->reported[1] > DESCRIPTOR_MAX) {
        close_pipe(board->said);
        close_pipe(board->reported);
        return false;
    }
    set_nonblocking(board->said[0]);
    set_nonblocking(board->reported[0]);
    set_nonblocking(board->reported[1]);
    return true;
}

void board_open(Board *board, size_t lines, bool quiet)
{
    const char *no_color = getenv("NO_COLOR");
    *board = (Board){.color = !(no_color && *no_color)};
    if (quiet || !is_live_terminal() || !open_pipes(board)) return;
    board->live = true;
    board->lines = mem_zeroed(lines, sizeof *board->lines);
}

int board_join(const Board *board)
{
    if (!board->live || dup2(board->said[1], STDERR_FILENO) < 0) return 0;
    return fcntl(board->reported[1], F_SETFD, 0) == 0 ? board->reported[1] : 0;
}

/* The table in place of the one that stands there, below the first `length` bytes of what was heard; one write. */
static void draw(Board *board, size_t length)
{
    struct winsize size = {0};
    ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    Text table = {0}, frame = {0};
    board_text(&table, board->lines, board->n, size.ws_col ? size.ws_col : 80, size.ws_row > 1 ? size.ws_row - 1 : 23);
    if (board->shown > 0) text_add(&frame, "\r");
    if (board->shown > 1) text_add(&frame, "\033[%zuA", board->shown - 1);
    if (length > 0) text_add(&frame, "\033[J%.*s", (int)length, board->heard.bytes);
    board->shown = 0;
    const char *color = board->color ? "\033[36m" : "", *end = board->color ? "\033[0m" : "";
    for (const char *line = table.bytes; line && *line; board->shown++) {
        size_t columns = strcspn(line, "\n");
        text_add(&frame, "%s%s%.*s%s\033[K", board->shown ? "\n" : "", color, (int)columns, line, end);
        line += columns + (line[columns] == '\n');
    }
    text_add(&frame, "\033[J");
    fwrite(frame.bytes, 1, frame.n, stderr);
    text_release(&table);
    text_release(&frame);
    board->changed = false;
    board->drawn = seconds_now();
}

/* Shows the whole lines that were heard at once, and a changed table a few times a second. */
static void show(Board *board)
{
    Text *heard = &board->heard;
    const char *last = heard->n ? memrchr(heard->bytes, '\n', heard->n) : NULL;
    size_t length = last ? (size_t)(last - heard->bytes) + 1 : 0;
    if (length == 0 && !(board->changed && seconds_now() - board->drawn >= redraw_seconds)) return;
    draw(board, length);
    heard->n -= length;
    if (heard->n) memmove(heard->bytes, heard->bytes + length, heard->n);
}

static BoardLine *line_of(Board *board, pid_t process)
{
    for (size_t i = 0; i < board->n; i++)
        if (board->lines[i].process == process) return &board->lines[i];
    return NULL;
}

static void hear(Board *board)
{
    char bytes[4096];
    ssize_t n;
    while ((n = read(board->said[0], bytes, sizeof bytes)) > 0) text_add(&board->heard, "%.*s", (int)n, bytes);
    ProgressRecord record;
    while (read(board->reported[0], &record, sizeof record) == (ssize_t)sizeof record) {
        BoardLine *line = line_of(board, (pid_t)record.process);
        if (!line) continue;
        record.note[sizeof record.note - 1] = '\0';
        line->record = record;
        board->changed = true;
    }
}

/* Ends a line whose process died within it. */
static void end_line(Board *board)
{
    hear(board);
    if (board->heard.n && board->heard.bytes[board->heard.n - 1] != '\n') text_add(&board->heard, "\n");
}

void board_add(Board *board, pid_t process, const char *label)
{
    if (!board->live) return;
    board->lines[board->n++] = (BoardLine){.process = process, .label = label};
    board->changed = true;
}

void board_remove(Board *board, pid_t process)
{
    if (!board->live) return;
    end_line(board);
    BoardLine *line = line_of(board, process);
    if (!line) return;
    size_t behind = (size_t)(board->lines + board->n - line) - 1;
    memmove(line, line + 1, behind * sizeof *line);
    board->n--;
    board->changed = true;
}

void board_wait(Board *board, int milliseconds)
{
    struct pollfd ends[] = {{.fd = board->said[0], .events = POLLIN}, {.fd = board->reported[0], .events = POLLIN}};
    poll(ends, board->live ? 2 : 0, milliseconds);
    if (!board->live) return;
    hear(board);
    show(board);
}

void board_say(Board *board, const char *format, ...)
{
    char *line = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&line, format, args) < 0) line = NULL;
    va_end(args);
    if (line && board->live) {
        end_line(board);
        text_add(&board->heard, "%s\n", line);
        show(board);
    } else if (line)
        fprintf(stderr, "%s\n", line);
    free(line);
}

void board_close(Board *board)
{
    if (board->live) {
        end_line(board);
        board->n = 0;
        draw(board, board->heard.n);
        close_pipe(board->said);
        close_pipe(board->reported);
    }
    free(board->lines);
    text_release(&board->heard);
    *board = (Board){0};
}
