#include <stdlib.h>
#include <string.h>

#include "nn/base/fmath.h"
#include "nn/base/pool.h"
#include "runner/metric/metric.h"
#include "runner/model/segments.h"
#include "runner/model/use.h"

typedef struct ReconstructionErrorOptions {
    const char *split, *z;
} ReconstructionErrorOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(ReconstructionErrorOptions, split),
     .fallback = "test",
     .choices = SPLIT_CHOICES,
     .help = "the images that it is a mean over"},
    {.key = "z",
     .kind = FIELD_CHOICE,
     .offset = offsetof(ReconstructionErrorOptions, z),
     .fallback = "mean",
     .choices = "mean|sample",
     .help = "what of the posterior is decoded: its mean, or one sample an image; the same without a posterior"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const ReconstructionErrorOptions *options = spec->options;
    if (!model_term(use->model, "reconstruction"))
        return err_config(err, spec->loc,
                          "reconstruction_error: the experiment has no reconstruction term; add one to its loss");
    return metric_check_split(use->model, options->split, spec->loc, err);
}

typedef struct Errors {
    ImageSource source;
    const real *latents; /* NULL: the images themselves are fed */
    size_t latent, pixels;
    bool logits;
    const real *output;             /* of the batch under way */
    real *target;                   /* (images of a batch, pixels) */
    double *square, *cross_entropy; /* (images of a batch) */
    SegmentSum squares, cross_entropies;
} Errors;

static void feed(void *context, size_t first, size_t n, real *input, real *label)
{
    Errors *errors = context;
    if (errors->latents)
        memcpy(input, errors->latents + first * errors->latent, n * errors->latent * sizeof *input);
    else
        image_source_read(&errors->source, first, n, input, label);
}

static void compare_image(void *context, size_t i)
{
    const Errors *errors = context;
    const real *output = errors->output + i * errors->pixels, *target = errors->target + i * errors->pixels;
    double square = 0, cross_entropy = 0;
    for (size_t p = 0; p < errors->pixels; p++) {
        const double off = (double)(errors->logits ? r_sigmoid(output[p]) : output[p]) - (double)target[p];
        square += off * off;
        if (errors->logits) cross_entropy += (double)r_softplus(output[p]) - (double)output[p] * (double)target[p];
    }
    errors->square[i] = square;
    errors->cross_entropy[i] = cross_entropy;
}

static void compare(void *context, size_t first, size_t n, const Pass *pass)
{
    Errors *errors = context;
    errors->output = exec_value(&pass->exec, pass->output[0]);
    image_source_read(&errors->source, first, n, errors->target, NULL);
    pool_run(n, compare_image, errors);
    for (size_t i = 0; i < n; i++) {
        segment_add(&errors->squares, errors->square[i]);
        segment_add(&errors->cross_entropies, errors->cross_entropy[i]);
    }
}

/* Sums over the split's images, of one sample of the posterior each or of its mean (latents). */
static void sweep_errors(const UseContext *use, const Split *split, const Latent *latent, real *means, Errors *errors)
{
    const size_t batch = (size_t)use->model->experiment->data.batch, most = batch < split->n ? batch : split->n;
    const char *output = model_picture(use->model, &errors->logits);
    PassSpec pass = {.output = {output}};
    if (means) {
        model_encode(use->model, use->dataset, split, split->n, latent->mean, means);
        errors->latents = means;
        errors->latent = latent->dim;
        pass.feed = latent->section;
    }
    errors->pixels = use->model->info.height * use->model->info.width * use->model->info.channels;
    errors->target = mem_zeroed(mem_mul(most, errors->pixels), sizeof(real));
    errors->square = mem_zeroed(most, sizeof(double));
    errors->cross_entropy = mem_zeroed(most, sizeof(double));
    image_source_init(&errors->source, use->model, use->dataset, split);
    Sweep sweep = {split->n, batch, EVALUATION_STEP, feed, compare, errors};
    model_sweep(use->model, &pass, &sweep);
    image_source_release(&errors->source);
    free(errors->target);
    free(errors->square);
    free(errors->cross_entropy);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    (void)err;
    const ReconstructionErrorOptions *options = spec->options;
    const Split *split = dataset_split(use->dataset, options->split);
    const bool binary = strcmp(use->model->experiment->data.binarize, "none") != 0;
    Errors errors = {0};
    Latent latent;
    const bool posterior = model_latent(use->model, &latent) && strcmp(latent.mean, latent.section) != 0;
    const bool from_mean = posterior && model_can_decode(use->model) && strcmp(options->z, "mean") == 0;
    real *means = from_mean ? mem_zeroed(mem_mul(split->n, latent.dim), sizeof *means) : NULL;
    sweep_errors(use, split, &latent, means, &errors);
    free(means);

    const char *from = from_mean ? "; from the posterior mean" : posterior ? "; one z an image" : "";
    MetricValue value = {.metric = "reconstruction_error",
                         .split = split->name,
                         .unit = "squared error/image",
                         .n = split->n,
                         .value = segment_total(&errors.squares) / (double)split->n,
                         .detail = arena_printf(&list->arena, "%s pixels; sum over %zu pixels%s",
                                                binary ? "binary" : "grey", errors.pixels, from)};
    metric_add(list, &value);
    if (!errors.logits) return true;
    value.metric = "reconstruction_bce";
    value.unit = "nats/image";
    value.value = segment_total(&errors.cross_entropies) / (double)split->n;
    metric_add(list, &value);
    return true;
}

const Metric metric_reconstruction_error = {
    .row = {.name = "reconstruction_error",
            .doc =
                "How far reconstructions are from their images: the squared error summed over pixels, as a mean over "
                "images, and, where the network ends in logits, the binary cross entropy (reconstruction_bce). The "
                "mean of the posterior is decoded, so the noise that `elbo` pays for is left out.",
            .fields = fields,
            .size = sizeof(ReconstructionErrorOptions),
            .example = "{split: test, z: mean}"},
    .names = METRIC_NAMES("reconstruction_error", "reconstruction_bce"),
    .check = check,
    .measure = measure,
};
