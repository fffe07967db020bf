#include "runner/run/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const double redraw_seconds = 0.1;

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

const char *duration_text(double seconds, char text[32])
{
    long s = seconds < 0 || !isfinite(seconds) ? 0 : (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, 32, "%ld h %02ld min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(text, 32, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(text, 32, "%ld s", s);
    return text;
}

static size_t terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

void progress_begin(Progress *progress, const char *label, bool quiet, bool live, uint64_t epochs, uint64_t steps,
                    uint64_t first_step)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    *progress = (Progress){.label = label, .quiet = quiet, .epochs = epochs, .steps = steps, .first_step = first_step};
    progress->live = live && !quiet && isatty(STDERR_FILENO) && !(terminal && strcmp(terminal, "dumb") == 0);
    progress->color = progress->live && !(no_color && *no_color);
    progress->width = terminal_width();
    progress->started = seconds_now();
}

static void clear_line(const Progress *progress)
{
    if (progress->live) fputs("\r\033[K", stderr);
}

/* "vae/dim8/seed1 [######----]  3/30  loss 109.60  5120 images/s  4 min 10 s left", cut to the terminal. */
static void draw_bar(const Progress *progress, uint64_t epoch, double part, double loss, double rate, double left)
{
    char text[32], tail[128], line[512];
    snprintf(tail, sizeof tail, "%3llu/%llu  loss %.2f  %.0f images/s  %s left", (unsigned long long)epoch + 1,
             (unsigned long long)progress->epochs, loss, rate, duration_text(left, text));
    size_t fixed = strlen(progress->label) + strlen(tail) + 6;
    size_t cells = progress->width > fixed + 4 ? progress->width - fixed : 0;
    if (cells > 30) cells = 30;
    size_t filled = (size_t)(part * (double)cells);
    char bar[32] = {0};
    for (size_t i = 0; i < cells; i++) bar[i] = i < filled ? '#' : '-';
    if (cells)
        snprintf(line, sizeof line, "%s [%s] %s", progress->label, bar, tail);
    else
        snprintf(line, sizeof line, "%s %s", progress->label, tail);
    if (progress->width > 1 && strlen(line) >= progress->width) line[progress->width - 1] = '\0';
    fprintf(stderr, "\r\033[K%s%s%s", progress->color ? "\033[36m" : "", line, progress->color ? "\033[0m" : "");
    fflush(stderr);
}

void progress_step(Progress *progress, uint64_t epoch, uint64_t step, double loss, size_t batch)
{
    double now = seconds_now();
    if (!progress->live || now - progress->last < redraw_seconds) return;
    progress->last = now;
    uint64_t done = epoch * progress->steps + step + 1, total = progress->epochs * progress->steps;
    double spent = now - progress->started, fresh = (double)(done - progress->first_step);
    double rate = spent > 0 ? fresh / spent : 0;
    draw_bar(progress, epoch, (double)done / (double)total, loss, rate * (double)batch,
             rate > 0 ? (double)(total - done) / rate : 0);
}

void progress_epoch(Progress *progress, uint64_t epoch, double train, double test, size_t images)
{
    if (progress->quiet) return;
    double spent = seconds_now() - progress->started;
    uint64_t done = (epoch + 1) * progress->steps, fresh = done - progress->first_step;
    double per_step = fresh ? spent / (double)fresh : 0;
    double rate = per_step > 0 ? (double)images / ((double)progress->steps * per_step) : 0;
    char left[32], tested[48] = "";
    if (!isnan(test)) snprintf(tested, sizeof tested, ", test %.2f", test);
    clear_line(progress);
    fprintf(stderr, "%s: epoch %llu/%llu: objective %.2f%s, %.0f images/s, %s left\n", progress->label,
            (unsigned long long)epoch + 1, (unsigned long long)progress->epochs, train, tested, rate,
            duration_text(per_step * (double)(progress->epochs * progress->steps - done), left));
}

void progress_note(Progress *progress, const char *format, ...)
{
    if (progress->quiet) return;
    clear_line(progress);
    fprintf(stderr, "%s: ", progress->label);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

void progress_end(Progress *progress)
{
    clear_line(progress);
}
