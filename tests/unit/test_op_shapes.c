/* What ops make of shapes: sizes of convolutions, and the words in which misfits are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nn/op/attributes.h"
#include "nn/op/conv_geometry.h"

static OpShape ask(const char *name, const void *attributes)
{
    return (OpShape){.attributes = attributes,
                     .numerics = numerics_find(NUMERICS_DEFAULT),
                     .name = name,
                     .loc = {.file = "vae.yaml", .line = 14, .col = 7},
                     .inputs = 1};
}

static void refused(const Op *op, OpShape shape, const char *text)
{
    Err err = {0};
    assert_false(op->shape(&shape, &err));
    assert_string_equal(err.text, text);
    assert_int_equal(err.kind, ERR_CONFIG);
    assert_string_equal(err.loc.file, "vae.yaml");
    assert_int_equal(err.loc.line, 14);
}

typedef struct Size {
    bool transpose;
    const char *mode;
    size_t in, kernel;
    int64_t stride, begin, end;
    size_t out, padding; /* expected; padding: at the beginning of the image */
} Size;

static const Size sizes[] = {
    {false, "same", 28, 3, 2, 0, 0, 14, 0}, /* one pad, and it stands at the end */
    {false, "same", 28, 3, 1, 0, 0, 28, 1},  {false, "same", 7, 3, 2, 0, 0, 4, 1},
    {false, "same", 7, 4, 1, 0, 0, 7, 1},    {false, "same", 5, 1, 2, 0, 0, 3, 0},
    {false, "same", 5, 2, 3, 0, 0, 2, 0},    {false, "same", 1, 7, 1, 0, 0, 1, 3},
    {false, "valid", 28, 5, 1, 0, 0, 24, 0}, {false, "valid", 28, 5, 2, 0, 0, 12, 0},
    {false, "valid", 5, 5, 3, 0, 0, 1, 0},   {false, NULL, 28, 3, 2, 1, 1, 14, 1},
    {false, NULL, 7, 4, 3, 2, 1, 3, 2},      {false, NULL, 2, 5, 1, 3, 0, 1, 3},
    {true, "same", 7, 3, 2, 0, 0, 14, 0},    {true, "same", 14, 3, 2, 0, 0, 28, 0},
    {true, "same", 7, 4, 1, 0, 0, 7, 1},     {true, "same", 4, 2, 3, 0, 0, 12, 0},
    {true, "valid", 7, 3, 2, 0, 0, 15, 0},   {true, "valid", 1, 7, 3, 0, 0, 7, 0},
    {true, NULL, 7, 4, 2, 1, 1, 14, 1},      {true, NULL, 3, 5, 3, 2, 0, 9, 2},
};

static void conv_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const Size *s = &sizes[i];
        /* The height is the case; the width stays 3 wide. */
        const ConvAttributes attributes = {
            .stride = {s->stride, 1},
            .padding = {.mode = s->mode, .top = s->begin, .bottom = s->end, .left = 0, .right = 0}};
        OpShape shape = ask("conv", &attributes);
        Err err = {0};
        shape.inputs = 2;
        shape.in[0] = (Shape){4, {2, s->in, 3, 5}};
        shape.in[1] = s->transpose ? (Shape){4, {s->kernel, 1, 6, 5}} : (Shape){4, {s->kernel, 1, 5, 6}};
        const Op *op = s->transpose ? &op_conv2d_transpose : &op_conv2d;
        if (!op->shape(&shape, &err)) fail_msg("size %zu: %s", i, err.text);
        if (shape.out.dim[1] != s->out) fail_msg("size %zu: %zu, not %zu", i, shape.out.dim[1], s->out);
        assert_true(shape_equal(shape.out, (Shape){4, {2, s->out, 3, 6}}));
        const ConvShape geometry = conv_geometry(&attributes, s->transpose ? shape.out : shape.in[0], shape.in[1],
                                                 s->transpose ? shape.in[0] : shape.out);
        if (geometry.top != s->padding) fail_msg("size %zu: padding %zu, not %zu", i, geometry.top, s->padding);
        assert_int_equal(geometry.left, 0);
    }
}

/* 3x3 on 3x3, `same`: 9 + 4 x 4 + 4 x 6 = 49 taps in the image, for each of n, cin, cout. */
static void conv_multiply_adds(void **state)
{
    (void)state;
    const ConvAttributes attributes = {.stride = {1, 1}, .padding = {.mode = "same"}};
    OpShape shape = ask("conv", &attributes);
    Err err = {0};
    shape.inputs = 2;
    shape.in[0] = (Shape){4, {2, 3, 3, 5}};
    shape.in[1] = (Shape){4, {3, 3, 5, 7}};
    assert_true(op_conv2d.shape(&shape, &err));
    assert_true(op_conv2d.multiply_adds(&shape) == 49.0 * 2 * 5 * 7);
    shape.in[1] = (Shape){4, {3, 3, 7, 5}};
    assert_true(op_conv2d_transpose.shape(&shape, &err));
    assert_true(op_conv2d_transpose.multiply_adds(&shape) == 49.0 * 2 * 5 * 7);
}

/* The same under a mask of the first 5 taps: 4 + 6 + 4 + 6 + 9 = 29 of them in the image. */
static void masked_multiply_adds(void **state)
{
    (void)state;
    const ConvAttributes attributes = {.stride = {1, 1}, .padding = {.mode = "same"}, .kernel = {3, 3}, .taps = 5};
    OpShape shape = ask("conv", &attributes);
    Err err = {0};
    shape.inputs = 2;
    shape.in[0] = (Shape){4, {2, 3, 3, 5}};
    shape.in[1] = (Shape){3, {5, 5, 7}};
    assert_true(op_conv2d.shape(&shape, &err));
    assert_true(op_conv2d.multiply_adds(&shape) == 29.0 * 2 * 5 * 7);
    shape.in[0] = (Shape){3, {2, 3, 3}};
    shape.in[1] = (Shape){3, {5, 11, 7}};
    assert_true(op_code_conv2d.shape(&shape, &err));
    assert_true(op_code_conv2d.multiply_adds(&shape) == 29.0 * 2 * 7);
    shape.in[1] = (Shape){3, {9, 5, 7}};
    refused(&op_code_conv2d, shape, "conv: wants a weight of [5,codes,filters], got [9,5,7]");
    shape.in[0] = (Shape){4, {2, 3, 3, 5}};
    refused(&op_conv2d, shape, "conv: wants a weight of [5,5,filters], got [9,5,7]");
}

static void cross_entropy_shapes(void **state)
{
    (void)state;
    OpShape shape = ask("loss", NULL);
    Err err = {0};
    shape.inputs = 2;
    shape.in[0] = (Shape){4, {6, 7, 7, 128}};
    shape.in[1] = (Shape){3, {6, 7, 7}};
    assert_true(op_cross_entropy.shape(&shape, &err));
    assert_true(shape_equal(shape.out, (Shape){1, {6}}));
    shape.in[1] = (Shape){3, {6, 7, 8}};
    refused(&op_cross_entropy, shape, "loss: wants a class number for each of [6,7,7], got [6,7,8]");
    shape.in[1] = (Shape){1, {6}};
    refused(&op_cross_entropy, shape,
            "loss: wants logits [n,classes], got [6,7,7,128]; end the section with \"dense\"");
}

static void conv_refusals(void **state)
{
    (void)state;
    ConvAttributes attributes = {.stride = {1, 1}, .padding = {.mode = "valid"}};
    OpShape shape = ask("conv2d \"c\"", &attributes);
    shape.inputs = 2;
    shape.in[0] = (Shape){2, {100, 784}};
    shape.in[1] = (Shape){4, {5, 3, 1, 8}};
    refused(&op_conv2d, shape,
            "conv2d \"c\": wants images [n,height,width,channels], got [100,784]; put \"reshape\" before it");
    shape.in[0] = (Shape){4, {100, 4, 4, 2}};
    refused(&op_conv2d, shape, "conv2d \"c\": wants a weight of [kh,kw,2,filters], got [5,3,1,8]");
    refused(&op_conv2d_transpose, shape, "conv2d \"c\": wants a weight of [kh,kw,filters,2], got [5,3,1,8]");
    shape.in[0] = (Shape){4, {100, 4, 4, 1}};
    refused(&op_conv2d, shape,
            "conv2d \"c\": a kernel of height 5 doesn't fit into 4 with padding 0; make the kernel smaller or use "
            "padding: same");
    attributes.padding = (Padding){.top = -1};
    refused(&op_conv2d, shape, "conv2d \"c\": padding can't be negative, got -1 and 0 in height");
    attributes.padding = (Padding){.mode = "same"};
    attributes.stride[1] = 0;
    refused(&op_conv2d, shape, "conv2d \"c\": the stride must be at least 1, got 0 in width");
    attributes.stride[1] = 1;
    shape.inputs = 3;
    shape.in[2] = (Shape){1, {9}};
    refused(&op_conv2d, shape, "conv2d \"c\": wants a bias of [8], got [9]");
    shape.inputs = 2;
    shape.in[1] = (Shape){4, {5, 3, 8, 1}};
    attributes.padding = (Padding){.left = 4, .right = 2};
    refused(&op_conv2d_transpose, shape,
            "conv2d \"c\": padding 6 takes away all of an output of width 6; use less padding");
    attributes.padding = (Padding){.mode = "same"};
    attributes.stride[0] = INT64_MAX;
    refused(&op_conv2d_transpose, shape, "conv2d \"c\": its output is too large");
    attributes.stride[0] = attributes.stride[1] = 1 << 20;
    refused(&op_conv2d_transpose, shape, "conv2d \"c\": its output [100,4194304,4194304,8] is too large");
}

static void dense_refusals(void **state)
{
    (void)state;
    OpShape shape = ask("dense \"fc2\"", NULL);
    shape.inputs = 3;
    shape.in[0] = (Shape){4, {100, 7, 7, 32}};
    refused(&op_dense, shape, "dense \"fc2\": wants a flat input, got [100,7,7,32]; put \"flatten\" before it");
    shape.in[0] = (Shape){2, {100, 8}};
    shape.in[1] = (Shape){2, {9, 5}};
    refused(&op_dense, shape, "dense \"fc2\": wants a weight of [8,units], got [9,5]");
    shape.in[1] = (Shape){2, {8, 5}};
    shape.in[2] = (Shape){1, {4}};
    refused(&op_dense, shape, "dense \"fc2\": wants a bias of [5], got [4]");
}

static void reshape_shapes(void **state)
{
    (void)state;
    ReshapeAttributes attributes = {.rank = 3, .dim = {7, 7, 65}};
    OpShape shape = ask("reshape \"r\"", &attributes);
    Err err = {0};
    shape.in[0] = (Shape){2, {100, 3136}};
    refused(&op_reshape, shape,
            "reshape \"r\": can't make [100,7,7,65] out of [100,3136]: an example has 3136 elements, not 3185");
    attributes.dim[2] = 64;
    assert_true(op_reshape.shape(&shape, &err));
    assert_true(shape_equal(shape.out, (Shape){4, {100, 7, 7, 64}}));
    attributes = (ReshapeAttributes){.rank = 1};
    shape.in[0] = shape.out;
    assert_true(op_reshape.shape(&shape, &err));
    assert_true(shape_equal(shape.out, (Shape){2, {100, 3136}}));
}

static void pair_refusals(void **state)
{
    (void)state;
    OpShape shape = ask("loss", NULL);
    shape.inputs = 2;
    shape.in[0] = (Shape){4, {100, 14, 14, 1}};
    shape.in[1] = (Shape){4, {100, 28, 28, 1}};
    refused(&op_binary_cross_entropy, shape,
            "loss: wants logits and a target of one shape, got [100,14,14,1] and [100,28,28,1]");
    refused(&op_squared_error, shape,
            "loss: wants a prediction and a target of one shape, got [100,14,14,1] and [100,28,28,1]");
    refused(&op_kl_divergence, shape,
            "loss: wants a mean and a log variance of one shape, got [100,14,14,1] and [100,28,28,1]");
    refused(&op_gaussian_sample, shape,
            "loss: wants a mean and a log variance of one shape, got [100,14,14,1] and [100,28,28,1]");
}

static void shape_helpers(void **state)
{
    (void)state;
    char text[96];
    const Shape largest = {4, {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX}};
    assert_string_equal(shape_text((Shape){1, {7}}, text), "[7]");
    assert_true(strlen(shape_text(largest, text)) < 96);
    assert_int_equal(shape_count((Shape){3, {2, 3, 4}}), 24);
    assert_int_equal(shape_count_example((Shape){3, {2, 3, 4}}), 12);
    assert_int_equal(shape_count_example((Shape){1, {2}}), 1);
    assert_true(shape_equal((Shape){1, {2, 9}}, (Shape){1, {2, 8}}));
    assert_false(shape_equal((Shape){1, {2}}, (Shape){2, {2, 1}}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_sizes),           cmocka_unit_test(conv_multiply_adds),
        cmocka_unit_test(masked_multiply_adds), cmocka_unit_test(cross_entropy_shapes),
        cmocka_unit_test(conv_refusals),        cmocka_unit_test(dense_refusals),
        cmocka_unit_test(reshape_shapes),       cmocka_unit_test(pair_refusals),
        cmocka_unit_test(shape_helpers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
