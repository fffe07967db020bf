#include "nn/kernel/openblas.h"

#include <cblas.h>
#include <limits.h>
#include <pthread.h>

#include "nn/base/err.h"
#include "nn/base/pool.h"

static void hold_to_one_thread(void)
{
    openblas_set_num_threads(1);
}

static int blas_int(size_t n)
{
    if (n > INT_MAX) BUG("a dimension of %zu is too large for OpenBLAS", n);
    return (int)n;
}

void openblas_gemm(size_t m, size_t n, size_t k, GemmMatrix a, GemmMatrix b, bool add, float *c, size_t c_stride)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, hold_to_one_thread);
    cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans, b.transposed ? CblasTrans : CblasNoTrans,
                blas_int(m), blas_int(n), blas_int(k), 1.0F, a.at, blas_int(a.stride), b.at, blas_int(b.stride),
                add ? 1.0F : 0.0F, c, blas_int(c_stride));
}

void openblas_end(const Ending *ending, size_t rows, size_t n, float *c, size_t c_stride, size_t at, size_t channel)
{
    for (size_t i = 0; i < rows; i++) {
        float *restrict row = c + i * c_stride;
        const float *restrict bias = ending->bias ? ending->bias + channel : NULL;
        const float *restrict rectified = ending->rectified ? ending->rectified + at + i * c_stride : NULL;
        for (size_t j = 0; j < n && bias; j++) row[j] += bias[j];
        for (size_t j = 0; j < n && ending->rectify; j++) row[j] = row[j] < 0 ? 0 : row[j];
        for (size_t j = 0; j < n && rectified; j++) row[j] = 0 + (rectified[j] <= 0 ? 0 : row[j]);
    }
}

/* A product cut into tiles of its result; no tile splits k. */
typedef struct Product {
    size_t m, n, k;
    GemmMatrix a, b;
    Ending ending;
    float *c;
    size_t tile_m, tile_n, tiles_n;
} Product;

/* Enough tasks for a balanced load, in tiles that are still worth packing for. */
enum { TASKS = 16, TILE_N_MIN = 64, TILE_M_MIN = 32, TILE_UNIT = 16 };

static size_t tile_size(size_t n, size_t tiles, size_t least)
{
    size_t size = (n + tiles - 1) / tiles;
    size = (size + TILE_UNIT - 1) / TILE_UNIT * TILE_UNIT;
    return size < least ? least : size;
}

static void product_tile(void *context, size_t task)
{
    const Product *p = context;
    const size_t i = task / p->tiles_n * p->tile_m, j = task % p->tiles_n * p->tile_n;
    const size_t m = p->m - i < p->tile_m ? p->m - i : p->tile_m;
    const size_t n = p->n - j < p->tile_n ? p->n - j : p->tile_n;
    GemmMatrix a = p->a, b = p->b;
    a.at += a.transposed ? i : i * a.stride;
    b.at += b.transposed ? j * b.stride : j;
    float *c = p->c + i * p->n + j;
    openblas_gemm(m, n, p->k, a, b, p->ending.add, c, p->n);
    openblas_end(&p->ending, m, n, c, p->n, i * p->n + j, j);
}

static void product_run(Product *p)
{
    p->tile_n = tile_size(p->n, TASKS, TILE_N_MIN);
    p->tiles_n = (p->n + p->tile_n - 1) / p->tile_n;
    p->tile_m = tile_size(p->m, (TASKS + p->tiles_n - 1) / p->tiles_n, TILE_M_MIN);
    const size_t tiles_m = (p->m + p->tile_m - 1) / p->tile_m;
    pool_run(tiles_m * p->tiles_n, product_tile, p);
}

static void openblas_dense(size_t n, size_t in, size_t out, const float *x, const float *w, const Ending *ending,
                           float *y, float *scratch)
{
    (void)scratch;
    product_run(
        &(Product){.m = n, .n = out, .k = in, .a = {x, in, false}, .b = {w, out, false}, .ending = *ending, .c = y});
}

static void openblas_dense_grad_input(size_t n, size_t in, size_t out, const float *dy, const float *w,
                                      const Ending *ending, float *dx, float *scratch)
{
    (void)scratch;
    product_run(
        &(Product){.m = n, .n = in, .k = out, .a = {dy, out, false}, .b = {w, out, true}, .ending = *ending, .c = dx});
}

static void openblas_dense_grad_weight(size_t n, size_t in, size_t out, const float *x, const float *dy, bool add,
                                       float *dw, float *scratch)
{
    (void)scratch;
    product_run(&(Product){
        .m = in, .n = out, .k = n, .a = {x, in, true}, .b = {dy, out, false}, .ending = {.add = add}, .c = dw});
}

static size_t no_scratch(size_t n, size_t in, size_t out)
{
    (void)n, (void)in, (void)out;
    return 0;
}

static size_t scratch_size(const ConvShape *shape)
{
    const size_t images = openblas_conv2d_scratch(shape), weight = openblas_conv2d_grad_weight_scratch(shape);
    return images > weight ? images : weight;
}

const Numerics numerics_openblas = {
    .name = "openblas",
    .doc = "OpenBLAS, one thread a call; the bits may differ between processors and versions of the library",
    .dense_scratch = no_scratch,
    .dense = openblas_dense,
    .dense_grad_input = openblas_dense_grad_input,
    .dense_grad_weight = openblas_dense_grad_weight,
    .conv2d_scratch = scratch_size,
    .conv2d = openblas_conv2d,
    .conv2d_grad_input = openblas_conv2d_grad_input,
    .conv2d_grad_weight = openblas_conv2d_grad_weight,
};
