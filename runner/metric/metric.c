#include "runner/metric/metric.h"

#include <stdlib.h>
#include <string.h>

#include "runner/metric/judged.h"

#define METRIC(id) extern const Metric metric_##id;
#include "runner/metric/metrics.def"
#undef METRIC

static const Row *const rows[] = {
#define METRIC(id) &metric_##id.row,
#include "runner/metric/metrics.def"
#undef METRIC
};

const Table metrics_table = {
    .name = "metrics", .noun = "metric", .rows = rows, .n = sizeof rows / sizeof *rows, .named = true};

const char *const metric_columns[METRIC_COLUMNS] = {"metric", "split", "value", "unit", "n", "detail"};

void metric_add(MetricList *list, const MetricValue *value)
{
    if (list->n == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->items = mem_grow(list->items, list->capacity, sizeof *list->items);
    }
    MetricValue copy = *value;
    copy.metric = arena_text(&list->arena, value->metric);
    copy.split = arena_text(&list->arena, value->split ? value->split : "");
    copy.unit = arena_text(&list->arena, value->unit ? value->unit : "");
    copy.detail = arena_text(&list->arena, value->detail ? value->detail : "");
    list->items[list->n++] = copy;
}

bool metric_check(const UseContext *use, const Spec *spec, Err *err)
{
    const Metric *metric = (const Metric *)spec->row;
    return (!metric->check || metric->check(use, spec, err)) && metric_check_names(use, spec, err);
}

bool metric_measure(const UseContext *use, const Spec *spec, MetricList *list, Err *err)
{
    const size_t before = list->n;
    if (!((const Metric *)spec->row)->measure(use, spec, list, err)) return false;
    for (size_t i = before; i < list->n; i++)
        if (!metric_writes(use->model->experiment, spec, list->items[i].metric))
            BUG("%s writes %s, which is not among its names", spec->row->name, list->items[i].metric);
    for (size_t i = before; spec->name && i < list->n; i++) {
        MetricValue *value = &list->items[i];
        if (value->split[0] && strcmp(value->split, spec->name) != 0)
            value->detail =
                arena_printf(&list->arena, "%s%s%s", value->split, value->detail[0] ? "; " : "", value->detail);
        value->split = arena_text(&list->arena, spec->name);
    }
    return true;
}

void metric_release(MetricList *list)
{
    judged_release(list->judged);
    arena_release(&list->arena);
    free(list->items);
    *list = (MetricList){0};
}

bool metric_check_split(const Model *model, const char *split, Loc loc, Err *err)
{
    if (dataset_split_count(&model->info, &model->experiment->data, split) > 0) return true;
    return err_config(err, loc, "split \"%s\": the experiment has none; add `split: {train: N, valid: M}` to its data",
                      split);
}
