/* The back end `exact`: every element is one chain of fused multiply-adds in the order of the naive twins. */
#include "nn/kernel/exact/exact.h"

/* A dense layer as a convolution of images of one pixel. */
static ConvShape pixels(size_t n, size_t in, size_t out)
{
    return (ConvShape){n, 1, 1, in, 1, 1, out, 1, 1, 1, 1, 0, 0, 0};
}

static size_t gather_scratch(const ConvShape *shape, bool backward)
{
    if (exact_flat_fits(shape)) return exact_flat_scratch(shape, backward);
    if (exact_scatter_fits(shape, backward)) return exact_scatter_scratch(shape);
    return exact_lanes_fit(shape, backward) ? exact_lanes_scratch(shape, backward)
                                            : exact_gather_scratch(shape, backward);
}

static void gather(ExactGather g, float *scratch)
{
    if (exact_flat_fits(g.shape))
        exact_flat(&g, scratch);
    else if (exact_scatter_fits(g.shape, g.backward))
        exact_scatter(&g, scratch);
    else if (exact_lanes_fit(g.shape, g.backward))
        exact_lanes(&g, scratch);
    else
        exact_gather(&g, scratch);
}

static size_t products_scratch(const ConvShape *shape)
{
    if (exact_turned_fits(shape)) return exact_turned_scratch(shape);
    if (exact_picked_fits(shape)) return exact_picked_scratch(shape);
    return exact_flat_products_fit(shape) ? exact_flat_products_scratch(shape) : 0;
}

static size_t exact_conv2d_scratch(const ConvShape *shape)
{
    return size_max(products_scratch(shape), size_max(gather_scratch(shape, false), gather_scratch(shape, true)));
}

static size_t exact_dense_scratch(size_t n, size_t in, size_t out)
{
    const ConvShape s = pixels(n, in, out);
    return exact_conv2d_scratch(&s);
}

static void exact_conv2d(const ConvShape *shape, const float *x, const float *w, const Ending *ending, float *y,
                         float *scratch)
{
    gather((ExactGather){shape, false, x, w, y, *ending}, scratch);
}

static void exact_conv2d_grad_input(const ConvShape *shape, const float *dy, const float *w, const Ending *ending,
                                    float *dx, float *scratch)
{
    gather((ExactGather){shape, true, dy, w, dx, *ending}, scratch);
}

static void exact_conv2d_grad_weight(const ConvShape *shape, const float *x, const float *dy, bool add, float *dw,
                                     float *scratch)
{
    const ExactProducts products = {shape, x, dy, add, dw};
    if (exact_taps_fit(shape))
        exact_taps(&products);
    else if (exact_turned_fits(shape))
        exact_turned(&products, scratch);
    else if (exact_flat_products_fit(shape))
        exact_flat_products(&products, scratch);
    else if (exact_small_fits(shape))
        exact_small(&products);
    else if (!exact_picked_fits(shape) || !exact_picked(&products, scratch))
        exact_products(&products);
}

static void exact_dense(size_t n, size_t in, size_t out, const float *x, const float *w, const Ending *ending, float *y,
                        float *scratch)
{
    const ConvShape s = pixels(n, in, out);
    exact_conv2d(&s, x, w, ending, y, scratch);
}

static void exact_dense_grad_input(size_t n, size_t in, size_t out, const float *dy, const float *w,
                                   const Ending *ending, float *dx, float *scratch)
{
    const ConvShape s = pixels(n, in, out);
    exact_conv2d_grad_input(&s, dy, w, ending, dx, scratch);
}

static void exact_dense_grad_weight(size_t n, size_t in, size_t out, const float *x, const float *dy, bool add,
                                    float *dw, float *scratch)
{
    const ConvShape s = pixels(n, in, out);
    exact_conv2d_grad_weight(&s, x, dy, add, dw, scratch);
}

const Numerics numerics_exact = {
    .name = "exact",
    .doc = "chains of fused multiply-adds in a fixed order: the same bits on every processor, at any number of threads",
    .dense_scratch = exact_dense_scratch,
    .dense = exact_dense,
    .dense_grad_input = exact_dense_grad_input,
    .dense_grad_weight = exact_dense_grad_weight,
    .conv2d_scratch = exact_conv2d_scratch,
    .conv2d = exact_conv2d,
    .conv2d_grad_input = exact_conv2d_grad_input,
    .conv2d_grad_weight = exact_conv2d_grad_weight,
};
