#include <string.h>

#include "runner/metric/likelihood.h"

static bool check(const UseContext *use, const Spec *spec, Err *err)
{
    const DataOptions *data = &use->model->experiment->data;
    if (strcmp(data->binarize, "none") == 0)
        return err_config(err, spec->loc,
                          "nll: on grey pixels the cross entropy is no likelihood; say `binarize: dynamic` (or static) "
                          "in data, or measure iw_bce_bound");
    return likelihood_check(use, spec, "nll", err);
}

static bool measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    return likelihood_measure(use, spec, "nll", "binary pixels", list, err);
}

const Metric metric_nll = {
    .row = {.name = "nll",
            .doc =
                "-log p(x) of binary pixels by importance sampling from the posterior, in log space: minus the bound "
                "L_k of Burda, Grosse and Salakhutdinov, Importance Weighted Autoencoders (2016), eq. 8, which falls "
                "to -log p(x) as k rises. Rows nll (k samples), nll_k1 and so on (the `bounds`; k = 1 is the "
                "negative ELBO), nll_all (the first carried over to all images).",
            .fields = likelihood_fields,
            .size = sizeof(LikelihoodOptions),
            .example = "{k: 5000, images: 1000, bounds: [1, 50]}"},
    .names = METRIC_NAMES("nll", "nll_k#", "nll_all"),
    .check = check,
    .measure = measure,
};
