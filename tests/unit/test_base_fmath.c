#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "nn/base/fmath.h"

#ifndef MAYVAE_DOUBLE

static real float_of(uint32_t bits)
{
    real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The distance from the true value, in units of the last place of a float of its size. Below the smallest normal number
 * both 0 and denormals are right. */
static double ulps(float y, double truth)
{
    if (isnan(truth)) return isnan(y) ? 0 : INFINITY;
    if (isinf(y) || isinf((float)truth)) return y == (float)truth ? 0 : INFINITY;
    if (fabs(truth) < FLT_MIN) return fabsf(y) <= FLT_MIN ? 0 : INFINITY;
    int exponent;
    frexp(truth, &exponent);
    return fabs(y - truth) / ldexp(1, exponent - FLT_MANT_DIG);
}

static real sine(real x)
{
    real s, c;
    r_sincos(x, &s, &c);
    return s;
}

static real cosine(real x)
{
    real s, c;
    r_sincos(x, &s, &c);
    return c;
}

static real exp_(real x)
{
    return r_exp(x);
}

static real log_(real x)
{
    return r_log(x);
}

static real tanh_(real x)
{
    return r_tanh(x);
}

static real sigmoid_(real x)
{
    return r_sigmoid(x);
}

static real softplus_(real x)
{
    return r_softplus(x);
}

static real sqrt_(real x)
{
    return r_sqrt(x);
}

static double true_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double true_softplus(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

typedef struct Function {
    const char *name;
    real (*ours)(real);
    double (*truth)(double);
    double bound; /* the documented one, in ulp */
    float limit;  /* of |x| */
    int slack;    /* how far, in ulp, rounding lets it fall where it should rise; -1: it isn't to rise */
} Function;

#define TWO_PI 6.2831855f

static const Function functions[] = {
    {"exp", exp_, exp, 1.25, INFINITY, 1},
    {"log", log_, log, 1, INFINITY, 1},
    {"tanh", tanh_, tanh, 1.5, INFINITY, 1},
    {"sigmoid", sigmoid_, true_sigmoid, 2.5, INFINITY, 1},
    {"softplus", softplus_, true_softplus, 2.25, INFINITY, 2},
    {"sqrt", sqrt_, sqrt, 0.5, INFINITY, 0},
    {"sin", sine, sin, 2, TWO_PI, -1},
    {"cos", cosine, cos, 2, TWO_PI, -1},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void check(const Function *function, float x)
{
    double distance = ulps(function->ours(x), function->truth(x));
    if (!(distance <= function->bound))
        fail_msg("%s(%.9g) = %.9g is %g ulp off", function->name, (double)x, (double)function->ours(x), distance);
}

/* Floats of every exponent and sign, evenly through the significands, infinities and NaNs among them. */
static void sweep_of_all_floats(void **state)
{
    (void)state;
    for (size_t f = 0; f < FUNCTIONS; f++)
        for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 1009) {
            float x = float_of((uint32_t)bits);
            if (functions[f].limit == INFINITY || fabsf(x) <= functions[f].limit) check(&functions[f], x);
        }
}

/* Each float in a row where something changes: exp's ends and steps, log's denormals and 1, tanh's seam, multiples of
 * pi / 2. */
static void every_float_at_the_seams(void **state)
{
    (void)state;
    static const float seams[] = {
        0,           1,           -1,          0.34657359f, -0.34657359f, 1.0397208f, 88.722839f, 88.37626f,
        -87.336545f, -87.68311f,  0.70710678f, 1.41421356f, 0.625f,       -0.625f,    1.5707964f, 3.1415927f,
        4.712389f,   TWO_PI,      -1.5707964f, -3.1415927f, -4.712389f,   -TWO_PI,    9.0109134f, -9.0109134f,
        16.635532f,  -16.635532f, FLT_MIN,     FLT_MAX,     0.78539816f,  2.3561945f, 3.9269908f, 5.4977871f};
    for (size_t f = 0; f < FUNCTIONS; f++)
        for (size_t i = 0; i < sizeof seams / sizeof *seams; i++) {
            uint32_t bits;
            memcpy(&bits, &seams[i], sizeof bits);
            for (uint32_t j = 0; j < 4000; j++) {
                float x = float_of(bits + j - 2000);
                if (functions[f].limit == INFINITY || fabsf(x) <= functions[f].limit) check(&functions[f], x);
            }
        }
}

/* From -inf to inf the values never fall below the highest so far, but for rounding. */
static void rising_functions_rise(void **state)
{
    (void)state;
    for (size_t f = 0; f < FUNCTIONS; f++) {
        if (functions[f].slack < 0) continue;
        float highest = -INFINITY;
        for (int64_t i = -INT64_C(0x7f800000); i <= INT64_C(0x7f800000); i += 1021) {
            float x = float_of(i < 0 ? (uint32_t)-i | UINT32_C(0x80000000) : (uint32_t)i);
            float y = functions[f].ours(x);
            if (isnan(y)) continue; /* log and sqrt below 0 */
            float lowest = highest;
            for (int k = 0; k < functions[f].slack; k++) lowest = nextafterf(lowest, -INFINITY);
            if (y < lowest)
                fail_msg("%s(%.9g) = %.9g, but %.9g before it", functions[f].name, (double)x, (double)y,
                         (double)highest);
            if (y > highest) highest = y;
        }
        assert_true(functions[f].ours(INFINITY) >= highest);
    }
}

static void special_values(void **state)
{
    (void)state;
    assert_true(r_exp(0) == 1 && r_exp(-0.0f) == 1);
    assert_true(r_exp(INFINITY) == INFINITY && r_exp(89) == INFINITY && r_exp(FLT_MAX) == INFINITY);
    assert_true(r_exp(-INFINITY) == 0 && r_exp(-88) == 0 && r_exp(-FLT_MAX) == 0);
    assert_true(r_log(1) == 0 && r_log(0) == -INFINITY && r_log(-0.0f) == -INFINITY && r_log(INFINITY) == INFINITY);
    assert_true(isnan(r_log(-1)) && isnan(r_log(-INFINITY)) && isnan(r_log(-FLT_TRUE_MIN)));
    assert_true(r_tanh(0) == 0 && signbit(r_tanh(-0.0f)) && !signbit(r_tanh(0)));
    assert_true(r_tanh(INFINITY) == 1 && r_tanh(-INFINITY) == -1 && r_tanh(FLT_MAX) == 1);
    assert_true(r_tanh(FLT_TRUE_MIN) == FLT_TRUE_MIN);
    assert_true(r_sigmoid(0) == 0.5f && r_sigmoid(INFINITY) == 1 && r_sigmoid(-INFINITY) == 0);
    assert_true(r_softplus(INFINITY) == INFINITY && r_softplus(-INFINITY) == 0 && r_softplus(1000) == 1000);
    assert_true(r_sqrt(0) == 0 && r_sqrt(4) == 2 && isnan(r_sqrt(-1)));
    for (size_t f = 0; f < FUNCTIONS; f++) assert_true(isnan(functions[f].ours(NAN)));
    assert_true(sine(0) == 0 && cosine(0) == 1);
}

/* tanh is odd and sigmoid(-x) = exp(-x) sigmoid(x): no side is treated otherwise. */
static void symmetries(void **state)
{
    (void)state;
    for (float x = 1e-30f; x < 100; x *= 1.01f) {
        assert_true(r_tanh(-x) == -r_tanh(x));
        assert_true(fabsf(r_sigmoid(x) + r_sigmoid(-x) - 1) <= FLT_EPSILON);
        assert_true(fabsf(r_softplus(x) - r_softplus(-x) - x) <= 4 * FLT_EPSILON * (1 + x));
    }
}

/* A loop that the compiler makes vector code of gives the bits of calls one by one. */
static void vector_code_gives_the_same_bits(void **state)
{
    (void)state;
    enum { N = 4099 };
    static float x[N], y[3][N];
    for (size_t i = 0; i < N; i++) x[i] = float_of((uint32_t)i * 1046527u);
    for (size_t i = 0; i < N; i++) y[0][i] = r_exp(x[i]);
    for (size_t i = 0; i < N; i++) y[1][i] = r_log(x[i]);
    for (size_t i = 0; i < N; i++) y[2][i] = r_softplus(x[i]);
    for (size_t f = 0; f < 3; f++)
        for (size_t i = 0; i < N; i++) {
            real (*volatile one)(real) = f == 0 ? exp_ : f == 1 ? log_ : softplus_;
            float expected = one(x[i]);
            assert_true((isnan(expected) && isnan(y[f][i])) || memcmp(&expected, &y[f][i], sizeof expected) == 0);
        }
}

#else

static void double_build_has_doubles(void **state)
{
    (void)state;
    real s, c;
    r_sincos(1, &s, &c);
    assert_true(fabs(r_exp(1) - 2.718281828459045235) < 1e-15 && fabs(r_log(2) - 0.693147180559945309) < 1e-15);
    assert_true(fabs(r_tanh(1) - 0.761594155955764888) < 1e-15 && fabs(r_sigmoid(1) - 0.731058578630004879) < 1e-15);
    assert_true(fabs(r_softplus(-40) / 4.248354255291589e-18 - 1) < 1e-14 && r_softplus(800) == 800);
    assert_true(fabs(s - 0.841470984807896507) < 1e-15 && fabs(c - 0.540302305868139717) < 1e-15);
    assert_true(r_sigmoid(-800) == 0 && r_sqrt(4) == 2);
}

#endif

/* As ulps, for doubles. */
static double double_ulps(double y, long double truth)
{
    if (isnan(truth)) return isnan(y) ? 0 : INFINITY;
    if (isinf(y) || isinf((double)truth)) return y == (double)truth ? 0 : INFINITY;
    if (fabsl(truth) < DBL_MIN) return fabs(y) <= DBL_MIN ? 0 : INFINITY;
    int exponent;
    frexpl(truth, &exponent);
    return (double)(fabsl(y - truth) / ldexpl(1, exponent - DBL_MANT_DIG));
}

static void check_double(const char *name, double x, double y, long double truth)
{
    double distance = double_ulps(y, truth);
    if (!(distance <= 4)) fail_msg("%s(%.17g) = %.17g is %g ulp off", name, x, y, distance);
}

static void doubles_against_long_doubles(void **state)
{
    (void)state;
    for (double x = -760; x < 760; x += 0.00137) check_double("exp", x, d_exp(x), expl(x));
    for (double x = -1e-3; x < 1e-3; x += 1.37e-8) check_double("exp", x, d_exp(x), expl(x));
    for (double x = 1e-320; x < 1e308; x *= 1.00313) check_double("log", x, d_log(x), logl(x));
    for (double x = 0.5; x < 2; x += 1.37e-5) check_double("log", x, d_log(x), logl(x));
    for (double x = -10; x < 10; x += 1.37e-4) check_double("cos", x, d_cos(x), cosl(x));
    for (double x = -1e6; x < 1e6; x += 1.37) check_double("cos", x, d_cos(x), cosl(x));
    /* The doubles next to cos's zeros, where what is left of x is smallest. */
    for (int k = -4001; k < 4001; k += 2) {
        double x = k * 1.57079632679489661923;
        check_double("cos", x, d_cos(x), cosl(x));
        check_double("cos", nextafter(x, 0), d_cos(nextafter(x, 0)), cosl(nextafter(x, 0)));
    }
}

static void double_special_values(void **state)
{
    (void)state;
    assert_true(d_exp(0) == 1 && d_exp(INFINITY) == INFINITY && d_exp(-INFINITY) == 0 && isnan(d_exp(NAN)));
    assert_true(isfinite(d_exp(709.78271289338397)) && d_exp(709.7827128933841) == INFINITY && d_exp(-709) == 0);
    assert_true(d_log(1) == 0 && d_log(0) == -INFINITY && isnan(d_log(-1)) && isnan(d_log(NAN)));
    assert_true(d_log(INFINITY) == INFINITY);
    assert_true(d_cos(0) == 1 && d_cos(3.14159265358979311600) == -1);
    assert_true(isnan(d_cos(NAN)) && isnan(d_cos(INFINITY)) && isnan(d_cos(1.1e6)));
}

static void integer_powers(void **state)
{
    (void)state;
    static const double bases[] = {0.9, 0.999, 0.95, 0.5, 1.0001, -0.99, 3, 10, 0.1};
    static const int64_t exponents[] = {0, 1, 2, 3, 7, 10, 63, 100, 999, 4096, 100000, 469000, -1, -5, -300};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        for (size_t j = 0; j < sizeof exponents / sizeof *exponents; j++) {
            long double truth = powl(bases[i], (long double)exponents[j]);
            if (fabsl(truth) >= DBL_MIN && fabsl(truth) <= DBL_MAX)
                check_double("powi", (double)exponents[j], d_powi(bases[i], exponents[j]), truth);
        }
    assert_true(d_powi(0, 0) == 1 && d_powi(0, 5) == 0 && d_powi(0, -1) == INFINITY);
    assert_true(d_powi(2, 1023) == 0x1p1023 && d_powi(2, 1024) == INFINITY && d_powi(2, -1022) == 0x1p-1022);
    assert_true(d_powi(-2, 3) == -8 && d_powi(1, INT64_MIN) == 1 && d_powi(0.5, INT64_MAX) == 0);
    assert_true(isnan(d_powi(NAN, 2)) && d_powi(INFINITY, 2) == INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifndef MAYVAE_DOUBLE
        cmocka_unit_test(sweep_of_all_floats),
        cmocka_unit_test(every_float_at_the_seams),
        cmocka_unit_test(rising_functions_rise),
        cmocka_unit_test(special_values),
        cmocka_unit_test(symmetries),
        cmocka_unit_test(vector_code_gives_the_same_bits),
#else
        cmocka_unit_test(double_build_has_doubles),
#endif
        cmocka_unit_test(doubles_against_long_doubles),
        cmocka_unit_test(double_special_values),
        cmocka_unit_test(integer_powers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
