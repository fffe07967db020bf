#include <string.h>

#include "nn/op/attributes.h"

static bool shape(OpShape *op, Err *err)
{
    const ReshapeAttributes *attributes = op->attributes;
    const Shape x = op->in[0];
    const size_t count = shape_count_example(x);
    const bool flatten = attributes->rank == 1 && attributes->dim[0] == 0;
    char from[96], to[96];
    Shape out = {.rank = attributes->rank + 1, .dim = {x.dim[0]}};
    memcpy(out.dim + 1, attributes->dim, attributes->rank * sizeof out.dim[0]);
    if (flatten) out.dim[1] = count;

    size_t wanted = 1;
    for (size_t i = 1; i < out.rank; i++) {
        /* More than fits a size_t is more than the input has. */
        if (__builtin_mul_overflow(wanted, out.dim[i], &wanted)) wanted = SIZE_MAX;
    }
    if (wanted != count) {
        return op_refuse(op, err, "can't make %s out of %s: an example has %zu elements, not %zu", shape_text(out, to),
                         shape_text(x, from), count, wanted);
    }
    op->out = out;
    return true;
}

static const ReshapeAttributes flat = {.rank = 1}, image = {.rank = 3, .dim = {3, 2, 5}};

static const OpCase cases[] = {
    {.label = "flatten", .attributes = &flat, .inputs = 1, .in = {{4, {2, 3, 5, 2}}}},
    {.label = "to an image", .attributes = &image, .inputs = 1, .in = {{2, {3, 30}}}},
};

const Op op_reshape = {
    .name = "reshape",
    .doc = "the same elements with other dims behind the batch",
    .shape = shape,
    .view = true,
    .cases = cases,
    .case_count = sizeof cases / sizeof cases[0],
};
