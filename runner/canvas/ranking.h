/* A ranking: one line a value, from top to bottom as given, each a dot with its spread on a common axis. */
#ifndef RUNNER_CANVAS_RANKING_H
#define RUNNER_CANVAS_RANKING_H

#include "runner/canvas/canvas.h"

typedef struct RankingRow {
    const char *label;
    double value;  /* finite */
    double spread; /* a bar from value - spread to value + spread; 0: none */
    Color color;
} RankingRow;

typedef struct RankingSpec {
    const RankingRow *rows;
    size_t n;            /* at least 1 */
    const char *label;   /* of the axis */
    const double *lines; /* values marked by a line across all rows */
    size_t line_count;
    const char *line_title; /* or NULL */
} RankingSpec;

/* Initialises the canvas, as high as the rows need, and draws: labels at the left, values in figures at the right. */
void ranking_draw(Canvas *canvas, const RankingSpec *spec);

#endif
