#include "nn/op/conv_geometry.h"

#include <string.h>

#include "nn/op/gradients.h"

/* One axis: its pads are in all; `same` needs none. */
typedef struct Axis {
    const char *name;
    size_t in, kernel;
    int64_t stride, begin, end;
} Axis;

static bool padding_is(const Padding *padding, const char *mode)
{
    return padding->mode && strcmp(padding->mode, mode) == 0;
}

static bool output_size(const OpShape *op, bool transpose, const Padding *padding, const Axis *axis, size_t *size,
                        Err *err)
{
    const bool same = padding_is(padding, "same"), valid = padding_is(padding, "valid");
    const size_t stride = (size_t)axis->stride;
    size_t pads = 0, full;
    if (axis->stride < 1) {
        return op_refuse(op, err, "the stride must be at least 1, got %lld in %s", (long long)axis->stride, axis->name);
    }
    if (!same && !valid) {
        if (axis->begin < 0 || axis->end < 0) {
            return op_refuse(op, err, "padding can't be negative, got %lld and %lld in %s", (long long)axis->begin,
                             (long long)axis->end, axis->name);
        }
        pads = mem_add((size_t)axis->begin, (size_t)axis->end);
    }
    if (same && !transpose) {
        *size = (axis->in - 1) / stride + 1;
    } else if (same) {
        if (__builtin_mul_overflow(axis->in, stride, size)) return op_refuse(op, err, "its output is too large");
    } else if (!transpose) {
        if (__builtin_add_overflow(axis->in, pads, &full)) return op_refuse(op, err, "its padding is too large");
        if (full < axis->kernel) {
            return op_refuse(op, err,
                             "a kernel of %s %zu doesn't fit into %zu with padding %zu; make the kernel smaller "
                             "or use padding: same",
                             axis->name, axis->kernel, axis->in, pads);
        }
        *size = (full - axis->kernel) / stride + 1;
    } else {
        if (__builtin_mul_overflow(axis->in - 1, stride, &full) || __builtin_add_overflow(full, axis->kernel, &full)) {
            return op_refuse(op, err, "its output is too large");
        }
        if (full <= pads) {
            return op_refuse(op, err, "padding %zu takes away all of an output of %s %zu; use less padding", pads,
                             axis->name, full);
        }
        *size = full - pads;
    }
    return true;
}

static bool check_bias(const OpShape *op, size_t filters, Err *err)
{
    char text[96];
    if (op->inputs < 3 || (op->in[2].rank == 1 && op->in[2].dim[0] == filters)) return true;
    return op_refuse(op, err, "wants a bias of [%zu], got %s", filters, shape_text(op->in[2], text));
}

static bool check_masked_weight(const OpShape *op, size_t taps, Err *err)
{
    char text[96];
    const Shape w = op->in[1];
    if (w.rank != 3 || w.dim[0] != taps || w.dim[1] != op->in[0].dim[3])
        return op_refuse(op, err, "wants a weight of [%zu,%zu,filters], got %s", taps, op->in[0].dim[3],
                         shape_text(w, text));
    return check_bias(op, w.dim[2], err);
}

static bool check_weight(const OpShape *op, bool transpose, Err *err)
{
    char text[96];
    const Shape x = op->in[0], w = op->in[1];
    const size_t channels = transpose ? 3 : 2; /* the dim of w that meets the input's channels */
    const size_t taps = ((const ConvAttributes *)op->attributes)->taps;
    if (taps > 0) return check_masked_weight(op, taps, err);
    if (w.rank != 4 || w.dim[channels] != x.dim[3]) {
        return op_refuse(op, err,
                         transpose ? "wants a weight of [kh,kw,filters,%zu], got %s"
                                   : "wants a weight of [kh,kw,%zu,filters], got %s",
                         x.dim[3], shape_text(w, text));
    }
    return check_bias(op, w.dim[5 - channels], err);
}

/* Height and width of the kernel. */
static void kernel_size(const ConvAttributes *attributes, Shape weight, size_t size[2])
{
    for (size_t i = 0; i < 2; i++) size[i] = attributes->taps ? attributes->kernel[i] : weight.dim[i];
}

bool conv_geometry_check(OpShape *op, bool transpose, Err *err)
{
    const ConvAttributes *attributes = op->attributes;
    const Padding *padding = &attributes->padding;
    char text[96];
    const Shape x = op->in[0], w = op->in[1];
    if (x.rank != 4) {
        return op_refuse(op, err, "wants images [n,height,width,channels], got %s; put \"reshape\" before it",
                         shape_text(x, text));
    }
    if (!check_weight(op, transpose, err)) return false;
    size_t kernel[2];
    kernel_size(attributes, w, kernel);
    const Axis height = {"height", x.dim[1], kernel[0], attributes->stride[0], padding->top, padding->bottom};
    const Axis width = {"width", x.dim[2], kernel[1], attributes->stride[1], padding->left, padding->right};
    op->out = (Shape){.rank = 4, .dim = {x.dim[0], 0, 0, w.dim[transpose ? 2 : w.rank - 1]}};
    if (!output_size(op, transpose, padding, &height, &op->out.dim[1], err)) return false;
    if (!output_size(op, transpose, padding, &width, &op->out.dim[2], err)) return false;
    if (!shape_fits(op->out)) return op_refuse(op, err, "its output %s is too large", shape_text(op->out, text));

    const ConvShape s = conv_geometry(attributes, transpose ? op->out : x, w, transpose ? x : op->out);
    op->scratch = gradients_scratch(op, op->numerics->conv2d_scratch(&s));
    return true;
}

static size_t same_begin(size_t image, size_t grid, size_t stride, size_t kernel)
{
    const size_t covered = (grid - 1) * stride + kernel;
    return covered > image ? (covered - image) / 2 : 0;
}

ConvShape conv_geometry(const ConvAttributes *attributes, Shape image, Shape weight, Shape grid)
{
    const Padding *padding = &attributes->padding;
    ConvShape s = {.n = image.dim[0], .ih = image.dim[1], .iw = image.dim[2], .cin = image.dim[3]};
    size_t kernel[2];
    kernel_size(attributes, weight, kernel);
    s.oh = grid.dim[1];
    s.ow = grid.dim[2];
    s.cout = grid.dim[3];
    s.kh = kernel[0];
    s.kw = kernel[1];
    s.taps = attributes->taps;
    s.sh = (size_t)attributes->stride[0];
    s.sw = (size_t)attributes->stride[1];
    if (padding_is(padding, "same")) {
        s.top = same_begin(s.ih, s.oh, s.sh, s.kh);
        s.left = same_begin(s.iw, s.ow, s.sw, s.kw);
    } else if (!padding_is(padding, "valid")) {
        s.top = (size_t)padding->top;
        s.left = (size_t)padding->left;
    }
    return s;
}

/* A weight that stands for a pooling's kernel. */
static Shape kernel_of(const PoolAttributes *attributes, size_t channels)
{
    return (Shape){4, {(size_t)attributes->kernel[0], (size_t)attributes->kernel[1], channels, channels}};
}

bool conv_geometry_check_pool(OpShape *op, Err *err)
{
    const PoolAttributes *attributes = op->attributes;
    const Padding *padding = &attributes->window.padding;
    const int64_t *kernel = attributes->kernel;
    if (kernel[0] < 1 || kernel[1] < 1)
        return op_refuse(op, err, "the kernel must be at least 1x1, got %lldx%lld", (long long)kernel[0],
                         (long long)kernel[1]);
    if (!padding->mode && (padding->top >= kernel[0] || padding->bottom >= kernel[0] || padding->left >= kernel[1] ||
                           padding->right >= kernel[1]))
        return op_refuse(op, err, "padding must be smaller than the kernel of %lldx%lld, or a window would be empty",
                         (long long)kernel[0], (long long)kernel[1]);
    OpShape conv = *op;
    conv.attributes = &attributes->window;
    conv.inputs = 2;
    conv.in[1] = kernel_of(attributes, op->in[0].rank == 4 ? op->in[0].dim[3] : 1);
    if (!conv_geometry_check(&conv, false, err)) return false;
    op->out = conv.out;
    return true;
}

ConvShape conv_geometry_pool(const PoolAttributes *attributes, Shape image, Shape grid)
{
    return conv_geometry(&attributes->window, image, kernel_of(attributes, image.dim[3]), grid);
}

double conv_geometry_multiply_adds(const ConvShape *s)
{
    double taps = 0;
    size_t first;
    for (size_t a = 0; a < s->kh; a++) {
        const size_t lines = conv_outputs_seeing(a, s->sh, s->top, s->ih, s->oh, &first) - first;
        for (size_t b = 0; b < s->kw && a * s->kw + b < conv_taps(s); b++) {
            const size_t columns = conv_outputs_seeing(b, s->sw, s->left, s->iw, s->ow, &first) - first;
            taps += (double)lines * (double)columns;
        }
    }
    return (double)s->n * (double)s->cin * (double)s->cout * taps;
}

bool conv_geometry_causal(const ConvAttributes *attributes, const ConvShape *s)
{
    if (s->sh != 1 || s->sw != 1 || conv_taps(s) > s->top * s->kw + s->left + 1) return false;
    return padding_is(&attributes->padding, "same") || (s->kh == 1 && s->kw == 1 && s->oh == s->ih && s->ow == s->iw);
}
