#include "nn/loss/loss.h"

typedef struct Options {
    Ref logits, target;
} Options;

static const Field fields[] = {
    {.key = "logits",
     .kind = FIELD_REF,
     .offset = offsetof(Options, logits),
     .help = "the section whose output, before any softmax, scores each class"},
    {.key = "target",
     .kind = FIELD_REF,
     .offset = offsetof(Options, target),
     .help = "the class of each image as a number from 0, `label`; or of each cell of a grid, `code`"},
    {0},
};

static bool build(const Build *b, const void *options, int *node, Err *err)
{
    const Options *o = options;
    return loss_pair(b, &op_cross_entropy, o->logits, o->target, node, err);
}

static Ref subject(const void *options)
{
    return ((const Options *)options)->logits;
}

static Ref classes(const void *options)
{
    return ((const Options *)options)->target;
}

const Loss loss_cross_entropy = {
    .row = {.name = "cross_entropy",
            .doc = "-log p(class) of a classifier, p = softmax(logits): log(sum of exp(logits)) - logits[class]; of a "
                   "prior over a grid of codes summed over its cells. "
                   "Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs (1990).",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{logits: classifier, target: label}"},
    .build = build,
    .subject = subject,
    .classes = classes,
    .over = "cells",
};
