/* A figure of one run: a picture drawn from the trained model. One file each, and one row in figures.def. */
#ifndef RUNNER_FIGURE_FIGURE_H
#define RUNNER_FIGURE_FIGURE_H

#include "runner/canvas/canvas.h"
#include "runner/model/use_context.h"

/* history.csv in memory: what curves are drawn from. */
typedef struct HistoryView {
    size_t columns, rows;
    const char *const *column;
    const double *values; /* (rows, columns) */
} HistoryView;

typedef struct FigureContext {
    const UseContext *use; /* parameters are allocated and trained */
    const HistoryView *history;
    const Spec *spec;
} FigureContext;

typedef struct Figure {
    Row row;
    /* As Metric's check; may be NULL. */
    bool (*check)(const UseContext *use, const Spec *spec, Err *err);
    /* Initialises the canvas and draws. */
    bool (*draw)(const FigureContext *context, Canvas *canvas, Err *err);
} Figure;

extern const Table figures_table;

/* The file's name without .png: the row's name, with -2, -3 behind it where an experiment has several of a kind. */
const char *figure_name(Arena *arena, const SpecList *figures, size_t i);

#endif
