/* What layers with weights share. */
#ifndef NN_LAYER_WEIGHTS_H
#define NN_LAYER_WEIGHTS_H

#include "nn/layer/layer.h"

enum { LAYER_WIDTH_MAX = 1 << 20, LAYER_KERNEL_MAX = 256, LAYER_CODES_MAX = 1 << 16 };

#define FIELD_OF_BIAS(Options)                                                                                         \
    {                                                                                                                  \
        .key = "bias", .kind = FIELD_BOOL, .offset = offsetof(Options, bias), .fallback = "true",                      \
        .help = "whether a bias is added for each output channel"                                                      \
    }

#define FIELD_OF_INIT(Options)                                                                                         \
    {                                                                                                                  \
        .key = "init", .kind = FIELD_SPEC, .offset = offsetof(Options, init), .fallback = "{fan_in_uniform: {}}",      \
        .table = &initialisers_table,                                                                                  \
        .help = "what the weights start from; biases: the same with fan_in_uniform, zeros otherwise"                   \
    }

/* The weight behind `in`, with a bias of `width` where there is to be one: inputs for an op, their number returned. */
size_t weights_build(const Build *build, const Value *in, Shape weight, size_t width, bool bias, Spec init,
                     size_t fan_in, size_t fan_out, int input[3]);

/* x (N,In) w (In,units) + b: used by dense and by what is made of it. what: for messages. */
bool dense_build(const Build *build, const char *what, const Value *in, int64_t units, bool bias, Spec init, int *node,
                 Err *err);

/* The options of conv2d and conv2d_transpose, and what both do. */
typedef struct ConvOptions {
    int64_t filters, kernel[2], stride[2];
    Padding padding;
    bool bias;
    Spec init;
} ConvOptions;

extern const Field conv_fields[];
/* The op behind `in` with its weight and bias, as the options say; transpose: of conv2d_transpose. */
bool conv_build(const Build *build, const Op *op, bool transpose, const ConvOptions *options, const Value *in,
                Value *out, Err *err);

#endif
