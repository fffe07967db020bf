#include "runner/run/state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "nn/base/file.h"
#include "runner/figure/figure.h"
#include "runner/metric/metric.h"
#include "runner/run/checkpoint.h"
#include "runner/run/leftovers.h"
#include "runner/table/csv.h"

static const char *const state_names[] = {"up to date", "evaluate", "resume", "train"};

const char *run_state_name(RunState state)
{
    return state_names[state];
}

/* cause: why a file that is there can't be read. */
static bool has_weights(const Run *run, Err *cause)
{
    Arena arena = {0};
    SafeTensors file = {0};
    const char *path = arena_printf(&arena, "%s/weights.safetensors", run->folder);
    bool ok = file_exists(path) && safetensors_read(&file, path, cause);
    const char *identity = ok ? safetensors_metadata(&file, "identity") : NULL;
    ok = identity && strcmp(identity, run->weights_identity) == 0;
    safetensors_release(&file);
    arena_release(&arena);
    return ok;
}

bool run_has_weights(const Run *run)
{
    Err ignored = {0};
    return has_weights(run, &ignored);
}

/* Our own files are whole or absent; an empty one, or a folder, is nobody's result. */
static bool has_output(Arena *arena, const Run *run, const char *name)
{
    struct stat status;
    return stat(arena_printf(arena, "%s/%s", run->folder, name), &status) == 0 && S_ISREG(status.st_mode) &&
           status.st_size > 0;
}

/* What was edited or merged badly is no history: every epoch has its row, in the columns of the experiment. */
static bool has_history(Arena *arena, const Run *run)
{
    Err ignored = {0};
    History history;
    if (!has_output(arena, run, "history.csv")) return false;
    history_init(&history, &run->experiment);
    bool ok = history_read(&history, arena_printf(arena, "%s/history.csv", run->folder), &ignored) &&
              history.rows == (size_t)run->experiment.train.epochs;
    history_release(&history);
    return ok;
}

static bool has_metrics(Arena *arena, const Run *run)
{
    Err ignored = {0};
    CsvTable table = {0};
    bool ok = csv_read(&table, arena_printf(arena, "%s/metrics.csv", run->folder), &ignored);
    for (size_t i = 0; ok && i < METRIC_COLUMNS; i++) ok = csv_column(&table, metric_columns[i]) == (int)i;
    csv_release(&table);
    return ok;
}

bool run_is_trained(const Run *run)
{
    Arena arena = {0};
    bool ok = has_history(&arena, run) && run_has_weights(run);
    arena_release(&arena);
    return ok;
}

/* What is wrong with the first output that is not as it should be, or NULL. */
static const char *missing_output(Arena *arena, const Run *run)
{
    static const char *const always[] = {"config.yaml", "metrics.csv"};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (!has_output(arena, run, always[i])) return arena_printf(arena, "%s is missing", always[i]);
    if (!has_metrics(arena, run)) return "metrics.csv is damaged";
    for (size_t i = 0; i < run->experiment.figures.n; i++) {
        const char *name = arena_printf(arena, "figures/%s.png", figure_name(arena, &run->experiment.figures, i));
        if (!has_output(arena, run, name)) return arena_printf(arena, "%s is missing", name);
    }
    return NULL;
}

bool run_has_config(Arena *arena, const Run *run, bool *same, Err *err)
{
    char *bytes = NULL;
    size_t length = 0;
    *same = false;
    if (!file_read(arena_printf(arena, "%s/config.yaml", run->folder), CFG_BYTES_MAX, &bytes, &length, err))
        return false;
    *same = length == strlen(run->config) && memcmp(bytes, run->config, length) == 0;
    free(bytes);
    return true;
}

/* run.yaml, or NULL. */
static const Cfg *read_provenance(Arena *arena, const Run *run)
{
    Err ignored = {0};
    const char *path = arena_printf(arena, "%s/run.yaml", run->folder);
    return file_exists(path) ? cfg_parse_file(arena, path, &ignored) : NULL;
}

/* The text of a key of run.yaml, or NULL. */
static const char *provenance(Arena *arena, const Run *run, const char *key)
{
    return cfg_text(read_provenance(arena, run), key);
}

const char *run_needed(Arena *arena, const Run *run, const char *path)
{
    return cfg_text(cfg_get(read_provenance(arena, run), "needs"), path);
}

const char *run_changed_needs(Arena *arena, const Run *run)
{
    const char *text = "";
    for (size_t i = 0; run->needs && i < run->experiment.need_count; i++) {
        const char *then = run_needed(arena, run, run->needs[i]->path);
        if (then && strcmp(then, run->needs[i]->weights_identity) != 0)
            text = arena_printf(arena, "%s%s%s", text, text[0] ? ", " : "", run->needs[i]->path);
    }
    return text;
}

static const char *change_reason(Arena *arena, const Run *run)
{
    const char *keys = run_differences(arena, run, false), *needs = run_changed_needs(arena, run);
    if (!keys[0] && !needs[0]) return "the version of the numerics or the data changed";
    return arena_printf(arena, "%s%s%s%s%s", keys[0] ? "changed: " : "", keys, keys[0] && needs[0] ? "; " : "",
                        needs[0] ? "a run it needs changed: " : "", needs);
}

static const char *checkpoint_of(Arena *arena, const Run *run)
{
    return arena_printf(arena, "%s/checkpoint.safetensors", run->folder);
}

/* NULL: no training of this configuration was interrupted. */
static const char *interrupted(Arena *arena, const Run *run)
{
    uint64_t epoch, step;
    const uint64_t epochs = (uint64_t)run->experiment.train.epochs;
    if (!checkpoint_peek(checkpoint_of(arena, run), run->weights_identity, &epoch, &step)) return NULL;
    if (epoch >= epochs) return "interrupted after the last epoch";
    return arena_printf(arena, "interrupted in epoch %llu of %llu, step %llu", (unsigned long long)epoch + 1,
                        (unsigned long long)epochs, (unsigned long long)step);
}

/* What is lost when a run is trained from its start: that was of another configuration. NULL: nothing. */
static const char *replaced(Arena *arena, const Run *run)
{
    uint64_t epoch, step;
    if (!checkpoint_peek(checkpoint_of(arena, run), NULL, &epoch, &step)) return NULL;
    return arena_printf(arena, "a checkpoint of another configuration, of epoch %llu, step %llu, will be replaced",
                        (unsigned long long)epoch + 1, (unsigned long long)step);
}

/* Why a run is trained from its start; ran: its results are there, or were committed without their weights. */
static const char *training_reason(Arena *arena, const Run *run, bool ran)
{
    Err cause = {0};
    const char *weights = provenance(arena, run, "weights_identity");
    const bool has = has_weights(run, &cause);
    if (ran && has) return has_output(arena, run, "history.csv") ? "history.csv is damaged" : "history.csv is missing";
    if (ran && (!weights || strcmp(weights, run->weights_identity) != 0)) return change_reason(arena, run);
    if (cause.kind != ERR_NONE) return arena_printf(arena, "weights.safetensors is damaged: %s", cause.text);
    return ran ? "weights.safetensors is not here (it is not committed)" : "never run";
}

static RunStatus training_status(Arena *arena, const Run *run, bool ran)
{
    const char *reason = training_reason(arena, run, ran), *lost = replaced(arena, run);
    if (!lost) return (RunStatus){RUN_TRAIN, reason};
    return (RunStatus){RUN_TRAIN, ran ? arena_printf(arena, "%s; %s", reason, lost) : lost};
}

RunStatus run_status(Arena *arena, const Run *run)
{
    Err ignored = {0};
    bool same;
    const char *identity = provenance(arena, run, "identity"), *stopped = interrupted(arena, run);
    if (stopped) return (RunStatus){RUN_RESUME, stopped};
    if (!run_is_trained(run)) return training_status(arena, run, identity != NULL);
    if (!identity) return (RunStatus){RUN_EVALUATE, "trained, not evaluated"};
    if (strcmp(identity, run->identity) != 0) return (RunStatus){RUN_EVALUATE, change_reason(arena, run)};
    const char *missing = missing_output(arena, run);
    if (missing) return (RunStatus){RUN_EVALUATE, missing};
    const char *leftover = leftover_picture(arena, run);
    if (leftover) return (RunStatus){RUN_EVALUATE, arena_printf(arena, "%s is not made any more", leftover)};
    /* the identity of run.yaml is that of config.yaml beside it: one that was edited or merged since then isn't it */
    if (!run_has_config(arena, run, &same, &ignored) || !same)
        return (RunStatus){RUN_EVALUATE, "config.yaml was changed by hand"};
    return (RunStatus){RUN_CURRENT, ""};
}
