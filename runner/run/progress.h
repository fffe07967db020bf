/* Progress of a run: lines on standard error, one an epoch and one a message, and records for the process that started
 * it, which draws them on a terminal (board.h). */
#ifndef RUNNER_RUN_PROGRESS_H
#define RUNNER_RUN_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far a run is. Smaller than PIPE_BUF, so that those of several processes come whole through one pipe. */
typedef struct ProgressRecord {
    int64_t process;
    uint64_t epoch, epochs; /* under way, from 0 */
    double part;            /* of all steps, 0 to 1 */
    double loss, rate;      /* the epoch's mean so far; images/s */
    double left;            /* seconds */
    char note[64];          /* what it does instead of steps ("measuring elbo"), or "" */
} ProgressRecord;

typedef struct Progress {
    const char *label; /* the run's path; borrowed */
    bool quiet;
    int report;                     /* the descriptor that records go to, or 0: none */
    uint64_t epochs, steps;         /* steps an epoch */
    double started, last;           /* seconds */
    uint64_t first_step;            /* steps done before this process */
    double part_started, part_said; /* of what progress_part tells of: since when, and when a line was written */
} Progress;

void progress_begin(Progress *progress, const char *label, bool quiet, int report, uint64_t epochs, uint64_t steps,
                    uint64_t first_step);
/* After a step: epoch and step count from 0 and are the ones just done; loss is the epoch's mean so far. */
void progress_step(Progress *progress, uint64_t epoch, uint64_t step, double loss, size_t batch);
/* After an epoch; split: the one that is tracked ("valid"), and its value, or NULL. */
void progress_epoch(Progress *progress, uint64_t epoch, double train, const char *split, double value, size_t images);
/* Within something that is no step: "measuring", "elbo", so much of it; a line now and then, when it takes long. */
void progress_part(Progress *progress, const char *verb, const char *name, size_t done, size_t total);
/* A message, with the run's label before it. */
void progress_note(Progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));

double seconds_now(void); /* of a monotonic clock */
/* "1 h 05 min", "3 min 20 s", "12 s" into text, which is returned. */
const char *duration_text(double seconds, char text[32]);

#endif
