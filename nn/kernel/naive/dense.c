#include "nn/kernel/naive/naive.h"

size_t naive_dense_scratch(size_t n, size_t in, size_t out)
{
    (void)n, (void)in, (void)out;
    return 0;
}

/* y[i][o] = sum_k x[i][k] w[k][o] */
void naive_dense(size_t n, size_t in, size_t out, const real *x, const real *w, const Ending *ending, real *y,
                 real *scratch)
{
    (void)scratch;
    for (size_t i = 0; i < n; i++) {
        for (size_t o = 0; o < out; o++) {
            real sum = naive_begin(ending, y, i * out + o);
            for (size_t k = 0; k < in; k++) sum = naive_link(x[i * in + k], w[k * out + o], sum);
            y[i * out + o] = naive_end(ending, sum, i * out + o, o);
        }
    }
}

/* dx[i][k] = sum_o dy[i][o] w[k][o] */
void naive_dense_grad_input(size_t n, size_t in, size_t out, const real *dy, const real *w, const Ending *ending,
                            real *dx, real *scratch)
{
    (void)scratch;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < in; k++) {
            real sum = naive_begin(ending, dx, i * in + k);
            for (size_t o = 0; o < out; o++) sum = naive_link(dy[i * out + o], w[k * out + o], sum);
            dx[i * in + k] = naive_end(ending, sum, i * in + k, k);
        }
    }
}

/* dw[k][o] = sum_i x[i][k] dy[i][o] */
void naive_dense_grad_weight(size_t n, size_t in, size_t out, const real *x, const real *dy, bool add, real *dw,
                             real *scratch)
{
    (void)scratch;
    for (size_t k = 0; k < in; k++) {
        for (size_t o = 0; o < out; o++) {
            real sum = add ? dw[k * out + o] : 0;
            for (size_t i = 0; i < n; i++) sum = naive_link(x[i * in + k], dy[i * out + o], sum);
            dw[k * out + o] = naive_settle(sum);
        }
    }
}
