/* What a run may ask of other runs, in the process that lists them and in the process of the run itself. */
#ifndef RUNNER_RUN_NEEDS_H
#define RUNNER_RUN_NEEDS_H

#include "runner/model/needs.h"
#include "runner/run/runs.h"

/* The runs whose models a run may ask for: those it needs, and what decides their weights, and so on; each once.
 * *needed is in the arena. */
size_t needs_closure(Arena *arena, const Run *run, const Run ***needed);

/* Their models, to be wired and loaded at first use; needs_release it. The run and the arena must outlive it. */
void needs_models(Arena *arena, const Run *run, Needs *needs);

/* Where they lie: "PATH=FOLDER" a line, for needs_read. */
const char *needs_folders(Arena *arena, const Run *run);

/* In the process of one run, which has its frozen configuration alone: reads the runs that it may ask for, each from
 * the configuration that its weights were made with, points it to them, and identifies it. */
bool needs_read(Arena *arena, Run *run, const char *experiments, const char *folders, Err *err);

#endif
