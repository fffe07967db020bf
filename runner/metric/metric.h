/* A metric: a number, or several, about a trained run. One file each, and one row in metrics.def. */
#ifndef RUNNER_METRIC_METRIC_H
#define RUNNER_METRIC_METRIC_H

#include "runner/model/use_context.h"

/* One row of metrics.csv. */
typedef struct MetricValue {
    const char *metric, *split, *unit, *detail;
    double value;
    size_t n; /* images or samples that it is a mean over */
} MetricValue;

/* The columns of metrics.csv. */
enum { METRIC_COLUMNS = 6 };
extern const char *const metric_columns[METRIC_COLUMNS];

typedef struct MetricList {
    Arena arena;
    MetricValue *items;
    size_t n, capacity;
    struct Judged *judged; /* what judges have said so far, for all metrics of the list: judged.h */
} MetricList;

void metric_add(MetricList *list, const MetricValue *value); /* texts are copied */
void metric_release(MetricList *list);

typedef struct Metric {
    Row row;
    const char *const *names; /* what stands in the column `metric` of its rows, ends with NULL; # is for a number */
    bool terms;               /* besides, a row of the name of each loss term */
    bool features;            /* it asks for judged_features */
    /* Whether it can be measured on this experiment: an error has the place of the spec or of what it names. There is
     * neither data nor parameters, of the needed runs neither: needs_experiment and needs_network. May be NULL. */
    bool (*check)(const UseContext *use, const Spec *spec, Err *err);
    /* What stands in the column `split` of an item that has no name; NULL: its option `split`. */
    const char *(*label)(Arena *arena, const UseContext *use, const Spec *spec);
    /* parameters are allocated and trained. Adds rows to the list. */
    bool (*measure)(const UseContext *use, const Spec *spec, MetricList *list, Err *err);
} Metric;

#define METRIC_NAMES(...)                                                                                              \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

extern const Table metrics_table;

/* The names of an item's rows, patterns as in Metric. */
const char **metric_names(Arena *arena, const Experiment *experiment, const Spec *spec, size_t *n);

/* Whether an item has rows of that name. */
bool metric_writes(const Experiment *experiment, const Spec *spec, const char *name);

/* Whether no earlier item of `evaluate` would write rows of the same name and split, or, put together, the same column
 * of summary.csv: NAME_SPLIT. */
bool metric_check_names(const UseContext *use, const Spec *spec, Err *err);

/* Whether history.csv, or an item of evaluate, has columns or rows of that name that are no loss term's. */
bool metric_name_taken(const Experiment *experiment, const char *name);

/* Its check, and metric_check_names. */
bool metric_check(const UseContext *use, const Spec *spec, Err *err);

/* Its measure; where the item has a `name:`, that is what its rows have for a split. */
bool metric_measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err);

/* The error for a split of SPLIT_CHOICES that the experiment doesn't have. */
bool metric_check_split(const Model *model, const char *split, Loc loc, Err *err);

/* Means over a split, each image's value summed in double over segments of 32 images: one mean a loss term (in the
 * order of the experiment's terms, unweighted). One z an image. first_step: of the random draws. */
void measure_losses(Model *model, const Dataset *dataset, const Split *split, uint64_t first_step, double *mean);

#endif
