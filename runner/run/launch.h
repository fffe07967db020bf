/* RUN/log/launch-PID.yaml: the frozen configuration that a run's process is started with, named after its starter. */
#ifndef RUNNER_RUN_LAUNCH_H
#define RUNNER_RUN_LAUNCH_H

#include "runner/run/runs.h"

/* Writes the configuration to RUN/log/launch-PID.yaml, which execute_run reads: an experiment edited later doesn't leak
 * into it, nor does another process that launches the same run. Beside each row stands where it was written, for
 * launch_origin. The path is in the arena; NULL on an error. */
const char *launch_freeze(Arena *arena, const Run *run, Err *err);

/* The run's folder of such a file, which must be there; a path of any other form is an error (NULL). */
const char *launch_folder(Arena *arena, const char *frozen, Err *err);

/* An error at a row of such a file (or of log/config.yaml, which it becomes) is moved to where the user wrote the row;
 * any other stays as it is. */
void launch_origin(Err *err);

/* Removes what killed processes left in a run's folder, or that of all results: temporary files, and launch files whose
 * starter is no more. The lock is the caller's, so nobody else writes there but a starter, whose own files stay while
 * it lives. Whether another writer lives isn't asked: one that was killed may still have its number, as nobody has
 * waited for it yet, or another process may have it. */
void launch_sweep(const char *folder);

#endif
