/* The attributes of the ops that have any: what a layer fills in when it adds one to a graph. */
#ifndef NN_OP_ATTRIBUTES_H
#define NN_OP_ATTRIBUTES_H

#include <stddef.h>
#include <stdint.h>

#include "nn/base/table.h"
#include "nn/op/op.h"

/* conv2d: x (N,H,W,Cin), w (KH,KW,Cin,Cout), b (Cout) -> (N,OH,OW,Cout).
 * conv2d_transpose: x (N,H,W,Cin), w (KH,KW,Cout,Cin), b (Cout) -> (N,OH,OW,Cout), the adjoint of a conv2d from the
 * output to the input. `same`: out = ceil(in / stride), begin = floor(pad / 2); transpose: out = in x stride. The bias
 * is optional: with two inputs there is none.
 * With `taps` conv2d takes only the first so many taps of a kernel in raster order (masks), and w is (taps,Cin,Cout).
 * code_conv2d: codes (N,H,W), w (taps,K,F), b (F) -> (N,H,W,F); with stride 1, `same`, a kernel and taps. */
typedef struct ConvAttributes {
    int64_t stride[2];
    Padding padding;
    size_t kernel[2], taps; /* 0: all taps, of a kernel that is as large as w says */
} ConvAttributes;

typedef struct LeakyReluAttributes {
    double slope; /* of the negative side */
} LeakyReluAttributes;

typedef struct EluAttributes {
    double alpha; /* what very negative values come to is -alpha */
} EluAttributes;

/* dropout: a mask drawn from the stream for every example and step. */
typedef struct DropoutAttributes {
    double rate; /* in [0, 1): the share that is set to 0 */
    const char *stream;
} DropoutAttributes;

typedef struct BatchNormAttributes {
    double momentum; /* what a batch's statistics weigh in the running ones */
    double epsilon;  /* added to the variance */
} BatchNormAttributes;

/* max_pool and average_pool: windows as a conv2d's. */
typedef struct PoolAttributes {
    int64_t kernel[2];
    ConvAttributes window;
} PoolAttributes;

typedef struct CommitmentAttributes {
    double factor; /* beta of eq. 3 */
} CommitmentAttributes;

/* When codes that stand for nothing become vectors of the batch. */
typedef struct RestartAttributes {
    size_t after; /* steps without use; 0: never */
    const char *stream;
} RestartAttributes;

typedef struct AverageCodesAttributes {
    double decay;
    RestartAttributes restart;
} AverageCodesAttributes;

/* reshape: the dims behind the batch. rank 1 and dim[0] == 0: flatten. */
typedef struct ReshapeAttributes {
    size_t rank;
    size_t dim[SHAPE_RANK_MAX - 1];
} ReshapeAttributes;

/* gaussian_sample: mean, log_variance (N,D) -> mean + exp(log_variance / 2) x noise, noise from the stream.
 * Auto-Encoding Variational Bayes (Kingma and Welling, 2014), eq. 10. */
typedef struct SampleAttributes {
    const char *stream;
} SampleAttributes;

#endif
