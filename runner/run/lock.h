/* The lock on a run's folder: flock on log/lock, which holds the process's number while it is held. */
#ifndef RUNNER_RUN_LOCK_H
#define RUNNER_RUN_LOCK_H

#include "nn/base/err.h"

/* Makes FOLDER/log and takes the lock; waits for another process after saying so on standard error. The descriptor is
 * closed on exec and freed with lock_release or the process's end. -1 and err on failure, or when a signal came. */
int lock_take(const char *folder, const char *label, Err *err);
void lock_release(int lock);

#endif
