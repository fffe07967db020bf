#include "nn/loss/loss.h"

static bool build(const Build *b, const void *options, int *node, Err *err)
{
    return loss_of_quantizer(b, "commitment", options, "commitment_loss", node, err);
}

const Loss loss_commitment = {
    .row = {.name = "commitment",
            .doc = "The quantizer's `commitment` times the sum over cells and dimensions of (x - e)^2, with a gradient "
                   "for the encoder alone. Van den Oord et al., Neural Discrete Representation Learning (2017), the "
                   "third term of eq. 3: at a weight of 1 the factor is `commitment` itself.",
            .fields = quantizer_fields,
            .size = sizeof(QuantizerOptions),
            .shorthand = "quantizer",
            .example = "{quantizer: codes}"},
    .build = build,
    .subject = loss_quantizer,
    .unit = "squared distance",
    .over = "cells and dimensions",
};
