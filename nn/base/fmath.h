/* Elementary functions of the numeric path: ours, made of IEEE-exact operations (add, multiply, divide, sqrt, bit
 * moves, no contraction), so that the bits are the same with every compiler, libm and vector width. All r_ functions
 * are branch-free static inlines (selects only), so that a plain loop over them becomes vector code, with SSE2 too. In
 * MODE=dbl they are libm's doubles, since that build only checks gradients.
 *
 *   r_exp r_log r_tanh r_sigmoid r_softplus: real -> real;   r_sincos(x, &s, &c): |x| <= 2 pi;   r_sqrt
 *   d_exp d_log d_cos: the same in double, for schedules and metrics;   d_powi(x, n): integer power
 *
 * Error bounds, in units of the last place, as tested against double (or long double) libm over a dense sweep:
 *   r_exp 1.25;   r_log 1;   r_tanh 1.5;   r_sigmoid 2.5;   r_softplus 2.25;   r_sqrt 0.5 (exact)
 *   r_sincos 2 (relative, near the zeros too)
 *   d_exp, d_log, d_cos, d_powi 4 (d_cos: |x| <= 1e6)
 * Exponentials below the smallest normal number (2^-126, for d_exp 2^-1022) are flushed to 0, because denormal operands
 * slow every later step; denormal arguments are taken as they are. NaN gives NaN. The r_ constants without a source
 * beside them are those of Cephes (S. Moshier) and FDLIBM (Sun Microsystems), both free to use. */
#ifndef NN_BASE_FMATH_H
#define NN_BASE_FMATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "nn/base/real.h"

#ifdef MAYVAE_DOUBLE

static inline real r_exp(real x)
{
    return exp(x);
}

static inline real r_log(real x)
{
    return log(x);
}

static inline real r_tanh(real x)
{
    return tanh(x);
}

static inline real r_sigmoid(real x)
{
    real e = exp(-fabs(x));
    return (x >= 0 ? 1 : e) / (1 + e);
}

static inline real r_softplus(real x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

static inline void r_sincos(real x, real *s, real *c)
{
    *s = sin(x);
    *c = cos(x);
}

static inline real r_sqrt(real x)
{
    return sqrt(x);
}

#else

static inline uint32_t fmath_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float fmath_float(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x + 1.5 x 2^23 rounds x to an integer, to nearest even, and leaves it in the low bits of the sum. */
#define FMATH_ROUND 12582912.0f
#define FMATH_ROUND_BITS UINT32_C(0x4b400000)

/* exp(x) = 2^k exp(r), r = x - k ln 2 in [-ln2/2, ln2/2], with ln 2 in two parts, the first of few bits, so that its
 * product with k is exact. inf above ln(FLT_MAX), 0 below ln(2^-126). */
static inline float r_exp(float x)
{
    float shifted = x * 1.44269504088896341f + FMATH_ROUND;
    float k = shifted - FMATH_ROUND;
    float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = 1 + (r + r * r * p);
    /* p lies in [0.7, 1.42]: k is added to its exponent. Where that leaves the normal range the selects override it. */
    float y = fmath_float(fmath_bits(p) + ((fmath_bits(shifted) - FMATH_ROUND_BITS) << 23));
    y = x < -87.3365402f ? 0 : y;
    return x <= 88.7228317f ? y : x + INFINITY;
}

/* log(x) = k ln 2 + log(1 + f), 1 + f in [sqrt(1/2), sqrt(2)); log(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)) with
 * s = f / (2 + f). -inf at 0, NaN below. */
static inline float r_log(float x)
{
    float scaled = x < 1.17549435e-38f ? x * 8388608.0f : x;
    float shift = x < 1.17549435e-38f ? -23.0f : 0;
    uint32_t bits = fmath_bits(scaled) + (UINT32_C(0x3f800000) - UINT32_C(0x3f3504f3));
    float k = (float)((int32_t)(bits >> 23) - 127) + shift;
    float f = fmath_float((bits & UINT32_C(0x007fffff)) + UINT32_C(0x3f3504f3)) - 1;
    float s = f / (2 + f);
    float z = s * s, w = z * z;
    float remainder = z * (0.66666662693f + w * 0.28498786688f) + w * (0.40000972152f + w * 0.24279078841f);
    float half = 0.5f * f * f;
    float y = s * (half + remainder) + k * 9.0580006145e-6f - half + f + k * 6.9313812256e-1f;
    y = x < INFINITY ? y : x;
    y = x == 0 ? -INFINITY : y;
    return x < 0 ? NAN : y;
}

/* Below 0.625 an odd polynomial, for relative accuracy near 0; above it 1 - 2 / (exp(2 |x|) + 1). */
static inline float r_tanh(float x)
{
    float a = fmath_float(fmath_bits(x) & UINT32_C(0x7fffffff));
    float z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    float small = p * z * x + x;
    float large = 1 - 2 / (r_exp(a + a) + 1);
    float y = a < 0.625f ? small : large;
    return fmath_float(fmath_bits(y) | (fmath_bits(x) & UINT32_C(0x80000000)));
}

/* 1 / (1 + exp(-x)), with an exponential that can't overflow on either side. */
static inline float r_sigmoid(float x)
{
    float e = r_exp(-fmath_float(fmath_bits(x) & UINT32_C(0x7fffffff)));
    return (x >= 0 ? 1 : e) / (1 + e);
}

/* log(1 + exp(x)) = max(x, 0) + log1p(e), e = exp(-|x|) in [0, 1]. With s = e / (2 + e) <= 1/3,
 * log1p(e) = 2 atanh(s) = e - s (e - s^2 Q(s^2)); Q interpolates sum 2/(2j+3) z^j at the Chebyshev nodes of [0, 1/9].
 */
static inline float r_softplus(float x)
{
    float e = r_exp(-fmath_float(fmath_bits(x) & UINT32_C(0x7fffffff)));
    float s = e / (2 + e);
    float z = s * s;
    float q = 0.23224329221551268f;
    q = q * z + 0.21706575801340242f;
    q = q * z + 0.2859235799427952f;
    q = q * z + 0.39999706331929985f;
    q = q * z + 0.6666666732052741f;
    return (x > 0 ? x : 0) + (e - s * (e - z * q));
}

/* x = k pi/2 + r, r in [-pi/4, pi/4], with pi/2 in four parts, the first three of few bits. |x| <= 2 pi (beyond it the
 * error grows with x). */
static inline void r_sincos(float x, float *s, float *c)
{
    float shifted = x * 0.636619772367581343f + FMATH_ROUND;
    float k = shifted - FMATH_ROUND;
    uint32_t quadrant = fmath_bits(shifted);
    float r = ((x - k * 0x1.92p+0f) - k * 0x1.fb6p-12f) + k * 0x1.778p-25f - k * 0x1.68c234p-39f;
    float z = r * r;
    float sine = ((-1.9515295891e-4f * z + 8.3321608736e-3f) * z - 1.6666654611e-1f) * z * r + r;
    float cosine = ((2.443315711809948e-5f * z - 1.388731625493765e-3f) * z + 4.166664568298827e-2f) * z * z;
    cosine = cosine - 0.5f * z + 1;
    /* Odd quadrants exchange the two; sin is negative in 2 and 3, cos in 1 and 2. */
    uint32_t sine_bits = quadrant & 1 ? fmath_bits(cosine) : fmath_bits(sine);
    uint32_t cosine_bits = quadrant & 1 ? fmath_bits(sine) : fmath_bits(cosine);
    *s = fmath_float(sine_bits ^ ((quadrant & 2) << 30));
    *c = fmath_float(cosine_bits ^ (((quadrant + 1) & 2) << 30));
}

static inline float r_sqrt(float x)
{
    return sqrtf(x);
}

#endif

/* Out of line: schedules and metrics call them a few times a step. */
double d_exp(double x);
double d_log(double x);
double d_cos(double x); /* |x| <= 1e6 */
/* x^n, 0^0 = 1; the products are carried in two doubles, so the error doesn't grow with n. */
double d_powi(double x, int64_t n);

#endif
