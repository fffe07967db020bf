#include <stdlib.h>

#include "runner/metric/metric.h"
#include "runner/model/segments.h"
#include "runner/model/use.h"

typedef struct LossSweep {
    ImageSource source;
    size_t terms;
    SegmentSum *sum; /* one a term */
} LossSweep;

static void read_images(void *context, size_t first, size_t n, real *input, real *label)
{
    image_source_read(&((LossSweep *)context)->source, first, n, input, label);
}

static void add_losses(void *context, size_t first, size_t n, const Pass *pass)
{
    LossSweep *sweep = context;
    (void)first;
    for (size_t term = 0; term < sweep->terms; term++) {
        const real *value = exec_value(&pass->exec, pass->wiring.loss[term]);
        for (size_t i = 0; i < n; i++) segment_add(&sweep->sum[term], (double)value[i]);
    }
}

void measure_losses(Model *model, const Dataset *dataset, const Split *split, uint64_t first_step, double *mean)
{
    size_t terms = model->experiment->loss_count, batch = (size_t)model->experiment->data.batch;
    LossSweep context = {.terms = terms, .sum = mem_zeroed(terms, sizeof(SegmentSum))};
    image_source_init(&context.source, model, dataset, split);
    Sweep sweep = {split->n, batch, first_step, read_images, add_losses, &context};
    model_sweep(model, &(PassSpec){.losses = true}, &sweep);
    for (size_t i = 0; i < terms; i++) mean[i] = segment_total(&context.sum[i]) / (double)split->n;
    image_source_release(&context.source);
    free(context.sum);
}
