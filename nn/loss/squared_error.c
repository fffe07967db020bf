#include "nn/loss/loss.h"

typedef struct Options {
    Ref prediction, target;
} Options;

static const Field fields[] = {
    {.key = "prediction",
     .kind = FIELD_REF,
     .offset = offsetof(Options, prediction),
     .help = "the section whose output predicts the target"},
    {.key = "target",
     .kind = FIELD_REF,
     .offset = offsetof(Options, target),
     .help = "what is to be predicted, of the same shape"},
    {0},
};

static bool build(const Build *b, const void *options, int *node, Err *err)
{
    const Options *o = options;
    return loss_pair(b, &op_squared_error, o->prediction, o->target, node, err);
}

static Ref subject(const void *options)
{
    return ((const Options *)options)->prediction;
}

const Loss loss_squared_error = {
    .row = {.name = "squared_error",
            .doc =
                "Sum of (prediction - target)^2 over an image: twice -log p of a Gaussian of variance 1, without its "
                "constant. A weight of 1 / (2 variance) makes it the Gaussian likelihood's.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{prediction: decoder, target: image}"},
    .role = "reconstruction",
    .build = build,
    .subject = subject,
    .unit = "squared error",
};
