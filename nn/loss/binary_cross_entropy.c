#include "nn/loss/loss.h"

typedef struct Options {
    Ref logits, target;
} Options;

static const Field fields[] = {
    {.key = "logits",
     .kind = FIELD_REF,
     .offset = offsetof(Options, logits),
     .help = "the section whose output, before any sigmoid, is the log-odds of each pixel"},
    {.key = "target",
     .kind = FIELD_REF,
     .offset = offsetof(Options, target),
     .help = "what is to be predicted, between 0 and 1, of the same shape"},
    {0},
};

static bool build(const Build *b, const void *options, int *node, Err *err)
{
    const Options *o = options;
    return loss_pair(b, &op_binary_cross_entropy, o->logits, o->target, node, err);
}

static Ref subject(const void *options)
{
    return ((const Options *)options)->logits;
}

const Loss loss_binary_cross_entropy = {
    .row = {.name = "binary_cross_entropy",
            .doc = "-log p(target) for a Bernoulli variable a pixel, from logits l: sum of softplus(l) - target l. "
                   "Kingma and "
                   "Welling, Auto-Encoding Variational Bayes (2014), appendix C.1. On grey pixels it is no likelihood "
                   "(Loaiza-Ganem and Cunningham, The continuous Bernoulli, 2019).",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{logits: decoder, target: image}"},
    .role = "reconstruction",
    .build = build,
    .subject = subject,
    .logits = true,
};
