/* Round numbers for an axis: steps of 1, 2 or 5 times a power of ten. */
#ifndef RUNNER_CANVAS_TICKS_H
#define RUNNER_CANVAS_TICKS_H

#include <stdbool.h>
#include <stddef.h>

/* Ticks lie at (first + i) x step, i = 0 .. n-1; step = factor x 10^exponent. */
typedef struct Ticks {
    long long first;
    size_t n;
    int factor, exponent;
} Ticks;

/* At most `most` (>= 2) steps. outside: the ticks enclose min .. max, else they lie within. integer: whole numbers
 * only. min > max is swapped; NaN and infinities count as 0; min == max is widened. */
Ticks ticks_make(double min, double max, size_t most, bool outside, bool integer);
/* The same step for another range, within it. */
Ticks ticks_like(double min, double max, const Ticks *ticks);
double ticks_value(const Ticks *ticks, size_t i);

/* The label: all of an axis have the same decimals, a real minus sign, and a power of ten where plain digits would be
 * long ("2×10⁻⁵"). */
enum { TICK_LABEL_BYTES = 64 };
void ticks_label(const Ticks *ticks, size_t i, char label[TICK_LABEL_BYTES]);

/* The range widened so that it can be drawn. */
void ticks_range(double *min, double *max);

#endif
