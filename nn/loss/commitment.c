#include "nn/loss/loss.h"

typedef struct Options {
    Ref quantizer;
} Options;

static const Field fields[] = {
    {.key = "quantizer",
     .kind = FIELD_REF,
     .offset = offsetof(Options, quantizer),
     .help = "a section that ends with vector_quantize"},
    {0},
};

static bool build(const Build *b, const void *options, int *node, Err *err)
{
    return loss_of_quantizer(b, "commitment", ((const Options *)options)->quantizer, "commitment_loss", node, err);
}

static Ref subject(const void *options)
{
    return ((const Options *)options)->quantizer;
}

const Loss loss_commitment = {
    .row = {.name = "commitment",
            .doc = "The quantizer's `commitment` times the sum over cells and dimensions of (x - e)^2, with a gradient "
                   "for the encoder alone. Van den Oord et al., Neural Discrete Representation Learning (2017), the "
                   "third term of eq. 3: at a weight of 1 the factor is `commitment` itself.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "quantizer",
            .example = "{quantizer: codes}"},
    .build = build,
    .subject = subject,
    .unit = "squared distance",
};
