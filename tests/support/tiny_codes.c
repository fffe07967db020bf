#include "tests/support/tiny_codes.h"

#include <stdlib.h>
#include <string.h>

#include "nn/optim/optim.h"
#include "runner/model/codes.h"

const char tiny_vqvae_yaml[] =
    "experiment: tiny\n"
    "data: {dataset: made_up, batch: 16, split: {train: 60, valid: 10}}\n"
    "network:\n"
    "  codes: {input: image, layers: [conv2d: {filters: 3, kernel: 3, stride: 2}, vector_quantize: 5]}\n"
    "  decoder: {input: codes, layers: [flatten, dense: {units: 20}, reshape: [4, 5, 1]]}\n"
    "loss:\n"
    "  reconstruction: {binary_cross_entropy: {logits: decoder, target: image}}\n"
    "  codebook: {codebook: codes}\n"
    "  commitment: {commitment: codes}\n"
    "train: {epochs: 2, optimizer: {adam: {lr: 0.01}}}\n";

const char tiny_prior_yaml[] = "experiment: tiny\n"
                               "data: {dataset: made_up, batch: 16, split: {train: 60, valid: 10}, codes: vq/seed1}\n"
                               "network:\n"
                               "  prior:\n"
                               "    input: code\n"
                               "    layers:\n"
                               "      - code_conv2d: {codes: 5, filters: 6, kernel: 5}\n"
                               "      - residual: {body: [relu, masked_conv2d: {filters: 12, kernel: 3}, gate]}\n"
                               "      - conv2d: {filters: 5, kernel: 1}\n"
                               "loss: {cross_entropy: {cross_entropy: {logits: prior, target: code}}}\n"
                               "train: {epochs: 2, optimizer: {adam: {lr: 0.01}}}\n";

static const char *const none[] = {NULL};

bool tiny_codes_try(TinyCodes *tiny, const char *const *vqvae, const char *const *prior, Err *err)
{
    memset(tiny, 0, sizeof *tiny);
    tiny_make_of(&tiny->vqvae, tiny_vqvae_yaml, vqvae ? vqvae : none);
    tiny->item = (NeededModel){.path = "vq/seed1",
                               .folder = "vq/seed1",
                               .experiment = &tiny->vqvae.experiment,
                               .info = &tiny->vqvae.info,
                               .model = tiny->vqvae.model,
                               .wired = true,
                               .loaded = true};
    tiny->needs = (Needs){&tiny->item, 1};
    tiny->use = (UseContext){.model = &tiny->prior.model, .dataset = &tiny->prior.dataset, .needs = &tiny->needs};
    if (!tiny_bind(&tiny->prior, tiny_prior_yaml, prior ? prior : none, err)) return false;
    return codes_model_init(&tiny->prior.model, &tiny->prior.experiment, &tiny->prior.info, &tiny->needs, err);
}

void tiny_codes_make(TinyCodes *tiny, const char *const *vqvae, const char *const *prior)
{
    Err err = {0};
    if (!tiny_codes_try(tiny, vqvae, prior, &err)) BUG("%s:%d: %s", err.loc.file, err.loc.line, err.text);
    model_allocate(&tiny->prior.model, ((const Optimizer *)tiny->prior.experiment.train.optimizer.row)->slots);
    tiny_load(&tiny->prior);
    if (!codes_load(&tiny->prior.dataset, &tiny->prior.model, &tiny->needs, &err)) BUG("%s", err.text);
}

void tiny_codes_release(TinyCodes *tiny)
{
    for (size_t i = 0; i < 3; i++) free(tiny->prior.dataset.codes[i]);
    tiny_release(&tiny->prior);
    tiny_release(&tiny->vqvae);
    memset(tiny, 0, sizeof *tiny);
}
