/* Inside of runner/run/study*.c: what report.yaml says, and how each kind of figure is drawn. */
#ifndef RUNNER_RUN_STUDY_PARTS_H
#define RUNNER_RUN_STUDY_PARTS_H

#include "runner/canvas/canvas.h"
#include "runner/run/runs.h"

/* A picture of a run within a figure. */
typedef struct Panel {
    const char *run, *figure, *title; /* title: NULL where it has none */
    IntList crop;                     /* left, top, width, height in pixels of the picture; n is 0: all of it */
    int64_t span;                     /* columns that it takes */
    Loc loc, crop_loc;
} Panel;

typedef struct RunPattern {
    const char *text; /* "vae/dim8/seed1", globs allowed */
    Loc loc;
} RunPattern;

/* One value for each row of metrics.csv of that name, of every run that a pattern matches, ranked. */
typedef struct StudyChart {
    const char *metric, *spread, *line; /* rows of metrics.csv; spread and line: NULL where there is none */
    const char *label, *line_title;     /* of the axis (NULL: the metric's name), of the line */
    Loc metric_loc, spread_loc, line_loc;
    RunPattern *runs;
    size_t n;
    Ref *splits; /* those that count, or NULL: all */
    size_t split_count;
} StudyChart;

/* Either panels or a chart. */
typedef struct StudyFigure {
    const char *name;
    int64_t columns;
    const char *titles; /* "above" or "left" */
    Panel *panels;
    size_t n;
    StudyChart *chart; /* or NULL */
} StudyFigure;

/* Reads EXPERIMENTS/report.yaml; no such file: no figures. */
bool study_read(Arena *arena, const char *experiments, StudyFigure **figures, size_t *n, Err *err);

/* Whether a run's path ("vae/dim8/seed1") is meant by a pattern: globs, as for the targets of a command. */
bool study_matches(const RunPattern *pattern, const char *path);

/* Each draws into `out`, initialised by it. There is nothing to draw, and lacks is set to the first thing that is
 * missing (true is returned), until all panels are there, as large as their crops, or a value for each pattern and each
 * split. ERR_FAILED: a run isn't there, or not finished; ERR_CONFIG: those that are finished haven't what is asked for.
 */
bool study_draw_panels(Arena *arena, const RunPlace *place, const StudyFigure *figure, Canvas *out, Err *lacks,
                       Err *err);
bool study_draw_chart(Arena *arena, const RunPlace *place, const StudyFigure *figure, Canvas *out, Err *lacks,
                      Err *err);

#endif
