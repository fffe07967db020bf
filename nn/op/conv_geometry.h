/* Where the taps of a convolution lie: shared by conv2d and conv2d_transpose, which are adjoints and so have one
 * geometry. "image" is the side that is padded (conv2d's input, conv2d_transpose's output), "grid" the side that is
 * strided. */
#ifndef NN_OP_CONV_GEOMETRY_H
#define NN_OP_CONV_GEOMETRY_H

#include "nn/op/attributes.h"

/* Checks stride, padding, input, weight and bias, and sets op->out:
 *   conv2d            same: ceil(in / stride)   else: floor((in + pads - k) / stride) + 1
 *   conv2d_transpose  same: in x stride         else: (in - 1) x stride + k - pads
 * weight is (KH,KW,Cin,Cout), for conv2d_transpose (KH,KW,Cout,Cin). */
bool conv_geometry_check(OpShape *op, bool transpose, Err *err);

/* The convolution from image (N,H,W,C) to grid (N,OH,OW,F), of shapes that conv_geometry_check has passed. Padding
 * `same` is max((out - 1) stride + k - in, 0) in all, of which floor(pad / 2) stands at the beginning. */
ConvShape conv_geometry(const ConvAttributes *attributes, Shape image, Shape weight, Shape grid);

/* The same for pooling, x (N,H,W,C) -> (N,OH,OW,C): windows as a conv2d's, with padding below the kernel's size, so
 * that each window has an element of the image; and the windows of shapes that have passed. */
bool conv_geometry_check_pool(OpShape *op, Err *err);
ConvShape conv_geometry_pool(const PoolAttributes *attributes, Shape image, Shape grid);

/* Multiply-adds of one pass, taps in the padding not counted. */
double conv_geometry_multiply_adds(const ConvShape *shape);

/* Whether no output of a conv2d sees the image behind its own place, in raster order, and the grid is as large as the
 * image: what op_conv2d and op_code_conv2d ask for causal. */
bool conv_geometry_causal(const ConvAttributes *attributes, const ConvShape *shape);

#endif
