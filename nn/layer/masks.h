/* Masks of convolutions, which keep an output from what comes later in raster order. Van den Oord et al., Pixel
 * Recurrent Neural Networks (2016), section 3.4 and fig. 2. */
#ifndef NN_LAYER_MASKS_H
#define NN_LAYER_MASKS_H

#include "nn/layer/weights.h"
#include "nn/op/attributes.h"

#define MASK_CHOICES "none|A|B"

#define FIELD_OF_MASK(Options, default_mask)                                                                           \
    {                                                                                                                  \
        .key = "mask", .kind = FIELD_CHOICE, .offset = offsetof(Options, mask), .fallback = (default_mask),            \
        .choices = MASK_CHOICES,                                                                                       \
        .help = "A: only what comes before the place itself, line by line; B: the place too; none: all taps"           \
    }

#define FIELD_OF_FILTERS(Options)                                                                                      \
    {                                                                                                                  \
        .key = "filters", .kind = FIELD_INT, .offset = offsetof(Options, filters), .min = 1, .max = LAYER_WIDTH_MAX,   \
        .help = "channels of the output"                                                                               \
    }

#define FIELD_OF_MASKED_KERNEL(Options, of)                                                                            \
    {                                                                                                                  \
        .key = "kernel", .kind = FIELD_PAIR, .offset = offsetof(Options, kernel), .min = 1, .max = LAYER_KERNEL_MAX,   \
        .unit = (of), .help = "height and width of the kernel, before the mask"                                        \
    }

/* The attributes of a convolution of stride 1 and padding `same` under a mask, in the graph's arena: taps up to the
 * kernel's centre (mask B) or before it (mask A). A mask that leaves no tap is an error. */
bool masks_attributes(const Build *build, const char *layer, const char *mask, const int64_t kernel[2],
                      ConvAttributes **attributes, Err *err);

#endif
