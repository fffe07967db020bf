#include "runner/canvas/ticks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nn/base/err.h"

enum { EXPONENT_LOW = -30, EXPONENT_HIGH = 30 };

#define RANGE_MAX 1e30

/* factor x 10^exponent; exact powers up to 10^22, so the quotient or product is rounded once. */
static double scaled(double factor, int exponent)
{
    double power = 1;
    for (int i = 0; i < (exponent < 0 ? -exponent : exponent); i++) power *= 10;
    return exponent < 0 ? factor / power : factor * power;
}

void ticks_range(double *min, double *max)
{
    if (!isfinite(*min)) *min = 0;
    if (!isfinite(*max)) *max = 0;
    *min = fmax(-RANGE_MAX, fmin(RANGE_MAX, *min));
    *max = fmax(-RANGE_MAX, fmin(RANGE_MAX, *max));
    if (*min > *max) {
        const double swap = *min;
        *min = *max;
        *max = swap;
    }
    /* too narrow for ticks that differ: half of the value on both sides, or one */
    const double size = fmax(fabs(*min), fabs(*max));
    if (*max - *min > size * 1e-9) return;
    const double widen = size > 0 ? size / 2 : 1;
    *min -= widen;
    *max += widen;
}

static Ticks with_step(double min, double max, int factor, int exponent, bool outside)
{
    const double step = scaled(factor, exponent);
    /* a bound that misses a tick by rounding alone counts as on it */
    const double slack = 1e-6, low = min / step, high = max / step;
    const double first = outside ? floor(low + slack) : ceil(low - slack);
    const double last = outside ? ceil(high - slack) : floor(high + slack);
    return (Ticks){.first = (long long)first,
                   .n = last >= first ? (size_t)(last - first) + 1 : 0,
                   .factor = factor,
                   .exponent = exponent};
}

Ticks ticks_make(double min, double max, size_t most, bool outside, bool integer)
{
    static const int factors[] = {1, 2, 5};
    if (most < 2) BUG("ticks_make: %zu steps", most);
    ticks_range(&min, &max);
    for (int exponent = integer ? 0 : EXPONENT_LOW; exponent <= EXPONENT_HIGH; exponent++) {
        for (size_t i = 0; i < 3; i++) {
            if ((max - min) / scaled(factors[i], exponent) > (double)most) continue;
            const Ticks ticks = with_step(min, max, factors[i], exponent, outside);
            if (ticks.n <= most + 1) return ticks;
        }
    }
    return with_step(min, max, 1, EXPONENT_HIGH, outside);
}

Ticks ticks_like(double min, double max, const Ticks *ticks)
{
    return with_step(min, max, ticks->factor, ticks->exponent, false);
}

double ticks_value(const Ticks *ticks, size_t i)
{
    return scaled((double)(ticks->first + (long long)i) * ticks->factor, ticks->exponent);
}

static void superscript(int number, char *out, size_t size)
{
    static const char *const digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    char plain[16];
    out[0] = '\0';
    snprintf(plain, sizeof plain, "%d", number);
    for (const char *c = plain; *c; c++) {
        const char *glyph = *c == '-' ? "⁻" : digits[*c - '0'];
        if (strlen(out) + strlen(glyph) < size) strcat(out, glyph);
    }
}

void ticks_label(const Ticks *ticks, size_t i, char label[TICK_LABEL_BYTES])
{
    enum { DECIMALS_MAX = 4, DIGITS_MAX = 6 };
    const long long number = (ticks->first + (long long)i) * ticks->factor;
    const char *sign = number < 0 ? "\u2212" : "";
    const long long magnitude = number < 0 ? -number : number;
    const double largest = fmax(fabs(ticks_value(ticks, 0)), fabs(ticks_value(ticks, ticks->n - 1)));
    const bool plain = ticks->exponent >= -DECIMALS_MAX && largest < scaled(1, DIGITS_MAX);
    if (magnitude == 0) {
        snprintf(label, TICK_LABEL_BYTES, "0");
    } else if (plain) {
        snprintf(label, TICK_LABEL_BYTES, "%s%.*f", sign, ticks->exponent < 0 ? -ticks->exponent : 0,
                 scaled((double)magnitude, ticks->exponent));
    } else {
        char power[32];
        superscript(ticks->exponent, power, sizeof power);
        snprintf(label, TICK_LABEL_BYTES, "%s%lld×10%s", sign, magnitude, power);
    }
}
