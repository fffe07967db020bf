#include "nn/loss/loss.h"

typedef struct Options {
    Ref posterior;
} Options;

static const Field fields[] = {
    {.key = "posterior",
     .kind = FIELD_REF,
     .offset = offsetof(Options, posterior),
     .help = "a section that ends with gaussian_posterior"},
    {0},
};

static bool build(const Build *b, const void *options, int *node, Err *err)
{
    const Options *o = options;
    Value posterior;
    if (!scope_find(b->scope, o->posterior, &posterior, err)) return false;
    const int input[] = {value_part(&posterior, "mean"), value_part(&posterior, "log_variance")};
    if (input[0] < 0 || input[1] < 0)
        return err_config(err, o->posterior.loc,
                          "kl_divergence: \"%s\" is not a posterior (it has no mean and log_variance); end it with "
                          "gaussian_posterior",
                          o->posterior.name);
    return build_op(b, &op_kl_divergence, NULL, 2, input, node, err);
}

static Ref subject(const void *options)
{
    return ((const Options *)options)->posterior;
}

const Loss loss_kl_divergence = {
    .row = {.name = "kl_divergence",
            .doc =
                "KL(q(z|x) || N(0, I)) of a diagonal Gaussian: sum over latents of (mean^2 + exp(log_variance) - "
                "log_variance - 1) / 2. Kingma and Welling, Auto-Encoding Variational Bayes (2014), appendix B. With a "
                "weight other than 1: beta-VAE (Higgins et al., 2017), eq. 4.",
            .fields = fields,
            .size = sizeof(Options),
            .example = "{posterior: latent}"},
    .role = "kl",
    .build = build,
    .subject = subject,
    .over = "latents",
};
