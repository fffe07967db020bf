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
    return loss_of_quantizer(b, "codebook", ((const Options *)options)->quantizer, "codebook_loss", node, err);
}

static Ref subject(const void *options)
{
    return ((const Options *)options)->quantizer;
}

const Loss loss_codebook = {
    .row = {.name = "codebook",
            .doc = "The sum over cells and dimensions of (x - e)^2, x being what the encoder gives and e its code, "
                   "with a gradient for the codebook alone. Van den Oord et al., Neural Discrete Representation "
                   "Learning (2017), the second term of eq. 3.",
            .fields = fields,
            .size = sizeof(Options),
            .shorthand = "quantizer",
            .example = "{quantizer: codes}"},
    .build = build,
    .subject = subject,
    .unit = "squared distance",
};
