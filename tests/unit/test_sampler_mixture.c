/* Mixtures of Gaussians: what is fitted, and that neither threads nor odd data matter. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nn/base/alloc.h"
#include "nn/base/pool.h"
#include "runner/sampler/kmeans.h"
#include "runner/sampler/mixture.h"

enum { N = 5000, DIM = 3 };

static real x[N * DIM];

/* What the data below are drawn from: three Gaussians, the last with correlated dimensions. */
static const double weight[3] = {0.5, 0.3, 0.2};
static const double mean[3][DIM] = {{0, 0, 0}, {6, -4, 1}, {-5, 5, 2}};
static const double factor[3][DIM][DIM] = {{{1, 0, 0}, {0, 0.5, 0}, {0, 0, 2}},
                                           {{1, 0, 0}, {0.5, 1, 0}, {0, -0.5, 0.25}},
                                           {{2, 0, 0}, {-1, 0.5, 0}, {1, 1, 1}}};

static int setup(void **state)
{
    (void)state;
    const Rng rng = rng_stream(5, "data"), which = rng_stream(5, "component");
    for (size_t i = 0; i < N; i++) {
        real noise[DIM], u;
        rng_normal(rng, 0, (uint32_t)i, DIM, noise);
        rng_uniform(which, 0, (uint32_t)i, 1, &u);
        const size_t k = (double)u < weight[0] ? 0 : (double)u < weight[0] + weight[1] ? 1 : 2;
        for (size_t a = 0; a < DIM; a++) {
            double value = mean[k][a];
            for (size_t b = 0; b <= a; b++) value += factor[k][a][b] * (double)noise[b];
            x[i * DIM + a] = (real)value;
        }
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pool_stop();
    return 0;
}

static double covariance(const double *l, size_t dim, size_t a, size_t b)
{
    double sum = 0;
    for (size_t k = 0; k < dim; k++) sum += l[a * dim + k] * l[b * dim + k];
    return sum;
}

static void near(double got, double wanted, double slack)
{
    if (!(fabs(got - wanted) <= slack)) fail_msg("%.12g is not %.12g +- %g", got, wanted, slack);
}

static void a_known_mixture_is_found(void **state)
{
    (void)state;
    Mixture mixture;
    assert_true(mixture_fit(&mixture, 3, N, DIM, x, rng_stream(1, "gmm"), 200, NULL, NULL));
    assert_true(mixture.iterations < 200);
    for (size_t k = 0; k < 3; k++) {
        size_t found = 0;
        for (size_t m = 1; m < 3; m++)
            if (fabs(mixture.mean[m * DIM] - mean[k][0]) < fabs(mixture.mean[found * DIM] - mean[k][0])) found = m;
        near(mixture.weight[found], weight[k], 0.02);
        for (size_t a = 0; a < DIM; a++) {
            near(mixture.mean[found * DIM + a], mean[k][a], 0.2);
            for (size_t b = 0; b <= a; b++)
                near(covariance(mixture.factor + found * DIM * DIM, DIM, a, b), covariance(factor[k][0], DIM, a, b),
                     0.5);
        }
    }
    mixture_release(&mixture);
}

/* One Gaussian: the mean and the covariance (by n) of the data, and their likelihood in closed form. */
static void one_component_is_mean_and_covariance(void **state)
{
    (void)state;
    Mixture mixture;
    double center[DIM] = {0}, spread[DIM][DIM] = {{0}}, log_determinant = 0;
    assert_true(mixture_fit(&mixture, 1, N, DIM, x, rng_stream(1, "gmm"), 10, NULL, NULL));
    for (size_t i = 0; i < N; i++)
        for (size_t a = 0; a < DIM; a++) center[a] += (double)x[i * DIM + a] / N;
    for (size_t i = 0; i < N; i++)
        for (size_t a = 0; a < DIM; a++)
            for (size_t b = 0; b < DIM; b++)
                spread[a][b] += ((double)x[i * DIM + a] - center[a]) * ((double)x[i * DIM + b] - center[b]) / N;
    near(mixture.weight[0], 1, 1e-12);
    for (size_t a = 0; a < DIM; a++) {
        near(mixture.mean[a], center[a], 1e-9);
        log_determinant += 2 * log(mixture.factor[a * DIM + a]);
        for (size_t b = 0; b <= a; b++) near(covariance(mixture.factor, DIM, a, b), spread[a][b], 1e-4);
    }
    near(mixture.log_likelihood, -0.5 * (DIM * log(2 * acos(-1.0)) + log_determinant + DIM), 1e-4);
    mixture_release(&mixture);
}

static void each_step_raises_the_likelihood(void **state)
{
    (void)state;
    double before = -INFINITY;
    for (size_t steps = 1; steps <= 12; steps++) {
        Mixture mixture;
        assert_true(mixture_fit(&mixture, 4, N, DIM, x, rng_stream(3, "gmm"), steps, NULL, NULL));
        assert_true(mixture.log_likelihood > before - 1e-9);
        before = mixture.log_likelihood;
        mixture_release(&mixture);
    }
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    Mixture alone, many;
    assert_true(mixture_fit(&alone, 5, N, DIM, x, rng_stream(1, "gmm"), 8, NULL, NULL));
    for (size_t threads = 2; threads <= 5; threads += 3) {
        pool_start(threads);
        assert_true(mixture_fit(&many, 5, N, DIM, x, rng_stream(1, "gmm"), 8, NULL, NULL));
        pool_stop();
        assert_memory_equal(alone.weight, many.weight, 5 * sizeof(double));
        assert_memory_equal(alone.mean, many.mean, 5 * DIM * sizeof(double));
        assert_memory_equal(alone.factor, many.factor, 5 * DIM * DIM * sizeof(double));
        mixture_release(&many);
    }
    mixture_release(&alone);
}

static void is_sound(const Mixture *mixture)
{
    double sum = 0;
    for (size_t k = 0; k < mixture->components; k++) {
        sum += mixture->weight[k];
        for (size_t i = 0; i < mixture->dim; i++) {
            assert_true(isfinite(mixture->mean[k * mixture->dim + i]));
            assert_true(mixture->factor[(k * mixture->dim + i) * mixture->dim + i] > 0);
        }
    }
    near(sum, 1, 1e-9);
    assert_true(isfinite(mixture->log_likelihood));
}

/* A dimension that stands still, all vectors equal, more components than vectors. */
static void poor_data_do_no_harm(void **state)
{
    (void)state;
    static real poor[200 * DIM];
    Mixture mixture;
    for (size_t i = 0; i < 200; i++) {
        memcpy(poor + i * DIM, x + i * DIM, DIM * sizeof *x);
        poor[i * DIM + 1] = 7;
    }
    assert_true(mixture_fit(&mixture, 3, 200, DIM, poor, rng_stream(1, "gmm"), 50, NULL, NULL));
    is_sound(&mixture);
    mixture_release(&mixture);
    for (size_t i = 0; i < 200 * DIM; i++) poor[i] = 2;
    assert_true(mixture_fit(&mixture, 3, 200, DIM, poor, rng_stream(1, "gmm"), 50, NULL, NULL));
    is_sound(&mixture);
    mixture_release(&mixture);
    assert_true(mixture_fit(&mixture, 6, 4, DIM, x, rng_stream(1, "gmm"), 50, NULL, NULL));
    is_sound(&mixture);
    mixture_release(&mixture);
}

/* The uniform number picks the component, the noise the place about its mean. */
static void draws_follow_the_mixture(void **state)
{
    (void)state;
    double weights[] = {0.25, 0.5, 0.25}, means[] = {1, 2, 10, 20, 100, 200};
    double factors[] = {2, 0, 1, 3, 1, 0, 0, 1, 1, 0, 0, 1};
    const Mixture mixture = {.components = 3, .dim = 2, .weight = weights, .mean = means, .factor = factors};
    const real noise[2] = {1, -2}, still[2] = {0, 0};
    static const double uniform[] = {0, 0.2499, 0.25, 0.7499, 0.75, 0.9999999};
    real z[2];
    mixture_draw(&mixture, 0.1, noise, z);
    near((double)z[0], 1 + 2, 1e-6);
    near((double)z[1], 2 + 1 - 6, 1e-6);
    for (size_t i = 0; i < 6; i++) {
        mixture_draw(&mixture, uniform[i], still, z);
        near((double)z[0], means[i / 2 * 2], 1e-6);
    }
}

static void kmeans_finds_clusters_apart(void **state)
{
    (void)state;
    static real points[300];
    static int nearest[300];
    double centre[3];
    for (size_t i = 0; i < 300; i++) points[i] = (real)((double)(i % 3) * 100 + (double)(i / 3) * 0.01);
    kmeans(3, 300, 1, points, rng_stream(2, "k"), centre, nearest);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(nearest[i], nearest[i % 3]);
        near(centre[nearest[i]], (double)(i % 3) * 100 + 0.495, 1e-4);
    }
}

static bool stop_at_two(void *context, size_t done, size_t total, Err *err)
{
    size_t *heard = context;
    assert_int_equal(done, (*heard)++);
    assert_int_equal(total, 50);
    return done < 2 || err_failed(err, (Loc){0}, "stopped");
}

static void a_stop_ends_the_fit(void **state)
{
    (void)state;
    Mixture mixture;
    size_t heard = 0;
    Err err = {0};
    const UseContext use = {.progress = stop_at_two, .progress_context = &heard};
    assert_false(mixture_fit(&mixture, 3, N, DIM, x, rng_stream(1, "gmm"), 50, &use, &err));
    assert_string_equal(err.text, "stopped");
    assert_int_equal(heard, 3);
    assert_null(mixture.mean);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_known_mixture_is_found),
        TEST(one_component_is_mean_and_covariance),
        TEST(each_step_raises_the_likelihood),
        TEST(threads_change_no_bit),
        TEST(poor_data_do_no_harm),
        TEST(draws_follow_the_mixture),
        TEST(kmeans_finds_clusters_apart),
        TEST(a_stop_ends_the_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
