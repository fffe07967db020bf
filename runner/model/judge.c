#include "runner/model/judge.h"

#include "nn/base/fmath.h"

const char *judge_logits(const Model *model)
{
    for (size_t i = 0; i < model->experiment->loss_count; i++) {
        const Spec *spec = &model->experiment->losses[i].loss;
        const Loss *loss = (const Loss *)spec->row;
        Shape shape;
        if (!loss->classes) continue;
        const char *name = loss->subject(spec->options).name;
        if (model_shape(model, name, &shape) && shape.rank == 1) return name;
    }
    return NULL;
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
