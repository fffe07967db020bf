#include "nn/op/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const Op *const op_rows[] = {
#define OP(id) &op_##id,
#include "nn/op/op.def"
#undef OP
};

const size_t op_count = sizeof op_rows / sizeof op_rows[0];

bool op_passes(const Op *op, size_t k)
{
    return op->view ? k == 0 : op->backward && !op->stops[k];
}

bool shape_fits(Shape shape)
{
    size_t count = 1;
    for (size_t i = 0; i < shape.rank; i++) {
        if (__builtin_mul_overflow(count, shape.dim[i], &count) || count > (size_t)1 << 36) return false;
    }
    return true;
}

size_t shape_count(Shape shape)
{
    size_t count = 1;
    for (size_t i = 0; i < shape.rank; i++) count = mem_mul(count, shape.dim[i]);
    return count;
}

size_t shape_count_example(Shape shape)
{
    size_t count = 1;
    for (size_t i = 1; i < shape.rank; i++) count = mem_mul(count, shape.dim[i]);
    return count;
}

bool shape_equal(Shape a, Shape b)
{
    return a.rank == b.rank && memcmp(a.dim, b.dim, a.rank * sizeof a.dim[0]) == 0;
}

const char *shape_text(Shape shape, char text[96])
{
    size_t at = 0;
    text[at++] = '[';
    for (size_t i = 0; i < shape.rank; i++) {
        at += (size_t)snprintf(text + at, 96 - at, i > 0 ? ",%zu" : "%zu", shape.dim[i]);
    }
    text[at++] = ']';
    text[at] = '\0';
    return text;
}

bool op_refuse(const OpShape *op, Err *err, const char *format, ...)
{
    char text[768];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return err_config(err, op->loc, "%s: %s", op->name, text);
}

bool op_shape_as_input(OpShape *op, Err *err)
{
    (void)err;
    op->out = op->in[0];
    return true;
}

bool op_same_shape(const OpShape *op, const char *what, Err *err)
{
    char a[96], b[96];
    return shape_equal(op->in[0], op->in[1]) || op_refuse(op, err, "wants %s of one shape, got %s and %s", what,
                                                          shape_text(op->in[0], a), shape_text(op->in[1], b));
}

bool op_shape_loss(OpShape *op, const char *what, Err *err)
{
    if (!op_same_shape(op, what, err)) return false;
    op->out = (Shape){.rank = 1, .dim = {op->in[0].dim[0]}};
    return true;
}
