/* A loss builds a node of shape (N): one value an image, summed over pixels or latents. The objective is the weighted
 * sum of the terms' means over the batch. One file each, and one row in losses.def. */
#ifndef NN_LOSS_LOSS_H
#define NN_LOSS_LOSS_H

#include "nn/base/table.h"
#include "nn/graph/build.h"

typedef struct Loss {
    Row row;
    /* How the term enters the negative ELBO: "reconstruction", "kl", or NULL: it doesn't. */
    const char *role;
    bool (*build)(const Build *build, const void *options, int *node, Err *err); /* names are found in build->scope */
    /* The section that the term judges: the logits or prediction of a reconstruction, the posterior of a KL term. */
    Ref (*subject)(const void *options);
    const char *unit; /* of a value, where it is not nats; else NULL */
    const char *over; /* what an image's value is a sum over, where it is not pixels; else NULL */
    bool logits;      /* the subject holds logits: its sigmoid is the mean of the pixels */
    /* What the subject's last dimension has a number for each class of: `label`, or `code`. NULL: it has none. */
    Ref (*classes)(const void *options);
} Loss;

#define LOSS(id) extern const Loss loss_##id;
#include "nn/loss/losses.def"
#undef LOSS

extern const Table losses_table;

/* What losses of two values share: finds both and adds the op. */
bool loss_pair(const Build *build, const Op *op, Ref first, Ref second, int *node, Err *err);

/* What losses of a quantizer share: options, subject, and the node of one of its parts. name: of the loss, for
 * messages. */
typedef struct QuantizerOptions {
    Ref quantizer;
} QuantizerOptions;

extern const Field quantizer_fields[];
Ref loss_quantizer(const void *options);
bool loss_of_quantizer(const Build *build, const char *name, const void *options, const char *part, int *node,
                       Err *err);

#endif
