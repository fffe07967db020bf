#include <stdlib.h>
#include <string.h>

#include "nn/base/pool.h"
#include "runner/metric/metric.h"
#include "runner/metric/neighbours.h"
#include "runner/model/use.h"

typedef struct KnnOptions {
    const char *split;
    int64_t neighbours;
} KnnOptions;

static const Field fields[] = {
    {.key = "split",
     .kind = FIELD_CHOICE,
     .offset = offsetof(KnnOptions, split),
     .fallback = "test",
     .choices = "valid|test",
     .help = "the images that are labelled, by those of the training set"},
    {.key = "neighbours",
     .kind = FIELD_INT,
     .offset = offsetof(KnnOptions, neighbours),
     .fallback = "10",
     .min = 1,
     .max = 1000,
     .help = "how many of the nearest training images vote"},
    {0},
};

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const KnnOptions *options = spec->options;
    const size_t train = dataset_split_count(&use->model->info, &use->model->experiment->data, "train");
    Latent latent;
    if (!model_latent(use->model, &latent))
        return err_config(err, spec->loc,
                          "knn_accuracy: the experiment has no latent space: no kl_divergence term, and no section "
                          "between the image and a reconstruction term");
    if ((size_t)options->neighbours > train)
        return err_config(err, spec->loc, "knn_accuracy: wants %lld neighbours of %zu training images",
                          (long long)options->neighbours, train);
    return metric_check_split(use->model, options->split, spec->loc, err);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    (void)err;
    const KnnOptions *options = spec->options;
    const Split *split = dataset_split(use->dataset, options->split), *train = &use->dataset->train;
    Latent latent;
    if (!model_latent(use->model, &latent)) BUG("a checked latent is gone");
    const size_t dim = latent.dim, k = (size_t)options->neighbours;
    real *from = mem_zeroed(mem_mul(split->n, dim), sizeof *from);
    real *among = mem_zeroed(mem_mul(train->n, dim), sizeof *among);
    uint32_t *nearest = mem_zeroed(mem_mul(split->n, k), sizeof *nearest);
    model_encode(use->model, use->dataset, split, split->n, latent.mean, from);
    model_encode(use->model, use->dataset, train, train->n, latent.mean, among);
    neighbours_find(k, dim, split->n, from, train->n, among, nearest);
    size_t right = 0;
    for (size_t i = 0; i < split->n; i++)
        right += neighbours_vote(k, nearest + i * k, train->labels) == split->labels[i];
    free(from);
    free(among);
    free(nearest);
    metric_add(list, &(MetricValue){.metric = "knn_accuracy",
                                    .split = split->name,
                                    .unit = "share",
                                    .n = split->n,
                                    .value = (double)right / (double)split->n,
                                    .detail = arena_printf(&list->arena,
                                                           "%zu nearest of %zu training images; Euclidean distance of "
                                                           "latent means; ties go to the lowest label",
                                                           k, train->n)});
    return true;
}

const Metric metric_knn_accuracy = {
    .row = {.name = "knn_accuracy",
            .doc = "How well organised the latent space is: the share of images whose label is the commonest among "
                   "the nearest training images, by Euclidean distance of latent means (Cover and Hart, Nearest "
                   "neighbor pattern classification, 1967).",
            .fields = fields,
            .size = sizeof(KnnOptions),
            .example = "{neighbours: 10}"},
    .names = METRIC_NAMES("knn_accuracy"),
    .check = check,
    .measure = measure,
};
