#include <stdlib.h>

#include "runner/model/code_prior.h"
#include "runner/model/codes.h"
#include "runner/sampler/sampler.h"

enum { CHUNK = 256 }; /* images that are sampled side by side */

typedef struct AutoregressiveOptions {
    double temperature;
} AutoregressiveOptions;

static const Field fields[] = {
    {.key = "temperature",
     .kind = FIELD_REAL,
     .offset = offsetof(AutoregressiveOptions, temperature),
     .fallback = "1",
     .min = 0.01,
     .max = 100,
     .help = "logits are divided by it before each draw: below 1 likelier codes, above 1 more variety"},
    {0},
};

static bool natural(const Model *model)
{
    return code_prior_section(model) != NULL;
}

/* The VQ-VAE whose codes they are must be able to decode them. */
static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const Model *vqvae;
    if (!code_prior_section(use->model))
        return err_config(
            err, spec->loc,
            "autoregressive: the experiment is no prior over codes; it wants a cross_entropy whose target "
            "is `code`");
    const Ref run = use->model->experiment->data.codes;
    if (!code_prior_check(use->model, err) || !needs_network(use->needs, run, &vqvae, err)) return false;
    if (codes_can_decode(vqvae)) return true;
    return err_config(err, run.loc, "autoregressive: the reconstruction of %s isn't computed from its codes", run.name);
}

static bool draw(const Drawing *drawing, size_t first, size_t n, real *pixels, Err *err)
{
    const AutoregressiveOptions *options = drawing->spec.options;
    const UseContext *use = drawing->use;
    const DatasetInfo *info = &use->model->info;
    const Ref run = use->model->experiment->data.codes;
    const size_t image = info->height * info->width * info->channels, cells = info->code_height * info->code_width;
    Model *vqvae;
    if (!needs_model(use->needs, run, &vqvae, err)) return false;
    if (!codes_can_decode(vqvae)) BUG("%s passed the check", run.name);
    real *code = mem_zeroed(mem_mul(CHUNK, cells), sizeof *code);
    bool ok = true;
    for (size_t done = 0; ok && done < n; done += CHUNK) {
        const size_t count = n - done < CHUNK ? n - done : CHUNK;
        code_prior_sample(use->model, drawing->stream, first + done, count, options->temperature, code);
        codes_decode(vqvae, count, code, pixels + done * image);
        ok = use_progress(use, done + count, n, err);
    }
    free(code);
    return ok;
}

const Sampler sampler_autoregressive = {
    .row = {.name = "autoregressive",
            .doc = "Codes from a trained prior over them, cell by cell in raster order, then the VQ-VAE's decoder. Van "
                   "den Oord et al., Neural Discrete Representation Learning (2017), section 4.1.",
            .fields = fields,
            .size = sizeof(AutoregressiveOptions),
            .example = "{temperature: 1}"},
    .natural = natural,
    .dear = true,
    .check = check,
    .draw = draw,
};
