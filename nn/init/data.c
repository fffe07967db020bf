#include <stdlib.h>
#include <string.h>

#include "nn/base/alloc.h"
#include "nn/init/init.h"

static bool is_among(const real *rows, size_t n, size_t dim, const real *row)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(rows + i * dim, row, dim * sizeof *row) == 0) return true;
    return false;
}

/* In a shuffled order: first each vector that differs from all those taken, then the rest, then all over again. */
static void fill_from(const void *options, Rng rng, size_t positions, size_t dim, const real *x, size_t rows,
                      real *values)
{
    (void)options;
    size_t taken = 0, rest = 0;
    if (positions == 0) BUG("a codebook from no data");
    uint32_t *order = mem_zeroed(positions, sizeof *order), *left = mem_zeroed(positions, sizeof *left);
    for (size_t i = 0; i < positions; i++) order[i] = (uint32_t)i;
    rng_shuffle(rng, 0, positions, order);
    for (size_t i = 0; i < positions && taken < rows; i++) {
        const real *row = x + order[i] * dim;
        if (is_among(values, taken, dim, row))
            left[rest++] = order[i];
        else
            memcpy(values + taken++ * dim, row, dim * sizeof *row);
    }
    const size_t distinct = taken; /* at least 1 */
    for (size_t i = 0; taken < rows; i++, taken++) {
        const real *row = i < rest ? x + left[i] * dim : values + (i - rest) % distinct * dim;
        memmove(values + taken * dim, row, dim * sizeof *row);
    }
    free(order);
    free(left);
}

static void fill(const void *options, Rng rng, size_t fan_in, size_t fan_out, size_t n, real *values)
{
    initialiser_uniform.fill(options, rng, fan_in, fan_out, n, values);
}

const Initialiser initialiser_data = {
    .row = {.name = "data",
            .doc = "Vectors of the encoder, as it stands before the first step, of the first batch of training, at "
                   "positions drawn at random: each a different one while there are enough, so every code begins where "
                   "the data is. Where there is no data (estimates of the time, `bench`): as uniform."},
    .fill = fill,
    .fill_from = fill_from,
};
