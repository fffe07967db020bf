/* What metrics, figures and `sample` do with a trained model: encode, decode, reconstruct. */
#ifndef RUNNER_MODEL_USE_H
#define RUNNER_MODEL_USE_H

#include "runner/model/model.h"

/* An input callback and its context for sweeps over a split's images from `first` on. */
typedef struct ImageSource {
    const Experiment *experiment;
    const Dataset *dataset;
    const Split *split;
    uint32_t *index; /* (batch) */
    bool codes;      /* the network takes the images' codes instead */
} ImageSource;

/* The split's images, or their codes, as the model's network takes them. Borrows what it is given. */
void image_source_init(ImageSource *source, const Model *model, const Dataset *dataset, const Split *split);
void image_source_release(ImageSource *source); /* safe on a zeroed one */
/* The split's images first, first + 1, ...: images (n,H,W,C), or codes (n,h,w) in their place, and labels (n), which
 * may be NULL. n is a batch of the run at most. Binarized as in the first epoch of training. */
void image_source_read(ImageSource *source, size_t first, size_t n, real *images, real *labels);

/* The first n images of a split through the network up to `name` ("latent.mean"): out (n, size of it). */
void model_encode(Model *model, const Dataset *dataset, const Split *split, size_t n, const char *name, real *out);

/* Where a model's latents are: the posterior of the KL term; without one, the narrowest section between the image and
 * the pixels, the last of equals (a plain autoencoder's code). */
typedef struct Latent {
    const char *section;
    char mean[128]; /* what stands for an image: "latent.mean" of a posterior, else the section */
    size_t dim;     /* numbers an image */
} Latent;

bool model_latent(const Model *model, Latent *latent); /* false: there is none */

/* The section that holds the mean of the pixels, as the reconstruction term judges it, and whether as logits (then
 * their sigmoid is the mean). There must be such a term. */
const char *model_picture(const Model *model, bool *logits);

/* The section that feeds this one, or NULL: that is an input of the network. And whether the pixels of the
 * reconstruction term are computed from a section alone, or in part, or are the section itself. */
const char *model_section_before(const Model *model, const char *section);
bool model_decodes(const Model *model, const char *section);

/* KL(q(z_d|x) || N(0, 1)) of each dimension d, in nats, as a mean over a split: kl (dim). The model needs a KL term.
 * Kingma and Welling, 2014, appendix B. */
void model_kl_by_dimension(Model *model, const Dataset *dataset, const Split *split, double *kl);

/* Latents (n, dim of model_latent) through the rest of the network to the mean of the pixels (n,H,W,C), in [0, 1]. The
 * model needs a reconstruction term and a latent that it decodes: model_can_decode. They are those of images first,
 * first + 1, ..., which matters to layers that draw at random; first is a multiple of the batch of the run. */
void model_decode(Model *model, size_t first, size_t n, const real *latents, real *pixels);
/* Whether the model has both. */
bool model_can_decode(const Model *model);

/* n images of a split from `first` on, a multiple of the batch, encoded (one z an image) and decoded: pixels (n,H,W,C).
 * Needs a reconstruction term. */
void model_reconstruct(Model *model, const Dataset *dataset, const Split *split, size_t first, size_t n, real *pixels);

/* The latents of images first, first + 1, ... from the prior N(0, I): z (n, dim), from the stream of that name. */
void model_prior(const Model *model, const char *stream, size_t first, size_t n, size_t dim, real *z);

#endif
