#include "runner/run/evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "nn/base/file.h"
#include "runner/metric/metric.h"
#include "runner/run/leftovers.h"
#include "runner/run/signals.h"
#include "runner/table/csv.h"

/* What run.yaml says holds for all results: it goes before the first one is replaced, and comes back last. */
static bool write_metrics(const Run *run, MetricList *list, Err *err)
{
    CsvWriter csv;
    if (!file_remove(arena_printf(&list->arena, "%s/run.yaml", run->folder), err)) return false;
    if (!csv_begin(&csv, arena_printf(&list->arena, "%s/metrics.csv", run->folder), err)) return false;
    for (size_t i = 0; i < METRIC_COLUMNS; i++) csv_text(&csv, metric_columns[i]);
    csv_end_row(&csv);
    for (size_t i = 0; i < list->n; i++) {
        const MetricValue *value = &list->items[i];
        csv_text(&csv, value->metric);
        csv_text(&csv, value->split);
        csv_number(&csv, value->value);
        csv_text(&csv, value->unit);
        csv_integer(&csv, (long long)value->n);
        csv_text(&csv, value->detail);
        csv_end_row(&csv);
    }
    return csv_commit(&csv, err);
}

/* Between two metrics or figures: the weights are safe, so a stop here costs only the evaluation. */
static bool go_on(const Run *run, Err *err)
{
    if (!signals_pending()) return true;
    Arena arena = {0};
    err_failed(err, (Loc){0}, "%s: stopped while it was evaluated%s", run->path,
               run_again(&arena, run, "evaluates it again"));
    arena_release(&arena);
    return false;
}

/* What progress within a metric or a figure is told to: the run's own. */
typedef struct Listener {
    const Run *run;
    Progress *progress;
    const char *verb, *name; /* "measuring", "elbo" */
} Listener;

static void listener_begin(Listener *listener, const char *verb, const char *name)
{
    listener->verb = verb;
    listener->name = name;
    progress_note(listener->progress, "%s %s", verb, name);
}

static bool hear(void *context, size_t done, size_t total, Err *err)
{
    const Listener *listener = context;
    progress_part(listener->progress, listener->verb, listener->name, done, total);
    return go_on(listener->run, err);
}

static bool measure(const Run *run, const UseContext *use, Listener *listener, Err *err)
{
    MetricList list = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < run->experiment.evaluate.n && (ok = go_on(run, err)); i++) {
        const Spec *spec = &run->experiment.evaluate.items[i];
        listener_begin(listener, "measuring", spec->row->name);
        ok = metric_measure(use, spec, &list, err);
    }
    ok = ok && write_metrics(run, &list, err);
    metric_release(&list);
    return ok;
}

static bool draw_one(const FigureContext *context, const char *path, Err *err)
{
    Canvas canvas = {0};
    bool ok = ((const Figure *)context->spec->row)->draw(context, &canvas, err) && canvas_write(&canvas, path, err);
    canvas_release(&canvas);
    return ok;
}

static bool draw(Arena *arena, const Run *run, const UseContext *use, const History *history, Listener *listener,
                 Err *err)
{
    const SpecList *figures = &run->experiment.figures;
    HistoryView view = history_view(history);
    bool ok = figures->n == 0 || file_make_folder(arena_printf(arena, "%s/figures", run->folder), err);
    for (size_t i = 0; ok && i < figures->n && (ok = go_on(run, err)); i++) {
        const char *name = figure_name(arena, figures, i);
        FigureContext context = {use, &view, &figures->items[i]};
        listener_begin(listener, "drawing", name);
        ok = draw_one(&context, arena_printf(arena, "%s/figures/%s.png", run->folder, name), err);
    }
    return ok;
}

/* run.yaml holds only what is the same on every machine. */
static bool write_provenance(Arena *arena, const Run *run, const Model *model, Err *err)
{
    char weights[65];
    if (!sha256_file(arena_printf(arena, "%s/weights.safetensors", run->folder), weights, err)) return false;
    Text text = {0};
    text_add(&text, "identity: %s\nweights_identity: %s\n", run->identity, run->weights_identity);
    text_add(&text, "dataset: %s\ndataset_sha256: %s\n", run->info.name, run->info.sha256);
    text_add(&text, "numerics: %s\nnumerics_version: %d\n", run->experiment.numerics, NUMERICS_VERSION);
    text_add(&text, "weights_sha256: %s\nparameters: %zu\n", weights, params_count(&model->params));
    text_add(&text, "epochs: %lld\n", (long long)run->experiment.train.epochs);
    for (size_t i = 0; i < run->experiment.need_count; i++)
        text_add(&text, "%s  %s: %s\n", i ? "" : "needs:\n", run->needs[i]->path, run->needs[i]->weights_identity);
    bool ok = file_write(arena_printf(arena, "%s/run.yaml", run->folder), text.bytes, text.n, err);
    text_release(&text);
    return ok;
}

bool evaluate_run(const Run *run, Model *model, const Dataset *dataset, Needs *needs, Progress *progress, Err *err)
{
    Arena arena = {0};
    History history;
    Listener listener = {run, progress, "", ""};
    const UseContext use = {model, dataset, needs, hear, &listener};
    history_init(&history, &run->experiment);
    bool ok = history_read(&history, arena_printf(&arena, "%s/history.csv", run->folder), err) &&
              measure(run, &use, &listener, err) && leftovers_remove(&arena, run, err) &&
              draw(&arena, run, &use, &history, &listener, err) &&
              file_write(arena_printf(&arena, "%s/config.yaml", run->folder), run->config, strlen(run->config), err) &&
              write_provenance(&arena, run, model, err);
    history_release(&history);
    arena_release(&arena);
    return ok;
}
