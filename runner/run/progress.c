#include "runner/run/progress.h"

#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const double report_seconds = 0.1, line_seconds = 10;

static_assert(sizeof(ProgressRecord) <= _POSIX_PIPE_BUF, "records of several processes would mix");

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

void progress_begin(Progress *progress, const char *label, bool quiet, int report, uint64_t epochs, uint64_t steps,
                    uint64_t first_step)
{
    *progress = (Progress){.label = label,
                           .quiet = quiet,
                           .report = quiet ? 0 : report,
                           .epochs = epochs,
                           .steps = steps,
                           .first_step = first_step,
                           .started = seconds_now()};
}

/* Nothing depends on records: one that finds the pipe full, or nobody at its other end, is lost. */
static void send_record(const Progress *progress, ProgressRecord *record)
{
    record->process = getpid();
    ssize_t written = write(progress->report, record, sizeof *record);
    (void)written;
}

void progress_step(Progress *progress, uint64_t epoch, uint64_t step, double loss, size_t batch)
{
    if (!progress->report) return;
    double now = seconds_now();
    if (now - progress->last < report_seconds) return;
    progress->last = now;
    uint64_t done = epoch * progress->steps + step + 1, total = progress->epochs * progress->steps;
    double spent = now - progress->started, fresh = (double)(done - progress->first_step);
    double rate = spent > 0 ? fresh / spent : 0;
    ProgressRecord record = {.epoch = epoch,
                             .epochs = progress->epochs,
                             .part = (double)done / (double)total,
                             .loss = loss,
                             .rate = rate * (double)batch,
                             .left = rate > 0 ? (double)(total - done) / rate : 0};
    send_record(progress, &record);
}

void progress_epoch(Progress *progress, uint64_t epoch, double train, const char *split, double value, size_t images)
{
    if (progress->quiet) return;
    double spent = seconds_now() - progress->started;
    uint64_t done = (epoch + 1) * progress->steps, fresh = done - progress->first_step;
    double per_step = fresh ? spent / (double)fresh : 0;
    double rate = per_step > 0 ? (double)images / ((double)progress->steps * per_step) : 0;
    char left[32], tested[48] = "";
    if (split) snprintf(tested, sizeof tested, ", %s %.2f", split, value);
    fprintf(stderr, "%s: epoch %llu/%llu: objective %.2f%s, %.0f images/s, %s left\n", progress->label,
            (unsigned long long)epoch + 1, (unsigned long long)progress->epochs, train, tested, rate,
            duration_text(per_step * (double)(progress->epochs * progress->steps - done), left));
}

void progress_part(Progress *progress, const char *verb, const char *name, size_t done, size_t total)
{
    double now = seconds_now();
    if (progress->quiet || total == 0 || done > total) return;
    double part = (double)done / (double)total, spent = now - progress->part_started;
    double left = done ? spent * (1 - part) / part : 0;
    ProgressRecord record = {0};
    char text[32];
    snprintf(record.note, sizeof record.note, "%s %s: %.0f%%, %s left", verb, name, 100 * part,
             duration_text(left, text));
    if (progress->report && now - progress->last >= report_seconds) {
        progress->last = now;
        send_record(progress, &record);
    } else if (!progress->report && done && now - progress->part_said >= line_seconds) {
        progress->part_said = now;
        fprintf(stderr, "%s: %s\n", progress->label, record.note);
    }
}

void progress_note(Progress *progress, const char *format, ...)
{
    progress->part_started = progress->part_said = seconds_now();
    if (progress->quiet) return;
    ProgressRecord record = {0};
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    vsnprintf(record.note, sizeof record.note, format, again);
    va_end(again);
    if (progress->report) send_record(progress, &record);
    fprintf(stderr, "%s: ", progress->label);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
