#include "runner/model/judge.h"

#include <string.h>

#include "nn/base/fmath.h"

enum {
    BATCH = 64,    /* a deep judge's activations are large */
    PROGRESS = 512 /* images between two reports */
};

const char *judge_logits(const Model *model)
{
    for (size_t i = 0; i < model->experiment->loss_count; i++) {
        const Spec *spec = &model->experiment->losses[i].loss;
        const Loss *loss = (const Loss *)spec->row;
        Shape shape;
        if (!loss->classes || strcmp(loss->classes(spec->options).name, "label") != 0) continue;
        const char *name = loss->subject(spec->options).name;
        if (model_shape(model, name, &shape) && shape.rank == 1) return name;
    }
    return NULL;
}

size_t judge_classes(const Model *judge)
{
    Shape shape;
    if (!model_shape(judge, judge_logits(judge), &shape)) BUG("a judge without logits");
    return shape_count(shape);
}

size_t judge_features(const Model *judge)
{
    const int node = model_features(judge, judge_logits(judge));
    return node < 0 ? 0 : graph_node(&judge->wiring.graph, node)->shape.dim[1];
}

void judge_log_softmax(size_t classes, const real *logits, double *log_probabilities)
{
    double most = (double)logits[0], sum = 0;
    for (size_t c = 1; c < classes; c++)
        if ((double)logits[c] > most) most = (double)logits[c];
    for (size_t c = 0; c < classes; c++) sum += d_exp((double)logits[c] - most);
    const double log_sum = d_log(sum);
    for (size_t c = 0; c < classes; c++) log_probabilities[c] = (double)logits[c] - most - log_sum;
}

size_t judge_class(size_t classes, const double *log_probabilities)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        if (log_probabilities[c] > log_probabilities[best]) best = c;
    return best;
}

/* Where a sweep over given pixels reads and writes. */
typedef struct Judging {
    const real *pixels;
    size_t pixel_count, classes, feature_count;
    double *log_probabilities;
    real *features;
} Judging;

static void read_pixels(void *context, size_t first, size_t n, real *input, real *label)
{
    const Judging *judging = context;
    memcpy(input, judging->pixels + first * judging->pixel_count, n * judging->pixel_count * sizeof *input);
    memset(label, 0, n * sizeof *label);
}

static void write_verdicts(void *context, size_t first, size_t n, const Pass *pass)
{
    const Judging *judging = context;
    const size_t classes = judging->classes, count = judging->feature_count;
    const real *logits = exec_value(&pass->exec, pass->output[0]);
    for (size_t i = 0; i < n; i++)
        judge_log_softmax(classes, logits + i * classes, judging->log_probabilities + (first + i) * classes);
    if (!judging->features) return;
    memcpy(judging->features + first * count, exec_value(&pass->exec, pass->features), n * count * sizeof(real));
}

bool judge_classify(const UseContext *use, Model *judge, size_t n, const real *pixels, double *log_probabilities,
                    real *features, Err *err)
{
    const DatasetInfo *info = &judge->info;
    Judging judging = {.pixel_count = info->height * info->width * info->channels,
                       .classes = judge_classes(judge),
                       .feature_count = judge_features(judge)};
    if (features && !judging.feature_count) BUG("a judge without features");
    const PassSpec spec = {.output = {judge_logits(judge)}, .features = features != NULL};
    for (size_t first = 0; first < n; first += PROGRESS) {
        const size_t count = n - first < PROGRESS ? n - first : PROGRESS;
        judging.pixels = pixels + first * judging.pixel_count;
        judging.log_probabilities = log_probabilities + first * judging.classes;
        judging.features = features ? features + first * judging.feature_count : NULL;
        model_sweep(judge, &spec, &(Sweep){count, BATCH, EVALUATION_STEP, read_pixels, write_verdicts, &judging});
        if (!use_progress(use, first + count, n, err)) return false;
    }
    return true;
}
