#include <string.h>

#include "runner/metric/likelihood.h"

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const DataOptions *data = &use->model->experiment->data;
    if (strcmp(data->binarize, "none") != 0)
        return err_config(err, spec->loc, "iw_bce_bound: is meant for grey pixels; on binary ones measure nll");
    return likelihood_check(use, spec, "iw_bce_bound", err);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    return likelihood_measure(use, spec, "iw_bce_bound", "grey pixels, no likelihood", list, err);
}

const Metric metric_iw_bce_bound = {
    .row = {.name = "iw_bce_bound",
            .doc = "As nll, on grey pixels, where the cross entropy is a loss and no likelihood (Loaiza-Ganem and "
                   "Cunningham 2019): how far importance sampling tightens the negative ELBO. Comparable with other "
                   "such numbers only.",
            .fields = likelihood_fields,
            .size = sizeof(LikelihoodOptions),
            .example = "{k: 500, images: 100, bounds: [1, 50]}"},
    .names = METRIC_NAMES("iw_bce_bound", "iw_bce_bound_k#", "iw_bce_bound_all"),
    .check = check,
    .measure = measure,
};
