#include "runner/metric/importance.h"

#include <stdlib.h>

#include "nn/base/alloc.h"
#include "nn/base/fmath.h"
#include "nn/base/pool.h"

enum { TASK = 16 };

/* A draw under way. */
typedef struct Draw {
    const Importance *importance;
    size_t first, n;
    real *z;
} Draw;

void importance_init(Importance *importance, size_t batch)
{
    importance->bound = mem_zeroed(mem_mul(importance->counts, importance->images), sizeof(double));
    importance->ratio = mem_zeroed(batch, sizeof(double));
}

void importance_release(Importance *importance)
{
    free(importance->bound);
    free(importance->ratio);
    *importance = (Importance){0};
}

/* z = mean + exp(log_variance / 2) e. The constants of both densities are equal, so the ratio's logarithm is the sum of
 * (e^2 - z^2 + log_variance) / 2. */
static void draw_rows(void *context, size_t task)
{
    const Draw *draw = context;
    const Importance *importance = draw->importance;
    const size_t dim = importance->dim, end = (task + 1) * TASK < draw->n ? (task + 1) * TASK : draw->n;
    for (size_t r = task * TASK; r < end; r++) {
        const size_t image = (draw->first + r) / importance->samples, sample = (draw->first + r) % importance->samples;
        const real *mean = importance->mean + image * dim, *log_variance = importance->log_variance + image * dim;
        real *z = draw->z + r * dim;
        double ratio = 0;
        rng_normal(importance->noise, sample, importance->number[image], dim, z);
        for (size_t d = 0; d < dim; d++) {
            const real noise = z[d];
            z[d] = mean[d] + r_exp(log_variance[d] / 2) * noise;
            ratio += (double)noise * (double)noise - (double)z[d] * (double)z[d] + (double)log_variance[d];
        }
        importance->ratio[r] = ratio / 2;
    }
}

void importance_draw(Importance *importance, size_t first, size_t n, real *z)
{
    Draw draw = {importance, first, n, z};
    pool_run((n + TASK - 1) / TASK, draw_rows, &draw);
}

void importance_add(Importance *importance, size_t first, size_t n, const double *log_likelihood)
{
    for (size_t r = 0; r < n; r++) {
        const size_t image = (first + r) / importance->samples, sample = (first + r) % importance->samples;
        const double weight = log_likelihood[r] + importance->ratio[r];
        if (sample == 0) {
            importance->most = weight;
            importance->sum = 1;
        } else if (weight > importance->most) {
            importance->sum = importance->sum * d_exp(importance->most - weight) + 1;
            importance->most = weight;
        } else {
            importance->sum += d_exp(weight - importance->most);
        }
        for (size_t c = 0; c < importance->counts; c++)
            if (sample + 1 == importance->count[c])
                importance->bound[c * importance->images + image] =
                    importance->most + d_log(importance->sum / (double)(sample + 1));
    }
}
