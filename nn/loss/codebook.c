#include "nn/loss/loss.h"

static bool build(const Build *b, const void *options, int *node, Err *err)
{
    return loss_of_quantizer(b, "codebook", options, "codebook_loss", node, err);
}

const Loss loss_codebook = {
    .row = {.name = "codebook",
            .doc = "The sum over cells and dimensions of (x - e)^2, x being what the encoder gives and e its code, "
                   "with a gradient for the codebook alone. Van den Oord et al., Neural Discrete Representation "
                   "Learning (2017), the second term of eq. 3.",
            .fields = quantizer_fields,
            .size = sizeof(QuantizerOptions),
            .shorthand = "quantizer",
            .example = "{quantizer: codes}"},
    .build = build,
    .subject = loss_quantizer,
    .unit = "squared distance",
    .over = "cells and dimensions",
};
