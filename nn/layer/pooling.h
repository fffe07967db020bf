/* What max_pool and average_pool share. */
#ifndef NN_LAYER_POOLING_H
#define NN_LAYER_POOLING_H

#include "nn/layer/layer.h"

typedef struct PoolOptions {
    int64_t kernel[2], stride[2]; /* stride 0, 0: the kernel's size */
    Padding padding;
} PoolOptions;

extern const Field pool_fields[];
bool pool_build(const Build *build, const Op *op, const PoolOptions *options, const Value *in, Value *out, Err *err);

#endif
