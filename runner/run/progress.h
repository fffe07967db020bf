/* Progress on standard error: a live bar on a terminal, one plain line an epoch elsewhere. NO_COLOR is honoured. */
#ifndef RUNNER_RUN_PROGRESS_H
#define RUNNER_RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Progress {
    const char *label; /* the run's path; borrowed */
    bool quiet, live, color;
    size_t width;           /* of the terminal */
    uint64_t epochs, steps; /* steps an epoch */
    double started, last;   /* seconds */
    uint64_t first_step;    /* steps done before this process */
} Progress;

void progress_begin(Progress *progress, const char *label, bool quiet, bool live, uint64_t epochs, uint64_t steps,
                    uint64_t first_step);
/* After a step: epoch and step count from 0 and are the ones just done; loss is the epoch's mean so far. */
void progress_step(Progress *progress, uint64_t epoch, uint64_t step, double loss, size_t batch);
/* After an epoch; test may be NaN: not tracked. */
void progress_epoch(Progress *progress, uint64_t epoch, double train, double test, size_t images);
/* A message above the bar, with the run's label before it. */
void progress_note(Progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
void progress_end(Progress *progress); /* clears the bar */

double seconds_now(void); /* of a monotonic clock */
/* "1 h 05 min", "3 min 20 s", "12 s" into text, which is returned. */
const char *duration_text(double seconds, char text[32]);

#endif
