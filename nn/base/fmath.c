#include "nn/base/fmath.h"

#include <stdbool.h>

/* Coefficients and splittings of FDLIBM (Sun Microsystems, free to use). */

static uint64_t double_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_from(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^k for -1022 <= k <= 1023. */
static double power_of_two(int64_t k)
{
    return double_from((uint64_t)(k + 1023) << 52);
}

/* x + 1.5 x 2^52 rounds x to an integer, to nearest even. */
static double round_even(double x)
{
    const double magic = 6755399441055744.0;
    return x + magic - magic;
}

#define LN2_HIGH 6.93147180369123816490e-01 /* 32 bits: its product with an exponent is exact */
#define LN2_LOW 1.90821492927058770002e-10

/* exp(x) = 2^k exp(r), r = x - k ln 2; exp(r) = 1 + r + r c / (2 - c), c = r - r^2 P(r^2). */
double d_exp(double x)
{
    if (x != x) return x;
    if (x > 709.782712893383973096) return INFINITY;
    if (x < -708.396418532264106224) return 0;
    double k = round_even(x * 1.44269504088896338700);
    double high = x - k * LN2_HIGH, low = k * LN2_LOW;
    double r = high - low;
    double z = r * r;
    double p = 4.13813679705723846039e-08;
    p = p * z - 1.65339022054652515390e-06;
    p = p * z + 6.61375632143793436117e-05;
    p = p * z - 2.77777777770155933842e-03;
    p = p * z + 1.66666666666666019037e-01;
    double c = r - z * p;
    double y = 1 - ((low - r * c / (2 - c)) - high);
    /* In two steps, since k may be 1024. */
    int64_t half = (int64_t)k / 2;
    return y * power_of_two(half) * power_of_two((int64_t)k - half);
}

/* As r_log, with more terms. */
double d_log(double x)
{
    if (x != x || x == INFINITY) return x;
    if (x == 0) return -INFINITY;
    if (x < 0) return NAN;
    double k = 0;
    if (x < power_of_two(-1022)) {
        x *= power_of_two(54);
        k = -54;
    }
    uint64_t bits = double_bits(x) + (UINT64_C(0x3ff0000000000000) - UINT64_C(0x3fe6a09e667f3bcd));
    k += (double)((int64_t)(bits >> 52) - 1023);
    double f = double_from((bits & UINT64_C(0x000fffffffffffff)) + UINT64_C(0x3fe6a09e667f3bcd)) - 1;
    double s = f / (2 + f);
    double z = s * s, w = z * z;
    double even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    double odd = 1.479819860511658591e-01;
    odd = odd * w + 1.818357216161805012e-01;
    odd = odd * w + 2.857142874366239149e-01;
    odd = odd * w + 6.666666666666735130e-01;
    double half = 0.5 * f * f;
    return k * LN2_HIGH - ((half - (s * (half + (even + z * odd)) + k * LN2_LOW)) - f);
}

/* sin and cos of r + tail, |r| <= pi/4. */
static double sine_near_zero(double r, double tail)
{
    double z = r * r;
    double p = 1.58969099521155010221e-10;
    p = p * z - 2.50507602534068634195e-08;
    p = p * z + 2.75573137070700676789e-06;
    p = p * z - 1.98412698298579493134e-04;
    p = p * z + 8.33333333332248946124e-03;
    double cube = z * r;
    return r - ((z * (0.5 * tail - cube * p) - tail) + cube * 1.66666666666666324348e-01);
}

static double cosine_near_zero(double r, double tail)
{
    double z = r * r;
    double p = -1.13596475577881948265e-11;
    p = p * z + 2.08757232129817482790e-09;
    p = p * z - 2.75573143513906633035e-07;
    p = p * z + 2.48015872894767294178e-05;
    p = p * z - 1.38888888888741095749e-03;
    p = p * z + 4.16666666666666019037e-02;
    double half = 0.5 * z;
    double w = 1 - half;
    return w + (((1 - w) - half) + (z * z * p - r * tail));
}

/* x = k pi/2 + r, with pi/2 in parts of 33 bits: their products with k are exact. */
double d_cos(double x)
{
    if (!(fabs(x) <= 1e6)) return NAN;
    double k = round_even(x * 6.36619772367581382433e-01);
    double a = x - k * 1.57079632673412561417e+00;
    double second = k * 6.07710050630396597660e-11, third = k * 2.02226624871116645580e-21;
    double b = a - second;
    double lost = (a - b) - second; /* what rounding took from b */
    double last = third + k * 8.47842766036889956997e-32 - lost;
    double r = b - last;
    double tail = (b - r) - last;
    switch ((int64_t)k & 3) {
    case 0:
        return cosine_near_zero(r, tail);
    case 1:
        return -sine_near_zero(r, tail);
    case 2:
        return -cosine_near_zero(r, tail);
    default:
        return sine_near_zero(r, tail);
    }
}

/* An unevaluated sum high + low, |low| <= ulp(high) / 2. */
typedef struct TwoDoubles {
    double high, low;
} TwoDoubles;

/* Dekker's exact product ("A floating-point technique for extending the available precision", 1971) plus the cross
 * terms; where the splitting or its error terms would leave the range of normal numbers, the plain product. */
static TwoDoubles two_multiply(TwoDoubles a, TwoDoubles b)
{
    double product = a.high * b.high;
    double large = 0x1p900, small = 0x1p-900;
    bool plain = !(fabs(product) < large && fabs(product) > small && fabs(a.high) < large && fabs(b.high) < large);
    if (plain) return (TwoDoubles){product, 0};
    double splitter = 134217729.0; /* 2^27 + 1 */
    double a_scaled = a.high * splitter, b_scaled = b.high * splitter;
    double a1 = a_scaled - (a_scaled - a.high), b1 = b_scaled - (b_scaled - b.high);
    double a2 = a.high - a1, b2 = b.high - b1;
    double error = ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2;
    error += a.high * b.low + a.low * b.high;
    double high = product + error;
    return (TwoDoubles){high, error - (high - product)};
}

double d_powi(double x, int64_t n)
{
    TwoDoubles result = {1, 0}, power = {x, 0};
    /* The magnitude, INT64_MIN's too. */
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    while (left) {
        if (left & 1) result = two_multiply(result, power);
        left >>= 1;
        if (left) power = two_multiply(power, power);
    }
    double value = result.high + result.low;
    return n < 0 ? 1 / value : value;
}
